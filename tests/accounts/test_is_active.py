"""``User.is_active`` says what the state says: as an attribute, in queries, to Django's code."""

import json
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.contrib.admin import BooleanFieldListFilter
from django.contrib.auth import authenticate
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.forms import PasswordResetForm
from django.contrib.auth.models import Permission
from django.core import serializers
from django.core.exceptions import FieldError
from django.core.management import call_command
from django.db import connection
from django.db.models import Case, Count, Exists, F, OuterRef, Q, Value, When

from accounts.admin import UserAdmin
from accounts.models import State, User, UserFSM
from tests.conftest import make_user

OTHERS = ["invited", "locked", "deactivated"]


@pytest.fixture
def everybody(db) -> dict[str, User]:
    """A user in each state, and one without any."""
    users = {state: make_user(f"{state}1", state, is_staff=True) for state in State.values}
    [users["none"]] = User.objects.bulk_create([User(username="none1")])
    return users


def names(queryset) -> list[str]:
    return list(queryset.order_by("username").values_list("username", flat=True))


def test_only_active_users_are(everybody):
    assert [state for state, user in everybody.items() if user.is_active] == ["active"]
    assert not User(username="not saved").is_active


def test_it_follows_the_state(alice):
    stale = User.objects.select_related("fsm").get(pk=alice.pk)

    with UserFSM.changing(alice, reason="because") as fsm:
        fsm.deactivate()

    assert not alice.is_active
    assert not User.objects.get(pk=alice.pk).is_active
    stale.refresh_from_db(fields=["is_active"])
    assert not stale.is_active


def test_a_user_is_validated_as_if_it_were_not_there(alice):
    alice.full_clean()

    assert alice.is_active


def test_the_field_can_be_copied(alice):
    """As packages do that keep the history of a model."""
    field = User._meta.get_field("is_active")

    assert field.clone().deconstruct()[1:] == field.deconstruct()[1:]


ACTIVE = User.objects.filter(is_active=True)
QUERIES = [
    ACTIVE,
    User.objects.filter(is_active="1"),
    User.objects.filter(is_active__in=[True]),
    User.objects.exclude(is_active=False),
    User.objects.filter(~Q(is_active=False)),
    User.objects.filter(is_active=F("is_staff"), is_staff=True),
    User.objects.filter(is_active__isnull=False, fsm__user__is_active=True),
    ACTIVE.exclude(is_active=None),
    User.objects.filter(pk__in=ACTIVE),
    User.objects.filter(Exists(ACTIVE.filter(pk=OuterRef("pk")))),
    User.objects.filter(Exists(ACTIVE.filter(is_active=OuterRef("is_active"))), is_active=True),
    User.objects.filter(Q(is_superuser=True) | Q(is_active=True)),
]


@pytest.mark.parametrize("query", QUERIES)
def test_queries_filter_by_it(everybody, query):
    assert names(query.all()) == ["active1"]
    assert names(User.objects.exclude(pk__in=query.all())) == [
        *("deactivated1", "invited1", "locked1", "none1")
    ]


def test_queries_of_related_models_filter_by_it(everybody):
    for user in everybody.values():
        user.user_permissions.add(Permission.objects.first())

    assert UserFSM.objects.get(user__is_active=True).current_state == "active"
    assert UserFSM.objects.exclude(user__is_active=True).count() == 3
    assert Permission.objects.filter(user__is_active=True).count() == 1


def test_queries_return_it_and_order_and_group_by_it(everybody):
    users = User.objects.all()

    assert users.order_by("-is_active", "username").first() == everybody["active"]
    assert dict(users.values_list("username", "is_active"))["active1"] is True
    assert list(users.values("is_active").annotate(n=Count("pk")).order_by("n")) == [
        {"is_active": True, "n": 1},
        {"is_active": False, "n": 4},
    ]
    assert users.aggregate(n=Count("pk", filter=Q(is_active=True))) == {"n": 1}
    assert list(users.order_by("is_active").distinct("is_active").values_list("is_active")) == [
        (False,),
        (True,),
    ]
    word = Case(When(is_active=True, then=Value("in")), default=Value("out"))
    assert users.annotate(word=word, copy=F("is_active")).get(word="in").copy is True
    assert users.only("is_active").get(is_active=True).is_active


def test_updates_and_deletions_choose_by_it(everybody):
    assert User.objects.filter(is_active=True).update(first_name="new") == 1
    assert names(User.objects.filter(first_name="new")) == ["active1"]

    User.objects.exclude(is_active=True).delete()
    assert names(User.objects.all()) == ["active1"]


