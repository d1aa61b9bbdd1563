"""The actor: the name and the key of a user, who signed in as them, and the hook that says so."""

import pytest
from django.contrib.auth import SESSION_KEY
from django.core.checks import run_checks
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import UserFSM
from audit.claims import Actor
from audit.context import Context, acting_as, current, entered, handover

pytestmark = pytest.mark.usefixtures("views")


@pytest.fixture
def actors(execute, trail):
    """Name, key and impersonator of each entry since."""

    def read() -> list[tuple]:
        return execute(
            "select initiated_by, initiator_id, impersonator from user_state_audit"
            f" where id > {trail.start} order by id"
        )

    return read


def hook_for_ada(request):
    return Actor.of(request.user, impersonator="ada")


def hook_for_keys(request):
    key = request.headers.get("Authorization", "").removeprefix("Key ")
    return f"key:{key}" if key else None


def hook_that_fails(request):
    raise LookupError(request.path)


def hook_that_says_nothing(request):
    return ""


def hook_that_says_what_no_name_is(request):
    return "\x00"


async def hook_that_waits(request):
    return "job"


def test_a_users_key_stands_beside_their_name(alice, mona, actors, set_state):
    with acting_as(mona):
        set_state("locked")
    with acting_as("mona"):
        set_state("active")

    everybody = UserFSM.objects.count()
    assert actors() == [("mona", mona.pk, None)] * everybody + [("mona", None, None)] * everybody


def test_who_takes_another_ones_name_is_told_from_them(alice, actors, set_state):
    key, alice.username = alice.pk, "root"
    with acting_as(alice):
        set_state("locked")

    assert actors() == [("root", key, None)]


def test_an_impersonator_alone_is_that_of_whoever_acts(alice, ada, actors, set_state):
    late = Context(actor=lambda: Actor.of(alice))
    for context, state in ((acting_as(alice), "locked"), (entered(late), "active")):
        with context, acting_as(impersonator=ada):
            UserFSM.objects.filter(user=alice).update(current_state=state)

    assert actors() == [("alice", alice.pk, "ada")] * 2


def test_a_new_actor_takes_the_key_and_the_impersonator_away(alice, ada, actors, set_state):
    with acting_as(alice, impersonator=ada):
        UserFSM.objects.filter(user=alice).update(current_state="locked")
        with acting_as("job"):
            UserFSM.objects.filter(user=alice).update(current_state="active")

    assert actors() == [("alice", alice.pk, "ada"), ("job", None, None)]


@pytest.mark.parametrize(
    "key", ["0b0e7a52-6d4c-4d0b-9c1b-0f4c1f0d7f10", 10**18, "123456789012345678x", "1\x002", "-1"]
)
def test_a_key_that_cannot_be_recorded_is_not_another_one(alice, actors, set_state, key):
    with acting_as("job", user_id=key):
        set_state("locked")

    assert actors() == [("job", None, None)]


def test_in_a_request_the_users_key_is_recorded(alice, actors, signed_in):
    signed_in(alice).get("/lock/")

    assert actors() == [("alice", alice.pk, None)]


def test_nobody_signed_in_has_no_key(alice, actors, client):
    client.get("/lock/")

    assert actors() == [("anonymous", None, None)]


@pytest.mark.parametrize(
    ("hook", "expected"),
    [
        ("hook_for_ada", "impersonated"),
        ("hook_for_keys", "key"),
        ("hook_that_fails", "unknown"),
        ("hook_that_says_nothing", "user"),
        ("hook_that_says_what_no_name_is", "unknown"),
    ],
)
def test_a_hook_says_who_it_is(alice, actors, settings, signed_in, hook, expected):
    settings.AUDIT_ACTOR = f"{__name__}.{hook}"

    signed_in(alice, headers={"authorization": "Key 7"}).get("/lock/")

    assert actors() == [
        {
            "impersonated": ("alice", alice.pk, "ada"),
            "key": ("key:7", None, None),
            "user": ("alice", alice.pk, None),
            "unknown": ("unknown", None, None),
        }[expected]
    ]


def test_where_the_hook_says_nothing_it_is_the_user(alice, actors, settings, signed_in):
    settings.AUDIT_ACTOR = f"{__name__}.hook_for_keys"

    signed_in(alice).get("/lock/")

    assert actors() == [("alice", alice.pk, None)]


@pytest.mark.parametrize(
    "path", ["nowhere.hook", "audit.actor.nothing", "hook", 7, f"{__name__}.hook_that_waits"]
)
def test_a_hook_that_is_not_there_is_found_by_check(settings, path):
    settings.AUDIT_ACTOR = path

    assert "audit.E003" in {each.id for each in run_checks(tags=["audit"])}


def test_what_is_handed_over_is_the_same_elsewhere(alice, ada, actors, set_state):
    with acting_as(alice, "192.0.2.1", "because", "7", impersonator=ada):
        handed = handover()
    with acting_as(**handed):
        UserFSM.objects.filter(user=alice).update(current_state="locked")
        assert handover() == handed

    assert actors() == [("alice", alice.pk, "ada")]
    assert handed["reason"] == "because"


def test_nobody_can_be_handed_over(alice, trail, set_state):
    with acting_as(**handover()):
        set_state("locked")

    assert trail.initiators() == ["CLI"]


@pytest.fixture
def stock_middleware(settings):
    """Django's own in the place of ours."""
    settings.MIDDLEWARE = [
        "django.contrib.auth.middleware.AuthenticationMiddleware"
        if each == "accounts.middleware.SessionUserMiddleware"
        else each
        for each in settings.MIDDLEWARE
    ]


@pytest.mark.parametrize("stock", [False, True])
@pytest.mark.parametrize("path", ["/user/", "/session/", "/statement/"])
def test_the_lookup_costs_no_query_more(alice, request, signed_in, stock, path):
    if stock:
        request.getfixturevalue("stock_middleware")
    client = signed_in(alice)

    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).content == b"alice"

    # The session and its user; and the page's own.
    assert len(queries) == 2 + (path == "/statement/")


def test_a_session_signed_with_a_former_key_stays_signed_in(
    alice, settings, signed_in, stock_middleware
):
    client = signed_in(alice)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"

    for _ in range(2):
        assert client.get("/user/").content == b"alice"

    assert client.session[SESSION_KEY] == str(alice.pk)


def test_a_generator_is_advanced_in_the_context_and_nothing_else(alice, trail, set_state):
    @acting_as("job")
    def work(first):
        set_state(first)
        sent = yield 1
        try:
            set_state(sent)
            yield 2
        except ValueError:
            set_state("invited")
            yield 3
        return 4

    def delegate():
        return (yield from work("locked"))

    generator = delegate()
    assert (next(generator), current()) == (1, None)
    assert (generator.send("active"), current()) == (2, None)
    assert generator.throw(ValueError) == 3
    with pytest.raises(StopIteration) as end:
        next(generator)
    assert end.value.value == 4
    assert trail.initiators() == ["job"] * 3


def test_a_generator_that_is_closed_ends_in_the_context(alice, trail, set_state):
    @acting_as("job")
    def work():
        try:
            yield
        finally:
            set_state("locked")

    generator = work()
    next(generator)
    generator.close()

    assert trail.initiators() == ["job"]
