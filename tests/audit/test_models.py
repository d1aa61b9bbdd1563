"""The model is held against the table that sql/ defines."""

from django.db import connection

from audit.migrate import write_transitions
from audit.models import UserStateAudit
from audit.transitions import transitions

# What sql/ says, as Django reads it.
TYPES = {
    "BigIntegerField": "bigint",
    "TextField": "text",
    "DateTimeField": "timestamp with time zone",
    "GenericIPAddressField": "inet",
    "BinaryField": "bytea",
}


def select(sql: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def test_the_model_has_the_columns_types_and_nulls_of_the_table(db):
    table = select(
        "select attname::text, format_type(atttypid, atttypmod), not attnotnull"
        " from pg_attribute where attrelid = 'user_state_audit'::regclass"
        " and attnum > 0 and not attisdropped order by attnum"
    )

    fields = UserStateAudit._meta.fields
    assert table == [(f.column, TYPES[f.get_internal_type()], f.null) for f in fields]


def test_every_column_and_the_table_have_a_comment(db):
    [(columns, comments)] = select(
        "select count(*), count(col_description(attrelid, attnum)) from pg_attribute"
        " where attrelid = 'user_state_audit'::regclass and attnum > 0 and not attisdropped"
    )
    assert columns == comments == 21
    assert select("select obj_description('user_state_audit'::regclass) is not null") == [(True,)]


def test_it_has_no_foreign_key_for_history_outlives_the_user(db):
    assert select(
        "select count(*) from pg_constraint"
        " where conrelid = 'user_state_audit'::regclass and contype = 'f'"
    ) == [(0,)]


def test_flush_leaves_the_audit_alone(transactional_db, alice):
    assert "user_state_audit" not in connection.introspection.django_table_names()


def test_the_transitions_in_the_database_are_those_of_the_machine(db):
    table = select("select start_state, end_state, name from user_state_transition")

    assert sorted(table) == sorted(transitions())
    assert ("active", "locked", "lock") in table
    assert len(table) == 7


def test_writing_the_transitions_mends_what_differs(db):
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into user_state_transition values ('active', 'locked', null, 2),"
            " ('locked', 'active', 'other', 2), ('a', 'b', 'c', 1)"
        )

    write_transitions(connection)
    write_transitions(connection)

    latest = select(
        "select distinct on (start_state, end_state) start_state, end_state, name, version"
        " from user_state_transition order by start_state, end_state, version desc"
    )
    assert sorted(row[:3] for row in latest if row[2]) == sorted(transitions())
    assert {row[3] for row in latest if row[0] in ("a", "active", "locked")} == {1, 2, 3}
