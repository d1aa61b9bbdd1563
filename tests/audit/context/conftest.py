"""What the tests of the context share: the views, and short ways to change a state."""

import pytest


@pytest.fixture
def views(settings):
    settings.ROOT_URLCONF = "tests.audit.views"


@pytest.fixture
def set_state(execute):
    """One raw update of everybody, to a state that is another each time."""
    return lambda state: execute("update user_fsm set current_state = %s", [state])
