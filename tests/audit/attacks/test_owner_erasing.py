"""What Otto, who migrates and owns, does under cover of forgetting somebody, whom he may forget."""

import pytest
from django.core.management import call_command

from tests.audit.erasing import ACTOR, SUBJECT, erasing

from .outcome import FOUND, REFUSED, attack
from .statements import IN_ITS_MONTH, RECORD, rewrite, some_history

pytestmark = pytest.mark.slow

NEITHER = "append-only: UPDATE is refused"
WITHOUT_A_RECORD = "is erased about its subject, and no later entry records why"
UNACCOUNTED = "is erased about its actor, which no later entry accounts for"
DEACTIVATE_ALICE = "update user_fsm set current_state = 'deactivated' where user_id = 1"


@pytest.fixture
def forgotten(battle):
    """Alice, of whom the entries 1 and 3 were erased; 4 is the record, and all are sealed."""
    battle.sql("web", DEACTIVATE_ALICE)
    battle.arena.become("otto")
    call_command("forget_user", "1", database="arena", reason="4711")
    battle.arena.django.close()
    battle.seal()
    assert battle.findings() == []
    return battle


@attack(REFUSED)
@pytest.mark.parametrize(
    "forged",
    [
        {"subject_digest": "sha256('')"},
        {"subject_digest": "null"},
        {"username": "'mona'"},
        {"username": "'Erased'"},
        {"reason": "'x'"},
        {"end_state": "'locked'"},
        {"user_id": "2"},
        {"initiated_by": "'mona'"},
        {"subject_salt": "''"},
        {"subject_salt": "subject_salt"},
        {"actor_salt": "null"},
        {"transaction_id": "transaction_id + 1"},
        {"datetime": "datetime - interval '1 microsecond'"},
    ],
    ids=lambda forged: " = ".join(*forged.items()),
)
def test_erases_a_subject_otherwise_than_allowed(battle, forged):
    battle.refused("otto", erasing(1, SUBJECT, **forged), says=NEITHER)


@attack(REFUSED)
@pytest.mark.parametrize("column", ACTOR)
def test_erases_an_actor_and_keeps_some_of_it(battle, column):
    battle.refused("otto", erasing(1, ACTOR, **kept(column)), says="refused|null")


def kept(column: str) -> dict[str, str]:
    """Something else than is allowed to be in it."""
    others = {"actor_salt": "actor_salt", "actor_digest": "null", "client_addr": "'10.0.0.7'"}
    return {column: others.get(column, "7" if column == "initiator_id" else "'x'")}


@attack(REFUSED)
def test_erases_an_entry_and_moves_it_to_another_month(battle):
    moved = erasing(1, SUBJECT, datetime="datetime + interval '1 month'")

    battle.refused("otto", moved, says="append-only: DELETE is refused")


@attack(REFUSED)
def test_erases_an_entry_whose_change_a_trigger_of_theirs_completes(battle):
    battle.refused(
        "otto",
        "begin",
        "create function zz() returns trigger language plpgsql as"
        " $$ begin NEW.end_state := 'locked'; return NEW; end $$",
        IN_ITS_MONTH.format(
            "create trigger zz before update on %s for each row execute function zz()"
        ),
        erasing(1, SUBJECT),
        says=NEITHER,
    )


@attack(FOUND)
def test_writes_a_name_back_into_an_erased_entry(forgotten):
    back = "set username = 'bob', reason = 'x', subject_salt = actor_salt, subject_digest = null"
    with pytest.raises(Exception, match=NEITHER):
        forgotten.sql("otto", f"update user_state_audit {back} where id = 3")

    rewrite(forgotten, f"update user_state_audit {back} where id = 3")

    forgotten.found("erased", "entry 3 tells of its subject, who was forgotten later")


@attack(FOUND)
@pytest.mark.parametrize(
    "forged", ["username = 'mona'", "reason = 'x'", "subject_digest = sha256('')"]
)
def test_forges_an_erased_entry_past_the_guard(forgotten, forged):
    rewrite(forgotten, f"update user_state_audit set {forged} where id = 3")

    forgotten.found("seal", "seal 1 is broken")