@pytest.mark.parametrize(
    ("write", "error"),
    [
        (lambda alice: setattr(alice, "is_active", False), AttributeError),
        (lambda alice: User(username="carol", is_active=True), AttributeError),
        (lambda alice: User.objects.create_user("carol", is_active=True), AttributeError),
        (lambda alice: User.objects.update(is_active=False), FieldError),
        (lambda alice: User.objects.update(is_active=F("is_staff")), FieldError),
    ],
)
def test_whoever_sets_it_is_told_what_to_do(alice, write, error):
    with pytest.raises(error, match="cannot be set: change the state"):
        write(alice)

    assert names(User.objects.filter(is_active=True)) == ["alice"]


def test_saving_it_is_an_error_as_with_a_name_that_is_no_field(alice):
    with pytest.raises(ValueError, match="non-concrete"):
        alice.save(update_fields=["is_active"])
    with pytest.raises(ValueError, match="concrete fields"):
        User.objects.bulk_update([alice], ["is_active"])


def test_djangos_own_backend_lets_only_active_users_in(everybody, settings):
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]

    assert authenticate(username="active1", password="active1") == everybody["active"]
    for state in OTHERS:
        assert authenticate(username=f"{state}1", password=f"{state}1") is None
        assert ModelBackend().get_user(everybody[state].pk) is None


def test_only_active_users_have_permissions(everybody):
    permission = Permission.objects.get(codename="view_user")
    for user in everybody.values():
        user.user_permissions.add(permission)

    able = [state for state, user in everybody.items() if user.has_perm("accounts.view_user")]

    assert able == ["active"]
    assert list(User.objects.with_perm("accounts.view_user")) == [everybody["active"]]
    assert len(User.objects.with_perm("accounts.view_user", is_active=None)) == 5
    assert len(User.objects.with_perm("accounts.view_user", is_active=False)) == 4


def test_a_superuser_who_is_locked_has_no_permissions(ada):
    UserFSM.objects.update(current_state="locked")

    assert not User.objects.get(pk=ada.pk).has_perm("accounts.view_user")


def test_djangos_form_for_forgotten_passwords_finds_active_users(everybody):
    User.objects.update(email="same@example.com")

    assert list(PasswordResetForm().get_users("Same@example.com")) == [everybody["active"]]


def test_a_list_in_the_admin_shows_it_and_filters_by_it(everybody, ada, signed_in, monkeypatch):
    monkeypatch.setattr(UserAdmin, "list_display", ("username", "is_active"))
    monkeypatch.setattr(UserAdmin, "list_filter", (("is_active", BooleanFieldListFilter),))
    monkeypatch.setattr(UserAdmin, "lookups", {"is_active__exact"})
    browser = signed_in(ada)

    page = browser.get("/admin/accounts/user/?is_active__exact=1&o=2").content.decode()

    assert ("active1" in page, "locked1" in page) == (True, False)
    assert "icon-yes" in page


def test_dumps_leave_it_out_and_old_fixtures_load(alice, tmp_path):
    dump = json.loads(serializers.serialize("json", [alice]))
    assert "is_active" not in dump[0]["fields"]
    dump[0]["fields"] |= {"is_active": True, "first_name": "loaded"}
    file = tmp_path / "old.json"
    file.write_text(json.dumps(dump))
    UserFSM.objects.filter(user=alice).update(current_state="locked")

    call_command("loaddata", str(file), verbosity=0)

    loaded = User.objects.get(pk=alice.pk)
    assert (loaded.first_name, loaded.is_active) == ("loaded", False)


def test_programs_of_the_previous_release_read_its_column(alice, execute):
    """They run during a deployment. It has a default, for those of the next release."""
    UserFSM.objects.update(current_state="locked")
    execute(
        "insert into accounts_user (username, password, is_superuser, first_name, last_name, email,"
        " is_staff, date_joined) values ('bob', '', false, '', '', '', false, now())"
    )

    assert execute("select username, is_active from accounts_user order by 1") == [
        ("alice", True),
        ("bob", True),
    ]


def test_who_was_shut_out_by_the_column_is_deactivated_by_the_migration(alice, bob, trail, execute):
    execute("update accounts_user set is_active = false where username = 'alice'")
    migration = import_module("accounts.migrations.0005_is_active")

    for _ in range(2):
        migration.deactivate(apps, SimpleNamespace(connection=connection))

    [entry] = trail.entries()
    assert (entry["username"], entry["end_state"], entry["reason"]) == (
        *("alice", "deactivated", "is_active was false"),
    )
    assert entry["initiated_by"] == "system:migrate"
