"""A machine with every kind of transition that django-fsm has, on top of this project."""

import pytest

from .clones import Clone

pytestmark = pytest.mark.slow

BEFORE = "    @classmethod\n    @contextmanager\n    def changing("
TRANSITIONS = """\
    @fsm_transition(current_state, State.ACTIVE, State.LOCKED)
    def quarantine(self): ...

    @fsm_transition(current_state, "*", State.DEACTIVATED)
    def end(self): ...

    @fsm_transition(current_state, "+", State.ACTIVE)
    def restore(self): ...

    @fsm_transition(current_state, State.INVITED, RETURN_VALUE(State.ACTIVE, State.LOCKED))
    def decide(self):
        return State.LOCKED

    @fsm_transition(current_state, State.LOCKED, GET_STATE(lambda self: State.INVITED))
    def ask_again(self): ...

    @fsm_transition(current_state, State.INVITED, None)
    def remind(self): ...

"""
PROGRAM = """
from accounts.models import User
user = User.objects.create_user("alice")
for name in "decide ask_again remind activate quarantine restore end restore lock end".split():
    getattr(user.fsm, name)()
    user.fsm.save()
"""


def test_no_change_of_any_machine_looks_like_an_override(site, sites, tmp_path):
    clone, site = Clone(tmp_path), site("today")
    site.sql("postgres", f"revoke temporary on database {site.name} from wanda, ruth")
    clone.edit("accounts/fsm.py", BEFORE, TRANSITIONS + BEFORE)
    clone.edit(
        "accounts/fsm.py",
        "from django_fsm import FSMField, Transition\n",
        "from django_fsm import GET_STATE, RETURN_VALUE, FSMField, Transition\n",
    )

    for command in ("migrate", "migrate", "shell"):
        arguments = ("-c", PROGRAM) if command == "shell" else ()
        done = clone.manage(command, *arguments, url=site.url)
        assert done.returncode == 0, done.stderr
    done = clone.manage("verify_audit", url=sites.url_for("ruth", site.name))
    assert done.returncode == 0, done.stdout

    assert site.sql("ruth", "select end_state, transition from user_state_audit order by id") == [
        ("invited", None),
        ("locked", "decide"),
        ("invited", "ask_again"),
        ("active", "activate|decide|restore"),
        ("locked", "lock|quarantine"),
        ("active", "ask_again|restore|unlock"),
        ("deactivated", "deactivate|end"),
        ("active", "activate|restore"),
        ("locked", "lock|quarantine"),
        ("deactivated", "ask_again|deactivate|end"),
    ]
    assert (
        site.sql("ruth", "select name from user_state_transition t where t::text ~ '[<*+]|object'")
        == []
    )
