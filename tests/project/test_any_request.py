"""No request is an error of ours, whoever sends it, and none shows what others may read."""

import re
from collections.abc import Iterator
from enum import Enum
from itertools import chain

import pytest
from django.contrib.admindocs.views import simplify_regex
from django.contrib.auth.models import Group
from django.db import transaction
from django.test import Client
from django.urls import URLResolver, get_resolver
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from accounts.models import State, User
from audit.context import acting_as
from audit.models import UserStateAudit
from tests.conftest import make_user

OF_USERS, OF_THE_AUDIT = "read by those who see users", "read by those who see the audit"
READERS = {OF_USERS: {"mona", "ada"}, OF_THE_AUDIT: {"sue", "ada"}}
ROLES = ["anonymous", "alice", "mona", "sue", "ada"]
METHODS = ["GET", "GET", "POST", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]


def paths(resolver: URLResolver, before: str = "") -> Iterator[str]:
    """Of all URLs, with the names of their parameters: /accounts/reset/<uidb64>/<token>/."""
    for pattern in resolver.url_patterns:
        here = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from paths(pattern, here)
        else:
            yield simplify_regex(here)


PATHS = sorted(set(paths(get_resolver())))
# What lists, forms, filters, pop-ups, actions and autocompletion of the admin read, and our forms.
NAMES = re.findall(
    r"\S+",
    """
    _to_field _popup _changelist_filters _facets _saveasnew _save _continue _addanother p o
    q e all next addresses action _selected_action select_across index post shown reason
    seen state email username password password1 password2 new_password1 new_password2
    old_password usable_password first_name last_name is_staff is_superuser is_active groups
    user_permissions name permissions last_login_0 last_login_1 date_joined_0 date_joined_1
    set-password fsm__current_state__exact groups__id__exact groups__isnull is_staff__exact
    is_superuser__exact datetime__gte window since until subject user_id start_state
    end_state transition override kind actor initiator_id address db_user program request
    transaction before after moment term app_label model_name
    field_name password__startswith accounts.user auth.group form-TOTAL_FORMS
    form-INITIAL_FORMS form-0-id csrfmiddlewaretoken
    """,
)
ODD = [
    *("", " ", "0", "1", "-1", "07", "2.5", "1e9", "9" * 19, "9" * 400, "NaN", "true", "None"),
    *("id", "pk", "username", "password", "fsm", "nonsense__exact", "lock_selected", "active"),
    *("delete_selected", "activate_selected", "unlock_selected", "deactivate_selected"),
    *("lock", "activate", "unlock", "deactivate"),
    *("\x00", "a\x00b", "\ud800", "é" * 90, "\u202e", "%", "%00", "_5F", "../..", "//evil.example"),
    *("1,2", "1:active", "1:active,2:active", "{}", "[]", "' or 1=1 --", "a" * 9000, "\r\nX: y"),
    *("30d", "all", "yes", "outside", "self", "CLI", "1.1764163823", "2026-01-31T12:00"),
    *("2024-01-01", "2024-13-45", "0001-01-01", "9999-12-31T23:59:59+14:00", "-1.0.1.-9", "on"),
    *("bob", "ada", "bob@example.com", "carol@example.com;dora@example.com", "https://x.example/"),
]
CONTROLS = ["_to_field", "_popup", "_changelist_filters", "_facets", "_saveasnew", "p", "o", "all"]
names = st.sampled_from(CONTROLS) | st.sampled_from(NAMES)
values = st.one_of(
    st.just(""), st.sampled_from(ODD), st.integers(0, 6).map(str), st.text(max_size=20)
)
pairs = st.lists(st.tuples(names, values), max_size=5)
fields = pairs | st.lists(st.tuples(st.text(max_size=8), values), max_size=3)
HEADERS = re.findall(
    r"\S+",
    """
    Accept Accept-Encoding Accept-Language Authorization Content-Encoding Expect If-Match
    If-None-Match If-Modified-Since Origin Range Referer Sec-Fetch-Site Transfer-Encoding
    X-CSRFToken X-Forwarded-For X-Forwarded-Host X-Forwarded-Proto X-HTTP-Method-Override
    X-Request-ID X-Requested-With
    """,
)
headers = st.dictionaries(
    st.sampled_from(HEADERS), st.sampled_from(["*/*", "XMLHttpRequest", "1", "é", ",", "a" * 900])
)
FORM = "application/x-www-form-urlencoded"
KINDS = [
    *(FORM, f"{FORM}; charset=utf-7", f"{FORM}; charset=nonsense", "application/json", "", ";"),
    *("multipart/form-data", "multipart/form-data; boundary=x", "multipart/form-data; boundary=é"),
]
PIECES = st.sampled_from(
    [
        *(b"--x\r\n", b"--x--", b"\r\n", b'Content-Disposition: form-data; name="action"', b"\xff"),
        *(b'Content-Disposition: form-data; name="f"; filename="a"', b"\r\n\r\n", b"[" * 9000),
        *(b"Content-Transfer-Encoding: base64", b"a=b&", b"%00=%ff&=&", b"{", b"a=1&" * 1100),
    ]
)
raw = st.tuples(st.sampled_from(KINDS), st.lists(PIECES, max_size=8).map(b"".join))


