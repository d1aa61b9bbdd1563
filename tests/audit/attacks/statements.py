"""What several attacks are made of."""

LOCK_ALICE = "update user_fsm set current_state = 'locked' where user_id = 1"
UNLOCK_ALICE = "update user_fsm set current_state = 'active' where user_id = 1"
UPDATE = "pgtrigger_record_update_0cacf"
OFF = f"alter table user_fsm disable trigger {UPDATE}"
SALT = "uuid_send(gen_random_uuid())"
ALWAYS = f"alter table user_fsm enable always trigger {UPDATE}"
GUARDS = (
    "do $$ declare g record; begin for g in select tgrelid::regclass as name, tgname"
    " from pg_trigger where tgrelid::regclass::text ~ '^user_state_(audit|seal|archive)'"
    " and tgname like 'refuse%' loop"
    " execute format('alter table %s {state} trigger %I', g.name, g.tgname);"
    " end loop; end $$"
)
# Whoever alters a column that they show has to drop them.
NO_VIEWS = "drop view user_state_now, user_state_timeline"
# A statement on the partition of this month.
IN_ITS_MONTH = (
    "do $$ begin execute format('{}', 'user_state_audit_'"
    " || to_char(now() at time zone 'utc', 'YYYY_MM')); end $$"
)
UNGUARDED = GUARDS.replace("{state}", "disable")
GUARDED = GUARDS.replace("{state}", "enable always")
NOTHING = "create function nothing() returns trigger language plpgsql as 'begin return null; end'"

# As verify_audit keeps it.
VERIFIED = (
    "insert into user_state_verification (findings, signatures_checked, migration)"
    " values ('{\"gap\": 1}', true, 'x')"
)
# That Alice was forgotten, as forget_user records it.
RECORD = (
    "insert into user_state_audit (username, initiated_by, start_state, end_state, datetime,"
    " ip_address, user_id, transition, reason, db_user, transaction_id, subject_salt, actor_salt)"
    " select '#1', 'CLI', 'active', 'active', clock_timestamp(), 'CLI', 1, 'forgotten', '{}',"
    " 'otto', transaction_id, actor_salt, subject_salt from user_state_audit where id = 1"
)
# As an override is called a transition that the machine never had.
NAMED_FOR_A_MOMENT = (
    "begin",
    "alter table user_state_transition disable trigger user",
    "insert into user_state_transition values ('active', 'invited', 'fine', 1)",
    "update user_fsm set current_state = 'invited' where user_id = 1",
    "delete from user_state_transition where name = 'fine'",
    "alter table user_state_transition enable always trigger refuse_rewriting,"
    " enable always trigger refuse_truncate",
    "commit",
)
# Code of the owner's. With a constant, planning alone runs it.
MINE = (
    "create or replace function mine(bigint) returns boolean immutable language plpgsql as"
    " $$ begin {}; end $$"
)
HARMLESS_YET = MINE.format("return true")
RUN = "it was run"
SHOWS_THAT_IT_RUNS = MINE.format(f"raise exception '{RUN}'")


def forged(moves: list[tuple[str, str]], transaction: str = "pg_current_xact_id()::text::bigint"):
    """Entries as the trigger would write them, put in by hand."""
    values = ", ".join(
        f"('alice', 'mona', '{start}', '{end}', clock_timestamp(), '10.0.0.1', 1, 'web',"
        f" {transaction}, {SALT}, {SALT})"
        for start, end in moves
    )
    return (
        "insert into user_state_audit (username, initiated_by, start_state, end_state, datetime,"
        f" ip_address, user_id, db_user, transaction_id, subject_salt, actor_salt) values {values}"
    )


def rewrite(battle, *statements: str) -> None:
    """Past the guard, which is there again afterwards."""
    battle.sql("otto", "begin", UNGUARDED, *statements, GUARDED, "commit")


def some_history(battle) -> None:
    """Entries 3 to 6 of Alice, each in a transaction of its own."""
    for _ in range(2):
        battle.sql("web", LOCK_ALICE)
        battle.sql("web", UNLOCK_ALICE)
