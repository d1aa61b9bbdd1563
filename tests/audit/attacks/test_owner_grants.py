"""What Otto, who migrates and owns, gives to themselves and to others."""

from .outcome import FOUND, attack


@attack(FOUND)
def test_gives_the_audit_to_themselves(battle):
    battle.sql("otto", "alter table user_state_audit owner to otto")

    battle.found(
        "owner", "record_user_state() is user_state_audit_owner, not the owner of the audit"
    )


@attack(FOUND)
def test_gives_all_that_keeps_the_audit_to_themselves(battle):
    battle.sql("otto", "reassign owned by user_state_audit_owner to otto")

    battle.found("owner", "otto")


@attack(FOUND)
def test_gives_the_function_to_themselves(battle):
    battle.sql("otto", "alter function record_user_state() owner to otto")

    battle.found("owner", "record_user_state() is otto, not the owner of the audit")


@attack(FOUND)
def test_lets_somebody_write_entries(battle):
    battle.sql("otto", "grant insert on user_state_audit to carl")

    battle.found("grant", "table user_state_audit carl has insert")


@attack(FOUND)
def test_lets_somebody_write_one_column(battle):
    battle.sql("otto", "grant update (reason) on user_state_audit to carl")

    battle.found("grant", "column user_state_audit.reason carl has update")


@attack(FOUND)
def test_lets_everybody_attach_the_function(battle):
    battle.sql("otto", "grant execute on function record_user_state() to public")

    battle.found("grant", "function record_user_state() everybody has execute")


@attack(FOUND)
def test_lets_somebody_add_triggers(battle):
    battle.sql("otto", "grant trigger on user_fsm to carl")

    battle.found("grant", "table user_fsm carl may add triggers")


@attack(FOUND)
def test_lets_the_application_add_seals(battle):
    battle.sql("otto", "grant insert on user_state_seal to web")

    battle.found("grant", "table user_state_seal web has insert")


@attack(FOUND)
def test_lets_the_application_say_who_exported(battle):
    battle.sql("otto", "grant insert (db_user) on user_state_export to user_state_audit_app")

    battle.found("grant", "column user_state_export.db_user user_state_audit_app has insert")


@attack(FOUND)
def test_lets_somebody_set_the_sequence(battle):
    battle.sql("otto", "grant update on sequence user_state_audit_id_seq to carl")

    battle.found("grant", "sequence user_state_audit_id_seq carl has update")
