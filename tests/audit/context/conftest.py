"""What the tests of the context share: the views, and short ways to change a state."""

import pytest
from django.db import connection


@pytest.fixture
def views(settings):
    settings.ROOT_URLCONF = "tests.audit.views"


@pytest.fixture
def execute(transactional_db):
    """Run SQL through Django's cursor and return the rows, if there are any."""

    def run(sql, params=None):
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            return cursor.fetchall() if cursor.description else None

    return run


@pytest.fixture
def set_state(execute):
    """One raw update of everybody, to a state that is another each time."""
    return lambda state: execute("update user_fsm set current_state = %s", [state])