@attack(FOUND)
def test_erases_a_subject_and_records_nothing(battle):
    some_history(battle)
    battle.seal()
    battle.sql("otto", erasing(3, SUBJECT))

    battle.found("erased", f"entry 3 {WITHOUT_A_RECORD}")
    assert [each.entry_id for each in battle.findings()] == [3]


@attack(FOUND)
def test_erases_an_actor_and_records_nothing(battle):
    some_history(battle)
    battle.seal()
    battle.sql("otto", erasing(3, ACTOR))

    battle.found("erased", f"entry 3 {UNACCOUNTED}")


@attack(FOUND)
def test_erases_an_actor_under_cover_of_somebody_who_was_forgotten(forgotten):
    forgotten.sql("otto", erasing(2, ACTOR))

    forgotten.found("erased", f"entry 2 {UNACCOUNTED}")


@attack(FOUND)
def test_erases_another_subject_under_cover_of_somebody_who_was_forgotten(forgotten):
    forgotten.sql("otto", erasing(2, SUBJECT))

    forgotten.found("erased", f"entry 2 {WITHOUT_A_RECORD}")


@attack(FOUND)
def test_erases_what_was_written_after_the_record(forgotten):
    forgotten.sql("web", "update user_fsm set current_state = 'active' where user_id = 1")
    forgotten.sql("otto", erasing(5, SUBJECT))

    forgotten.found("erased", f"entry 5 {WITHOUT_A_RECORD}")


@attack(FOUND)
def test_records_that_somebody_was_forgotten_and_erases_nothing(battle):
    battle.sql("otto", RECORD.format("1 as subject, 0 as actor: x"))

    battle.found("erased", "entry 1 tells of its subject, who was forgotten later")


@attack(FOUND)
def test_records_more_than_was_erased_to_erase_it_later(battle):
    nobody = RECORD.format("0 as subject, 7 as actor: x").replace("'CLI', 1,", "'CLI', 999,")
    battle.sql("otto", nobody)

    battle.found(
        "erased", "of 0 the actor is erased, and the records of who was forgotten account for 7"
    )


@attack(FOUND)
def test_records_that_somebody_was_forgotten_and_not_how_much(battle):
    battle.sql("otto", RECORD.format("x"))

    battle.found("erased", "entry 3 records that a user was forgotten, but not how many entries")


@attack(FOUND)
def test_removes_the_record(forgotten):
    rewrite(forgotten, "delete from user_state_audit where id = 4")

    forgotten.found("erased", f"entry 3 {WITHOUT_A_RECORD}")


@attack(FOUND)
def test_has_the_record_account_for_more(forgotten):
    more = "reason = '2 as subject, 9 as actor: 4711'"
    rewrite(forgotten, f"update user_state_audit set {more} where id = 4", erasing(2, ACTOR))

    forgotten.found("seal", "seal 1 is broken")


@attack(REFUSED)
def test_erases_why_somebody_was_forgotten(battle):
    battle.refused(
        "otto",
        "begin",
        RECORD.format("1 as subject, 0 as actor: x"),
        erasing("(select max(id) from user_state_audit)", SUBJECT),
        says=NEITHER,
    )


@attack(FOUND)
@pytest.mark.parametrize("state", ["disable", "enable"])
def test_switches_the_guard_of_erasing_off(battle, state):
    battle.sql(
        "otto", IN_ITS_MONTH.format(f"alter table %s {state} trigger refuse_all_but_erasure")
    )

    battle.found("trigger", "is disabled" if state == "disable" else "is not ENABLE ALWAYS")


@attack(FOUND)
def test_has_the_guard_of_erasing_allow_everything(battle):
    battle.sql(
        "otto",
        "create or replace function refuse_all_but_erasure() returns trigger language plpgsql"
        " as 'begin return null; end'",
        "update user_state_audit set initiated_by = 'mona' where id = 1",
    )

    battle.found("function", "function refuse_all_but_erasure() is not as expected")
