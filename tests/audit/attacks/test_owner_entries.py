"""What Otto, who migrates and owns, does to what was written, past the guard too."""

import pytest

from tests.arena import KEY
from tests.audit.erasing import IMPROPER

from .outcome import FOUND, RECORDED, REFUSED, attack
from .statements import (
    GUARDED,
    IN_ITS_MONTH,
    LOCK_ALICE,
    NO_VIEWS,
    SALT,
    UNGUARDED,
    UNLOCK_ALICE,
    VERIFIED,
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
        says="user_state_audit_[0-9_]+ is append-only: UPDATE is refused",
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
        says="cannot change inheritance of partitioned table",
    )


@attack(REFUSED)
def test_rewrites_an_entry_by_an_upsert(battle):
    battle.refused(
        "otto",
        "insert into user_state_audit overriding system value select * from user_state_audit"
        " on conflict (id, datetime) do update set initiated_by = 'mona'",
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
def test_rewrites_what_was_verified(battle):
    battle.sql("rita", VERIFIED)

    battle.refused(
        "otto",
        "update user_state_verification set findings = '{}'",
        says="user_state_verification is append-only: UPDATE is refused",
    )


@attack(REFUSED)
def test_deletes_what_was_verified(battle):
    battle.sql("rita", VERIFIED)

    battle.refused("otto", "delete from user_state_verification", says="is append-only: DELETE")


@attack(REFUSED)
def test_truncates_what_was_verified(battle):
    battle.refused("otto", "truncate user_state_verification", says="TRUNCATE is refused")


@attack(FOUND)
def test_resets_the_sequence(battle):
    """No entry is written over another; but two have one id."""
    battle.sql("otto", "alter sequence user_state_audit_id_seq restart with 1")
    battle.found("sequence", "and the greatest id is 2")

    battle.sql("web", LOCK_ALICE)
    battle.found("entry", "entry 1 is there more than once")


@attack(FOUND)
def test_has_the_sequence_skip_and_begin_again(battle):
    battle.sql("otto", "alter sequence user_state_audit_id_seq increment 10 cache 100 cycle")

    battle.found("sequence", "by 10 to 9223372036854775807, and again, cache 100")


@attack(REFUSED)
def test_rewrites_an_entry_by_the_name_of_its_month(battle):
    battle.refused(
        "otto", IN_ITS_MONTH.format("update %I set initiated_by = ''mona''"), says="append"
    )


@attack(REFUSED)
def test_truncates_a_month(battle):
    battle.refused("otto", IN_ITS_MONTH.format("truncate %I"), says="is append-only: TRUNCATE")


@attack(REFUSED)
def test_truncates_the_partition_for_what_has_no_month(battle):
    battle.refused("otto", "truncate user_state_audit_default", says="append-only: TRUNCATE")


@attack(FOUND)
def test_leaves_the_guard_of_a_month_off(battle):
    battle.sql("otto", IN_ITS_MONTH.format("alter table %I disable trigger refuse_rewriting"))

    battle.found("trigger", "is disabled")


@attack(FOUND)
def test_takes_a_month_away(battle):
    battle.sql("otto", IN_ITS_MONTH.format("alter table user_state_audit detach partition %I"))

    battle.found("state", "user 1 is active, and no entry says how")


@attack(FOUND)
def test_puts_a_month_of_their_own_into_the_audit(battle):
    battle.sql(
        "otto",
        "create table mine (like user_state_audit including all excluding identity)",
        "alter table user_state_audit attach partition mine"
        " for values from ('2020-01-01') to ('2020-01-15')",
    )

    battle.found("trigger", "trigger refuse_rewriting on mine is missing")
    battle.found("table", "FOR VALUES FROM ('2020-01-01 00:00:00+00') TO")


@attack(RECORDED)
def test_sets_the_sequence_far_ahead(battle):
    battle.sql("otto", "select setval('user_state_audit_id_seq', 1000000000000)")

    battle.sql("web", LOCK_ALICE)
    battle.seal()
    battle.recorded("active locked")


# Entries that Otto forges.
UNSALTED = "has a part with neither a salt of 16 bytes nor the digest of what was erased"


@attack(FOUND)
def test_forges_an_entry(battle):
    battle.sql("otto", forged([("active", "locked")]))

    battle.found("state", "is active, but the last entry ends in locked")


@attack(FOUND)
def test_forges_entries_without_salts_as_if_they_were_erased(battle):
    moves = forged([("active", "locked"), ("locked", "active")]).replace(SALT, "null")
    battle.sql("otto", moves.replace("'web'", "'otto'"))

    battle.found("entry", f"entry 3 {UNSALTED}")
    outside = battle.sql("rita", "select id from user_state_outside('-infinity') where id > 2")
    assert sorted(outside) == [(3,), (4,)]


@attack(FOUND)
@pytest.mark.parametrize("forged", IMPROPER)
def test_takes_the_salt_from_an_entry_that_was_not_erased(battle, forged):
    rewrite(battle, f"update user_state_audit set {forged} where id = 1")

    battle.found("entry", f"entry 1 {UNSALTED}")


@attack(FOUND)
def test_forges_entries_of_a_day_that_was_sealed(battle):
    some_history(battle)
    battle.seal()

    sealed = "(select max(transaction_id) from user_state_audit)"
    battle.sql("otto", forged([("active", "locked"), ("locked", "active")], sealed))
    battle.found("seal", "says that it is of a transaction that was sealed without it")


@attack(FOUND)
def test_forges_entries_that_no_seal_would_ever_reach(battle):
    battle.seal()

    battle.sql("otto", forged([("active", "locked"), ("locked", "active")], "1000000000000"))
    battle.found("seal", "says that it is of a transaction that has not been yet")


@attack(FOUND)
@pytest.mark.parametrize("number", [0, -1])
def test_forges_an_entry_with_a_number_that_no_seal_begins_with(battle, number):
    """Of a user who came and went, so that it fits in every history."""
    battle.sql(
        "otto",
        "insert into user_state_audit overriding system value select (copied).* from ("
        "  select jsonb_populate_record(a, jsonb_build_object('start_state', 'new', 'end_state',"
        f" 'deleted', 'user_id', 9, 'id', {number})) as copied from user_state_audit a"
        "   where a.id = 1) as c",
    )
    battle.seal()

    battle.found("entry", f"entry {number} has an id that was never given")


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
    battle.found("seal", "are not what they were")


@attack(FOUND)
def test_rewrites_an_entry_in_the_middle(battle):
    some_history(battle)
    battle.seal()

    rewrite(battle, "update user_state_audit set db_user = 'mona' where id = 4")
    battle.found("seal", "are not what they were")


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
    battle.found("seal", "are not what they were")


@attack(FOUND)
def test_exchanges_two_entries(battle):
    some_history(battle)
    battle.seal()

    rewrite(
        battle,
        "update user_state_audit a set datetime = b.datetime from user_state_audit b"
        " where (a.id, b.id) in ((3, 5), (5, 3))",
    )
    battle.found("seal", "are not what they were")


@attack(FOUND)
def test_gives_entries_to_another_user(battle):
    some_history(battle)

    rewrite(battle, "update user_state_audit set user_id = 2 where id in (3, 4)")
    battle.seal()
    rewrite(battle, "update user_state_audit set user_id = 1 where id in (3, 4)")
    battle.found("seal", "are not what they were")


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

    battle.sql(
        "otto", NO_VIEWS, "alter table user_state_audit alter db_user type text using 'mona'"
    )
    battle.found("seal", "are not what they were")


@attack(FOUND)
def test_removes_all_seals(battle):
    battle.seal()

    battle.sql(
        "otto",
        "begin",
        UNGUARDED,
        "delete from user_state_seal",
        GUARDED,
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
        UNGUARDED,
        "delete from user_state_seal where number = 2",
        GUARDED,
        "commit",
    )
    battle.found("seal", "seal 3 follows on seal 1")
