"""What Otto, who migrates and owns, does to what was written, past the guard too."""

from tests.arena import KEY

from .outcome import FOUND, RECORDED, REFUSED, attack
from .statements import (
    LOCK_ALICE,
    UNGUARDED,
    UNLOCK_ALICE,
    forged,
    rewrite,
    some_history,
)

# What is written stays.


@attack(REFUSED)
def test_rewrites_an_entry(battle):
    battle.refused(
        "otto",
        "update user_state_audit set initiated_by = 'mona'",
        says="user_state_audit is append-only: UPDATE is refused",
    )


@attack(REFUSED)
def test_deletes_an_entry(battle):
    battle.refused("otto", "delete from user_state_audit", says="is append-only: DELETE is refused")


@attack(REFUSED)
def test_truncates_the_audit(battle):
    battle.refused("otto", "truncate user_state_audit", says="append-only: TRUNCATE is refused")


@attack(REFUSED)
def test_rewrites_an_entry_as_the_role_that_owns_the_audit(battle):
    battle.refused(
        "otto",
        "set role user_state_audit_owner",
        "update user_state_audit set initiated_by = 'mona'",
        says="is append-only: UPDATE is refused",
    )


@attack(REFUSED)
def test_rewrites_an_entry_through_a_parent_of_the_audit(battle):
    battle.refused(
        "otto",
        "begin",
        "create table above (id bigint not null)",
        "alter table user_state_audit inherit above",
        "update above set id = id + 100",
        says="user_state_audit is append-only: UPDATE is refused",
    )


@attack(REFUSED)
def test_rewrites_an_entry_by_an_upsert(battle):
    battle.refused(
        "otto",
        "insert into user_state_audit overriding system value select * from user_state_audit"
        " on conflict (id) do update set initiated_by = 'mona'",
        says="is append-only: UPDATE is refused",
    )


@attack(REFUSED)
def test_deletes_a_seal(battle):
    battle.seal()

    battle.refused("otto", "delete from user_state_seal", says="user_state_seal is append-only")


@attack(REFUSED)
def test_truncates_the_seals(battle):
    battle.refused("otto", "truncate user_state_seal", says="append-only: TRUNCATE is refused")


@attack(REFUSED)
def test_resets_the_sequence(battle):
    """No entry can be written over another: changes are refused until it is put right."""
    battle.arena.sql("otto", "alter sequence user_state_audit_id_seq restart with 1")

    battle.refused("web", LOCK_ALICE, says="duplicate key value violates unique constraint")
    battle.arena.sql("otto", "select setval('user_state_audit_id_seq', 1000)")


@attack(RECORDED)
def test_sets_the_sequence_far_ahead(battle):
    battle.sql("otto", "select setval('user_state_audit_id_seq', 1000000000000)")

    battle.sql("web", LOCK_ALICE)
    battle.seal()
    battle.recorded("active locked")


# Entries that Otto forges.


@attack(FOUND)
def test_forges_an_entry(battle):
    battle.sql("otto", forged([("active", "locked")]))

    battle.found("state", "is active, but the last entry ends in locked")


@attack(FOUND)
def test_forges_entries_of_a_day_that_was_sealed(battle):
    some_history(battle)
    battle.seal()

    sealed = "(select max(upto_transaction) - 1 from user_state_seal)"
    battle.sql("otto", forged([("active", "locked"), ("locked", "active")], sealed))
    battle.found("seal", "says that it is of a transaction that was sealed without it")


@attack(FOUND)
def test_forges_entries_that_no_seal_would_ever_reach(battle):
    battle.seal()

    battle.sql("otto", forged([("active", "locked"), ("locked", "active")], "1000000000000"))
    battle.found("seal", "says that it is of a transaction that has not been yet")


@attack(FOUND)
def test_forges_an_entry_of_the_future(battle):
    battle.sql(
        "otto",
        forged([("active", "locked"), ("locked", "active")]).replace(
            "clock_timestamp()", "clock_timestamp() + interval '1 day'"
        ),
    )

    battle.found("clock", "is of the future")


# Entries that Otto rewrites, past the guard.


@attack(FOUND)
def test_leaves_the_guard_off(battle):
    battle.sql("otto", UNGUARDED)

    battle.found("trigger", "refuse_rewriting on user_state_audit is disabled")


@attack(FOUND)
def test_drops_the_guard(battle):
    battle.sql("otto", "drop trigger refuse_rewriting on user_state_audit")

    battle.found("trigger", "refuse_rewriting on user_state_audit is missing")


@attack(FOUND)
def test_rewrites_where_the_last_entry_ends(battle):
    some_history(battle)

    rewrite(battle, "update user_state_audit set end_state = 'locked' where id = 6")
    battle.found("state", "is active, but the last entry ends in locked")