class Key(Enum):
    """One that there is, for a parameter of a path."""

    USER = "user"
    GROUP = "group"
    ENTRY = "entry"

    def find(self) -> str:
        model = {"user": User, "group": Group, "entry": UserStateAudit}[self.value]
        return str(model.objects.values_list("pk", flat=True)[0])


def encoded(fields: list[tuple[str, str]]) -> str:
    """Also what is no UTF-8."""

    def quote(text: str) -> str:
        return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogatepass"))

    return "&".join(f"{quote(name)}={quote(value)}" for name, value in fields)


requests = st.fixed_dictionaries(
    {
        "role": st.sampled_from(ROLES),
        "method": st.sampled_from(METHODS),
        "path": st.sampled_from(PATHS),
        "parameters": st.lists(st.sampled_from(Key) | values, min_size=3, max_size=3),
        "query": st.one_of(fields.map(encoded), st.sampled_from(["%", "&&==", "a=b;c", "%FF=%C0"])),
        "body": st.one_of(fields.map(lambda f: (FORM, encoded(f).encode())), raw),
        "headers": headers,
    }
)


ONCE_AN_ERROR = {
    "role": "ada",
    "method": "GET",
    "path": "/admin/accounts/user/<path:object_id>/change/",
    "parameters": [Key.USER, "", ""],
    "query": "_to_field=",
    "body": (FORM, b""),
    "headers": {},
}


@pytest.fixture
def sessions(alice, bob, mona, sue, ada, monkeypatch) -> dict[str, str]:
    """Of each role, the key of a session. Bob has what not everybody may read."""
    monkeypatch.setattr("accounts.views.SECONDS_TO_ANSWER", 0)
    monkeypatch.setattr("accounts.locks.LONGEST_WAIT", "50ms")
    User.objects.filter(pk=bob.pk).update(last_name=OF_USERS, email="bob@example.com")
    with acting_as("somebody", reason=OF_THE_AUDIT):
        make_user("carol", State.INVITED, email="carol@example.com")
    keys = {"anonymous": ""}
    for user in (alice, mona, sue, ada):
        browser = Client()
        browser.force_login(user)
        keys[user.username] = browser.session.session_key
    return keys


def send(sessions: dict, role, method, path, parameters, query, body, headers) -> None:
    with transaction.atomic():
        browser = Client(raise_request_exception=False)
        browser.cookies["sessionid"] = sessions[role]
        given = iter(chain(parameters, parameters))
        found = (each.find() if isinstance(each, Key) else each for each in given)
        path = re.sub(r"<[\w:]+>", lambda _: encoded([("", next(found))])[1:], path)
        kind, content = body
        answer = browser.generic(method, path, content, kind, QUERY_STRING=query, headers=headers)
        shown = b"".join(answer) if answer.streaming else answer.content
        transaction.set_rollback(True)
    assert answer.status_code < 500
    for text, readers in READERS.items():
        assert role in readers or text.encode() not in shown


@pytest.mark.parametrize("number", [100, pytest.param(10_000, marks=pytest.mark.slow)])
def test_no_request_is_an_error_or_shows_what_others_may_read(sessions, number):
    @settings(
        max_examples=number,
        deadline=None,
        database=None,
        derandomize=number == 100,
        suppress_health_check=list(HealthCheck),
    )
    @example(request=ONCE_AN_ERROR)
    @given(request=requests)
    def check(request: dict) -> None:
        send(sessions, **request)

    check()


def test_those_who_may_read_it_are_shown_it(sessions):
    """Or it would say nothing that the others are not."""
    users, audit = "/admin/accounts/user/", "/admin/audit/userstateaudit/"
    for text, readers in READERS.items():
        for role in readers:
            browser = Client()
            browser.cookies["sessionid"] = sessions[role]
            assert text in browser.get(users if text == OF_USERS else audit).content.decode()
