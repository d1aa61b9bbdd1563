"""The cast: Alice and Bob are active; Mona manages accounts, Sue supervises, Ada is superadmin."""

import os
from collections.abc import Iterator

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.db import connection, connections, transaction
from django.test import Client, TransactionTestCase
from django.utils import translation

from accounts.groups import ACCOUNT_MANAGERS
from accounts.models import State, User, UserFSM
from audit.migrate import SUPERVISORS
from project import postgres

from .arena import Arena, Attackable
from .operations.past import give_past
from .trail import Trail

# What migrate makes, and tests only read.
KEPT = {"django_content_type", "auth_permission", "auth_group", "auth_group_permissions"}


@pytest.fixture(scope="session", autouse=True)
def quick_teardown(django_db_setup):
    """Delete the rows that a test leaves. Django truncates every table and makes contents,
    permissions and groups anew, which took more time than all the tests."""

    def delete_rows(self) -> None:
        tables = sorted({*connection.introspection.django_table_names(only_existing=False)} - KEPT)
        with transaction.atomic(), connection.cursor() as cursor:
            # The states first: their entries in the audit take the names of the users.
            cursor.execute("; ".join(f'delete from "{t}"' for t in ("user_fsm", *tables)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", delete_rows)
        yield


@pytest.fixture(autouse=True)
def fast_passwords(settings):
    """Hashing is slow on purpose, and not what is tested here."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def language_of_the_site():
    """Django leaves the language of a request in force in its thread."""
    yield
    translation.deactivate()


def make_user(username: str, state: str = State.ACTIVE, **fields) -> User:
    """Without the ways that are tested elsewhere: two statements, for there are many tests."""
    user = User(username=username, password=make_password(username), **fields)
    with transaction.atomic():
        User.objects.bulk_create([user])
        user.fsm = UserFSM(user=user, current_state=state)
        UserFSM.objects.bulk_create([user.fsm])
    return user


@pytest.fixture
def alice(transactional_db) -> User:
    return make_user("alice")


@pytest.fixture
def bob(transactional_db) -> User:
    return make_user("bob")


@pytest.fixture
def mona(transactional_db) -> User:
    user = make_user("mona", is_staff=True)
    user.groups.add(Group.objects.get(name=ACCOUNT_MANAGERS))
    return user


@pytest.fixture
def sue(transactional_db) -> User:
    user = make_user("sue", is_staff=True)
    user.groups.add(Group.objects.get(name=SUPERVISORS))
    return user


@pytest.fixture
def ada(transactional_db) -> User:
    return User.objects.create_superuser("ada", password="ada")


@pytest.fixture
def trail(transactional_db, request) -> Trail:
    """Begins when the people of the test are there."""
    for person in {"alice", "bob", "mona", "sue", "ada"} & set(request.fixturenames):
        request.getfixturevalue(person)
    return Trail()


@pytest.fixture
def execute(transactional_db):
    """Run SQL through Django's cursor and return the rows, if there are any."""

    def run(sql, params=None):
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            return cursor.fetchall() if cursor.description else None

    return run


@pytest.fixture
def signed_in():
    """A browser in which the user has signed in: ``signed_in(mona)``."""

    def sign_in(user: User, **headers) -> Client:
        client = Client(**headers)
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture(scope="session")
def attackable(django_db_setup) -> Iterator[Attackable]:
    """A server of its own, for roles are of a server, and other tests look at them. Where the
    tests were given a server, that one: what is tested is its version."""
    if os.path.basename(connections["default"].settings_dict["HOST"]) != "data":
        server = Attackable(os.environ["DATABASE_URL"])
        yield server
        server.leave()
        return
    with postgres.temporary_server(postgres.memory_folder()) as server:
        yield Attackable(server.url)


@pytest.fixture(scope="session")
def original(attackable, django_db_blocker) -> Iterator[Arena]:
    """With a past, to be copied."""
    with django_db_blocker.unblock(), attackable.arena() as arena:
        give_past(arena)
        yield arena


@pytest.fixture
def arena(attackable, django_db_blocker) -> Arena:
    with django_db_blocker.unblock(), attackable.arena() as arena:
        yield arena