@attack(FOUND)
def test_rewrites_who_wrote_the_last_entry(battle):
    some_history(battle)
    battle.seal()

    rewrite(battle, "update user_state_audit set initiated_by = 'mona' where id = 6")
    battle.found("seal", "seal 1 is broken")


@attack(FOUND)
def test_rewrites_an_entry_in_the_middle(battle):
    some_history(battle)
    battle.seal()

    rewrite(battle, "update user_state_audit set db_user = 'mona' where id = 4")
    battle.found("seal", "seal 1 is broken")


@attack(FOUND)
def test_rewrites_what_an_entry_in_the_middle_changed(battle):
    some_history(battle)

    rewrite(battle, "update user_state_audit set end_state = 'deactivated' where id = 3")
    battle.found("gap", "begins in locked, but the one before ends in deactivated")


@attack(FOUND)
def test_deletes_an_entry_in_the_middle(battle):
    some_history(battle)

    rewrite(battle, "delete from user_state_audit where id = 4")
    battle.found("gap", "begins in active, but the one before ends in locked")


@attack(FOUND)
def test_deletes_the_last_entry(battle):
    some_history(battle)

    rewrite(battle, "delete from user_state_audit where id = 6")
    battle.found("state", "is active, but the last entry ends in locked")


@attack(FOUND)
def test_deletes_two_entries_that_cancel_out(battle):
    some_history(battle)
    battle.seal()

    rewrite(battle, "delete from user_state_audit where id in (3, 4)")
    battle.found("seal", "sealed 6 entries between 1 and 6; now there are 4")


@attack(FOUND)
def test_deletes_everything_of_a_user_who_is_gone(battle):
    battle.sql("web", "delete from user_fsm where user_id = 1")
    battle.seal()

    rewrite(battle, "delete from user_state_audit where user_id = 1")
    battle.found("seal", "sealed 3 entries")


@attack(FOUND)
def test_deletes_all_entries(battle):
    rewrite(battle, "truncate user_state_audit")

    battle.found("state", "user 1 is active, and no entry says how")


@attack(FOUND)
def test_dates_an_entry_back(battle):
    some_history(battle)

    rewrite(battle, "update user_state_audit set datetime = now() - interval '1 day' where id = 5")
    battle.found("clock", "entry 5 is older than the one before it")


@attack(FOUND)
def test_dates_a_whole_history_back(battle):
    some_history(battle)
    battle.seal()

    rewrite(battle, "update user_state_audit set datetime = datetime - interval '1 day'")
    battle.found("seal", "seal 1 is broken")


@attack(FOUND)
def test_exchanges_two_entries(battle):
    some_history(battle)
    battle.seal()

    rewrite(
        battle,
        "update user_state_audit a set datetime = b.datetime from user_state_audit b"
        " where (a.id, b.id) in ((3, 5), (5, 3))",
    )
    battle.found("seal", "seal 1 is broken")


@attack(FOUND)
def test_gives_entries_to_another_user(battle):
    some_history(battle)

    rewrite(battle, "update user_state_audit set user_id = 2 where id in (3, 4)")
    battle.seal()
    rewrite(battle, "update user_state_audit set user_id = 1 where id in (3, 4)")
    battle.found("seal", "seal 1 is broken")


@attack(FOUND)
def test_moves_entries_to_a_transaction_that_is_not_sealed(battle):
    some_history(battle)
    battle.seal()

    rewrite(battle, "update user_state_audit set transaction_id = transaction_id + 1000")
    battle.found("seal", "sealed 6 entries")


@attack(FOUND)
def test_rewrites_entries_by_altering_the_type_of_a_column(battle):
    """No trigger fires for that."""
    battle.seal()

    battle.sql("otto", "alter table user_state_audit alter db_user type text using 'mona'")
    battle.found("seal", "seal 1 is broken")


@attack(FOUND)
def test_removes_all_seals(battle):
    battle.seal()

    battle.sql(
        "otto",
        "begin",
        "alter table user_state_seal disable trigger user",
        "delete from user_state_seal",
        "alter table user_state_seal enable always trigger refuse_rewriting",
        "alter table user_state_seal enable always trigger refuse_truncate",
        "commit",
    )
    assert battle.verify() == []
    battle.found("seal", "although a key was given", keys=[KEY.public_key()])


@attack(FOUND)
def test_removes_a_seal_in_the_middle(battle):
    for _ in range(3):
        battle.sql("web", LOCK_ALICE)
        battle.sql("web", UNLOCK_ALICE)
        battle.seal()

    battle.sql(
        "otto",
        "begin",
        "alter table user_state_seal disable trigger user",
        "delete from user_state_seal where number = 2",
        "alter table user_state_seal enable always trigger refuse_rewriting",
        "alter table user_state_seal enable always trigger refuse_truncate",
        "commit",
    )
    battle.found("seal", "seal 3 follows on seal 1")
