"""The transitions of the state machine, told to PostgreSQL so that the trigger can name them."""

from django.db import connections, transaction

from accounts.models import UserFSM


def transitions() -> list[tuple[str, str, str]]:
    """(start_state, end_state, name) of each transition in the code."""
    return [(str(t.source), str(t.target), t.name) for t in UserFSM.transitions()]


def write_transitions(using: str) -> None:
    """Make user_state_transition equal to the code, touching only what differs."""
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute("select start_state, end_state, name from public.user_state_transition")
        present, wanted = set(cursor.fetchall()), set(transitions())
        for start, end, _ in present - wanted:
            cursor.execute(
                "delete from public.user_state_transition"
                " where start_state = %s and end_state = %s",
                [start, end],
            )
        for each in wanted - present:
            cursor.execute(
                "insert into public.user_state_transition (start_state, end_state, name)"
                " values (%s, %s, %s)",
                each,
            )
