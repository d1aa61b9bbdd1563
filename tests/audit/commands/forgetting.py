"""Who acts on an arena, and is forgotten there."""

from tests.arena import Arena

REASON = ("--reason", "request 4711")
STATE = "update user_fsm set current_state = '{}' where user_id = {}"


def act(arena: Arena, statement: str, **claims: str) -> None:
    """As the application, with such claims."""
    said = [f"select set_config('app.{name}', '{text}', false)" for name, text in claims.items()]
    arena.sql("web", *said, statement)


def forget(run, *arguments: str, user: int = 1) -> tuple[int, str, str]:
    return run("forget_user", str(user), *(arguments or REASON), role="otto")


def rename(arena: Arena, user: int, name: str) -> None:
    arena.sql("web", f"update accounts_user set username = '{name}' where id = {user}")
