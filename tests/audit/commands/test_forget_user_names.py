"""forget_user: whose a name was, where an entry has no key."""

import pytest

from tests.arena import Arena

from .forgetting import REASON, STATE, act, forget, rename
from .told import refused

SAY_SO = "select initiated_by, impersonator from user_state_audit where user_id = {} order by id"
PERSON = (
    "insert into accounts_user (id, username, password, is_superuser, first_name, last_name, email,"
    " is_staff, is_active, date_joined) overriding system value"
    " values ({0}, '{1}', '', false, '', '', '', false, true, now());"
    " insert into user_fsm (user_id, current_state) values ({0}, 'active')"
)


@pytest.fixture
def site(arena) -> Arena:
    arena.sql("postgres", "grant update, delete on accounts_user to web", PERSON.format(3, "carol"))
    return arena


def leave(arena: Arena, user: int) -> None:
    act(arena, STATE.format("deactivated", user), user="mona", user_id="9")
    act(arena, f"delete from user_fsm where user_id = {user}", user="mona", user_id="9")
    arena.sql("web", f"delete from accounts_user where id = {user}")


def by_name(arena: Arena, name: str) -> None:
    """Of Bob, who was not changed before."""
    act(arena, STATE.format("locked", 2), user=name)
    act(arena, STATE.format("active", 2), user="mona", user_id="9", impersonator=name)


def said_of_bob(arena: Arena) -> list[tuple]:
    return arena.sql("rita", SAY_SO.format(2))[1:]


LEFT = [("alice", None), ("mona", "alice")]
ERASED = [("erased", None), ("erased", None)]


def test_who_is_called_as_somebody_was_before_a_change_of_name_is_left(site, run):
    rename(site, 1, "alice.long")
    act(site, STATE.format("locked", 1), user="mona", user_id="9")
    by_name(site, "alice")
    leave(site, 1)

    forget(run)

    assert said_of_bob(site) == LEFT
    assert site.verify() == []


def test_nor_is_it_known_when_the_name_was_changed(site, run):
    rename(site, 1, "alice.long")
    by_name(site, "alice")
    leave(site, 1)

    forget(run)

    assert said_of_bob(site) == LEFT


def test_an_account_has_the_name_that_it_has_now(site, run):
    act(site, STATE.format("deactivated", 1), user="mona", user_id="9")
    rename(site, 1, "alice.long")
    by_name(site, "alice")

    forget(run)

    assert said_of_bob(site) == LEFT


def test_whoever_acts_with_a_key_is_known_by_their_name(site, run):
    """Carol is called Alice for a while, and nobody changes her state in the meantime."""
    rename(site, 1, "tmp")
    rename(site, 3, "alice")
    act(site, STATE.format("locked", 2), user="alice", user_id="3")
    act(site, STATE.format("active", 2), user="mona", user_id="9", impersonator="alice")
    rename(site, 3, "carol")
    rename(site, 1, "alice")
    leave(site, 1)

    forget(run)

    assert said_of_bob(site) == [("alice", None), ("mona", "alice")]


@pytest.fixture
def as_an_actor_only(site) -> Arena:
    """Alice was called Anna only while nobody changed her state."""
    rename(site, 1, "anna")
    act(site, STATE.format("locked", 3), user="anna", user_id="1")
    by_name(site, "anna")
    act(site, STATE.format("active", 3), user="anna", user_id="1")
    rename(site, 1, "alicia")
    act(site, STATE.format("locked", 3), user="anna")  # somebody else, most likely
    leave(site, 1)
    return site


def test_a_name_of_an_actor_is_theirs_too(as_an_actor_only, run):
    arena = as_an_actor_only

    forget(run)

    assert said_of_bob(arena) == ERASED
    assert arena.sql("rita", SAY_SO.format(3))[1:] == [*ERASED, ("anna", None)]
    assert arena.verify() == []


def test_and_is_not_recorded(as_an_actor_only, run):
    refused(forget(run, "--reason", "Anna asked"), "names the user")
    assert forget(run, *REASON)[0] == 0


def test_a_key_that_somebody_claims_elsewhere_gives_nobody_a_name(site, run):
    claims = {"user": "peter", "user_id": "1"}
    forged = [f"select set_config('app.{name}', '{text}', false)" for name, text in claims.items()]
    for state in ("locked", "active"):
        site.sql("carl", *forged, STATE.format(state, 3))
        by_name(site, "peter")
    leave(site, 1)

    assert forget(run, "--reason", "Peter asked")[0] == 0

    assert said_of_bob(site) == [("peter", None), ("mona", "peter")] * 2


def test_who_had_a_name_before_may_have_acted_since_another_run(site, run):
    act(site, STATE.format("deactivated", 1))
    forget(run)
    act(site, STATE.format("locked", 3), user="bob")
    rename(site, 2, "robert")
    rename(site, 1, "bob")

    assert forget(run)[1].startswith("Nothing to erase.")


def test_once_the_account_is_gone_it_says_what_was_not_looked_for(site, run):
    leave(site, 1)

    out = forget(run)[1]

    assert "The account is gone, so only user names were looked for in what that says." in out
    assert forget(run)[1] == "Nothing to erase.\n"
