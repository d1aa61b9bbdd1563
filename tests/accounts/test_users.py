"""Users: created with their state, in one transaction, and never with a reserved name."""

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import State, User, UserFSM
from tests.conftest import make_user


def test_a_new_user_is_invited(db):
    carol = User.objects.create_user("carol")

    assert carol.fsm.current_state == State.INVITED
    assert carol.state == State.INVITED


def test_the_state_of_a_new_user_can_be_changed_at_once(db):
    carol = User.objects.create_user("carol")

    carol.fsm.activate()
    carol.fsm.save()

    assert UserFSM.objects.get(user=carol).current_state == State.ACTIVE


def test_user_and_state_are_made_in_one_transaction(transactional_db):
    with connection.cursor() as cursor:
        cursor.execute("alter table user_fsm add constraint full_up check (id < 0) not valid")
        with pytest.raises(IntegrityError, match="full_up"):
            User.objects.create_user("carol")
        cursor.execute("alter table user_fsm drop constraint full_up")

    assert not User.objects.exists()


def test_createsuperuser_makes_an_active_one(transactional_db, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "secret")

    call_command("createsuperuser", username="ada", email="", interactive=False, verbosity=0)

    assert User.objects.get(username="ada").state == State.ACTIVE


def test_saving_a_user_again_leaves_their_state_alone(alice):
    with CaptureQueriesContext(connection) as queries:
        alice.save()

    assert not [each for each in queries if "user_fsm" in each["sql"]]
    assert UserFSM.objects.get(user=alice).current_state == State.ACTIVE


def test_saving_over_an_existing_key_leaves_the_state_alone(alice):
    User(pk=alice.pk, username="alice", password="x").save()

    assert UserFSM.objects.get(user=alice).current_state == State.ACTIVE


def test_a_user_made_without_a_state_has_none(db):
    [carol] = User.objects.bulk_create([User(username="carol")])

    assert carol.state is None


@pytest.mark.parametrize("name", ["CLI", "cli", "anonymous", "Unknown", "system:lockout"])
def test_a_name_that_the_audit_uses_for_nobody_is_reserved(db, name):
    with pytest.raises(ValidationError, match="reserved"):
        User(username=name).validate_constraints()
    with pytest.raises(IntegrityError, match="not_reserved"), transaction.atomic():
        User.objects.create_user(name)


@pytest.mark.parametrize("name", ["erased", "Erased", "unreadable", "#7"])
def test_a_name_that_the_audit_writes_is_given_to_nobody(alice, name):
    for user in (User(username=name, password="x"), alice):
        user.username = name
        with pytest.raises(ValidationError, match="reserved"):
            user.full_clean()
    with pytest.raises(CommandError, match="reserved"):
        call_command("createsuperuser", username=name, email="", interactive=False)


@pytest.mark.parametrize("name", ["erased", "#7"])
def test_who_has_such_a_name_already_keeps_it(db, name):
    user = make_user(name)

    user.first_name = "Ada"
    user.full_clean(exclude=["password"])
    user.save()

    user.username = "ada"
    user.full_clean(exclude=["password"])
    assert User.objects.filter(username=name, first_name="Ada").exists()


@pytest.mark.parametrize("name", ["erased1", "#7a", "unreadables"])
def test_names_that_only_look_written_by_the_audit_are_free(name):
    user = User(username=name, password="x")

    user.clean_fields()

    assert user.username == name


@pytest.mark.parametrize("name", ["clive", "anonymous1", "systematic", "my-system"])
def test_names_that_only_look_reserved_are_free(db, name):
    assert make_user(name).username == name
