"""What migrate makes of roles and grants, and what it says where it may not."""

import pytest

from audit.sqlfiles import send, text_of
from tests.arena import Arena, migrate

OWNER = "select pg_get_userbyid(relowner) from pg_class where relname = 'user_state_audit'"


@pytest.fixture
def migrated(arena: Arena):
    return lambda: migrate(arena.server.url_for("otto", arena.name))


def test_the_audit_belongs_to_a_role_that_nobody_signs_in_as(arena):
    assert arena.sql("rita", OWNER) == [("user_state_audit_owner",)]


def test_auditors_see_present_states(arena):
    assert arena.sql("rita", "select user_id, current_state from user_fsm order by 1") == [
        (1, "active"),
        (2, "active"),
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    "revoke",
    [
        "revoke insert on user_state_audit from user_state_audit_owner",
        "revoke select on user_state_transition from user_state_audit_owner",
        "revoke usage on schema public from user_state_audit_owner, public",
    ],
)
def test_migrating_grants_the_owner_again_what_recording_needs(arena, migrated, revoke):
    arena.sql("otto", "grant usage on schema public to web, rita, sealer, carl, otto", revoke)

    migrated()

    arena.sql("web", "update user_fsm set current_state = 'locked' where user_id = 1")
    assert arena.moves() == ["new active", "active locked"]
    assert arena.verify() == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "give",
    [
        "alter function record_user_state() owner to otto",
        "alter table user_state_seal owner to otto",
        "grant execute on function record_user_state() to public",
        "alter table user_state_verification disable trigger user",
        "revoke insert (findings) on user_state_verification from user_state_audit_reader",
    ],
)
def test_migrating_takes_back_what_was_given_away(arena, migrated, give):
    arena.sql("otto", give)
    assert arena.verify() != []

    migrated()

    assert arena.verify() == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "undo",
    [
        "drop index user_state_export_datetime; alter table user_state_export"
        " drop constraint user_state_export_begins_or_ends;"
        " revoke insert (filter) on user_state_export from user_state_audit_app",
        pytest.param("drop table user_state_export", marks=pytest.mark.slow),
    ],
)
def test_migrating_makes_the_log_of_exports_as_it_was(arena, migrated, undo):
    arena.sql("otto", undo)
    assert arena.verify() != []

    migrated()

    assert arena.verify() == []


@pytest.mark.slow
def test_migrating_grants_again_what_was_revoked(arena, migrated):
    arena.sql("otto", "revoke select on user_state_audit from user_state_audit_app")

    migrated()

    assert arena.sql("web", "select count(*) from user_state_audit") == [(2,)]


@pytest.mark.slow
def test_migrating_gives_the_owner_again_what_recording_reads(arena, migrated):
    arena.sql(
        "otto",
        "revoke select (id, username) on accounts_user from user_state_audit_owner",
        "revoke select on user_fsm from user_state_audit_owner",
    )

    migrated()

    arena.sql("web", "update user_fsm set current_state = 'locked' where user_id = 1")
    assert arena.verify() == []


@pytest.mark.slow
def test_migrating_takes_the_functions_from_everybody_again(arena, migrated):
    functions = "record_user_state(), refuse_rewriting(), user_state_last_username(bigint)"
    arena.sql("otto", f"grant execute on function {functions} to public")

    migrated()

    assert arena.verify() == []


@pytest.mark.slow
def test_migrating_hands_over_what_somebody_took(arena, migrated):
    arena.sql("otto", "alter table user_state_audit owner to otto")

    migrated()

    assert arena.sql("rita", OWNER) == [("user_state_audit_owner",)]
    assert arena.verify() == []


def test_what_is_not_theirs_to_revoke_is_logged(arena, caplog):
    arena.on_server(f"grant temporary on database {arena.name} to public")
    arena.become("carl")

    send(arena.django, "install/95_grants.sql")

    assert f"Everybody has temporary on database {arena.name} still" in caplog.text


def test_temporary_tables_stay_with_those_who_have_nothing_to_do_with_the_audit(attackable, arena):
    name = arena.name
    arena.on_server("create role reporting login", f"grant temporary on database {name} to public")
    arena.on_server("create role fleet", "grant fleet to reporting")
    try:
        arena.sql("otto", text_of("install/95_grants.sql"))

        arena.sql("reporting", "create temporary table mine (id int)")
        assert arena.verify() == []
    finally:
        arena.sql("postgres", "drop owned by reporting, fleet", "drop role reporting, fleet")


def test_the_audit_stays_where_who_migrates_could_not_go_on(arena):
    arena.sql(
        "postgres",
        "alter table user_state_audit owner to otto",
        "alter table user_fsm owner to carl",
    )

    with arena.session("postgres") as session, session.cursor() as cursor:
        cursor.execute(text_of("install/90_ownership.sql"))

        assert "grant that role to carl, who migrates" in session.notices[-1]
    assert arena.sql("rita", OWNER) == [("otto",)]


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("install/90_ownership.sql", "The audit is not handed over to user_state_audit_owner"),
        (
            "install/95_grants.sql",
            "The tables of the application are not granted: they are not carl's",
        ),
        ("install/95_grants.sql", "The audit is not granted: it is not carl's"),
    ],
)
def test_what_a_role_may_not_do_is_logged_and_no_error(arena, caplog, file, said):
    arena.become("carl")

    send(arena.django, file)

    assert any(record.message.startswith(said) for record in caplog.records), caplog.text
    assert "no privileges" not in caplog.text
    assert arena.verify() == []


def test_a_group_of_which_nobody_is_a_member_is_not_judged(arena):
    arena.on_server(
        "create role rds_superuser",
        "grant pg_write_all_data, user_state_audit_app to rds_superuser",
        f"grant temporary on database {arena.name} to rds_superuser",
    )
    try:
        assert arena.verify() == []

        arena.on_server("grant rds_superuser to web")
        assert {each.object for each in arena.verify()} == {"role pg_write_all_data", "role web"}
    finally:
        arena.sql("postgres", "drop owned by rds_superuser", "drop role rds_superuser")


def test_a_group_may_own_the_states_and_its_members_migrate(arena):
    arena.on_server(
        "create role deployers",
        "create role ann login",
        "grant user_state_audit_owner to deployers",
        "grant deployers to ann",
    )
    arena.sql("postgres", "alter table user_fsm owner to deployers")
    try:
        assert arena.verify() == []

        arena.on_server("grant deployers to web")
        assert {each.detail for each in arena.verify()} == {"web is a member"}
    finally:
        arena.sql("postgres", "alter table user_fsm owner to otto")
        arena.on_server("drop role ann", "drop role deployers")
