"""forget_user counts days otherwise only as far as they were counted."""

from django.core.management import call_command

from .forgetting import forget

SALT = "substr(sha256(''), 1, 16)"
PAST = (
    "insert into user_state_audit (username, initiated_by, initiator_id, start_state, end_state,"
    " datetime, ip_address, user_id, db_user, application_name, transaction_id, subject_salt,"
    f" actor_salt) values ('x', 'carol', 21, 'new', 'deactivated', '{{}}', 'x', {{}}, 'web', '', 3,"
    f" {SALT}, {SALT})"
)
DAYS = "select day::text, db_user, entries from user_state_daily where day < '2025-01-01'"


def test_a_day_that_was_never_counted_is_not_counted_now(arena, run):
    """As where a wrong clock has dated an entry into the past."""
    arena.sql("postgres", "delete from user_state_daily", PAST.format("2024-02-10", 21))
    arena.become("otto")
    call_command("maintain_audit", database="arena", verbosity=0)
    arena.sql("postgres", PAST.format("2024-01-05", 30), PAST.format("2024-02-10", 31))

    forget(run, user=21)

    assert arena.sql("rita", DAYS) == [("2024-02-10", "erased", 1)]
