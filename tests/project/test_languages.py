"""Pages and mails are in the language of the browser; what is recorded has one language."""

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.core import mail
from django.template.loader import render_to_string
from django.test import Client
from django.utils import translation

from accounts import links
from accounts.durations import in_words
from accounts.forms import TOO_MANY
from accounts.models import UserFSM
from tests.conftest import make_user
from tests.marked import mark_texts, unmarked

GERMAN = {"HTTP_ACCEPT_LANGUAGE": "de-AT,en;q=0.5"}
USERS, AUDIT = "/admin/accounts/user/", "/admin/audit/userstateaudit/"
# What is on pages as it is: names, words of formats and of SQL, and keys that are typed.
DATA = {
    *(
        "alice",
        "mona",
        "sue",
        "ada",
        "carol",
        "ida",
        "lost",
        "example",
        "com",
        "testserver",
        "http",
    ),
    *(
        "UTC",
        "CSV",
        "csv",
        "jsonl",
        "JSON",
        "SQL",
        "CLI",
        "PostgreSQL",
        "user",
        "state",
        "audit",
        "Deutsch",
    ),
    *("postgres", "rita", "Account", "managers", "Supervisors", "md"),  # roles, groups, a hash
    *("gap", "state"),  # kinds of findings
    *("Search", "True", "False"),  # which Django says of its pictures
    *(
        "Can",
        "add",
        "change",
        "delete",
        "view",
        "invite",
        "people",
        "manage",
        "py",
        "INSERT",
        "UPDATE",
        "DELETE",
    ),
}


def words_of(response) -> set[str]:
    assert response.status_code < 500
    return unmarked(response.content.decode()) - DATA


@pytest.fixture
def untranslated(monkeypatch, transactional_db):
    """Of each page that is asked for: the words that have not gone through gettext."""
    mark_texts(monkeypatch)

    def look(browser: Client, *paths: str) -> dict[str, set[str]]:
        found = {path: words_of(browser.get(path, follow=True)) for path in paths}
        return {path: words for path, words in found.items() if words}

    return look


def test_every_text_of_the_public_pages_can_be_translated(client, alice, untranslated):
    ida = make_user("ida", "invited", email="ida@example.com")
    alice.fsm.lock()
    alice.fsm.save()
    invited = links.link("invitation", ida, links.invitation_tokens.make_token(ida), "")
    locked = links.link("unlock", alice, links.unlock_tokens.make_token(alice), "")

    pages = ("login/", "login/?next=/", "password_reset/", "password_reset/done/", "reset/done/")
    links_of_nobody = ("reset/MQ/a-b/", "invitation/MQ/a-b/", "unlock/MQ/a-b/")
    others = ("invitation/", *links_of_nobody)
    assert untranslated(client, *(f"/accounts/{page}" for page in (*pages, *others))) == {}
    assert untranslated(client, invited, locked, "/nowhere/", "/readyz/") == {}
    wrong = {"username": "alice", "password": "wrong"}
    assert words_of(client.post("/accounts/login/", wrong)) == set()
    assert words_of(client.post("/accounts/login/")) == set()
    assert words_of(client.post("/accounts/invitation/", {"email": "x"})) == set()
    asked = client.post("/accounts/invitation/", {"email": "x@example.com"}, follow=True)
    assert words_of(asked) == set()


def test_every_text_of_a_users_own_pages_can_be_translated(alice, signed_in, untranslated):
    browser = signed_in(alice)
    pages = ("/", "/accounts/password_change/", "/accounts/password_change/done/", AUDIT)

    assert untranslated(browser, *pages) == {}
    passwords = {"old_password": "x", "new_password1": "1", "new_password2": "2"}
    assert words_of(browser.post("/accounts/password_change/", passwords)) == set()
    assert words_of(browser.post("/accounts/logout/", follow=True)) == set()


def test_every_text_that_a_manager_sees_can_be_translated(alice, mona, signed_in, untranslated):
    browser, carol = signed_in(mona), make_user("carol", "deactivated")
    page = f"{USERS}{alice.pk}/"
    pages = (f"{page}change/", f"{page}transition/lock/", f"{page}transition/unlock/")
    own = f"{USERS}{mona.pk}/change/"

    assert untranslated(browser, "/admin/", USERS, *pages, own, f"{USERS}invite/") == {}
    locked = browser.post(f"{page}transition/lock/", {"reason": "lost", "seen": "active"})
    assert words_of(browser.get(locked["Location"])) == set()
    refused = browser.post(f"{page}transition/unlock/", {"seen": "active"}, follow=True)
    assert words_of(refused) == set()
    keys = [user.pk for user in (alice, mona, carol)]
    asked = browser.post(USERS, {"action": "deactivate_selected", "_selected_action": keys})
    assert words_of(asked) == set()
    sent = {**dict(asked.context["hidden"]), "reason": "left"}
    assert words_of(browser.post(USERS, sent, follow=True)) == set()
    for addresses in ("", "carol", "new@example.com alice@@example.com"):
        sent = browser.post(f"{USERS}invite/", {"addresses": addresses}, follow=True)
        assert words_of(sent) - {"new"} == set()


def test_every_text_that_a_superadmin_sees_can_be_translated(alice, ada, signed_in, untranslated):
    browser, page = signed_in(ada), f"{USERS}{alice.pk}/"
    pages = (f"{page}change/", f"{page}override/", f"{page}delete/", f"{page}password/")
    found = untranslated(browser, *pages, f"{USERS}add/", "/admin/auth/group/")
    permissions = {word for each in Permission.objects.all() for word in each.name.split()}
    assert found.pop(f"{page}change/") <= permissions  # which the database has
    assert found == {}
    assert words_of(browser.post(f"{page}override/", {"state": "active", "reason": "x"})) == set()
    assert words_of(browser.post(f"{USERS}add/", {"username": "CLI"})) == set()


def test_every_text_of_the_desk_can_be_translated(alice, mona, sue, signed_in, untranslated):
    signed_in(mona).post(f"{USERS}{alice.pk}/transition/lock/", {"reason": "lost"})
    UserFSM.objects.filter(user=alice).update(current_state="active")
    browser = signed_in(sue)
    entry = re.search(rf"{AUDIT}(\d+)/", browser.get(AUDIT).content.decode())[1]
    names = ("at/", "exports/", "integrity/", "lockouts/", "outside/", "print/")
    moment = "2026-11-20T12:00"
    queries = (
        "?kind=job&end_state=locked&transition=lock",
        "?since=x&nonsense=1&kind=x",
        "?before=1.1",
    )
    at = (f"at/?moment={moment}", f"at/?moment={moment}&subject=alice", "at/?moment=x&state=active")
    odd = (f"{entry}/change/", f"user/{alice.pk}/", "user/999999999/", "999999999/change/")

    found = untranslated(
        browser, "/admin/", *(AUDIT + each for each in (*names, *queries, *at, *odd))
    )
    assert found == {}


@pytest.mark.parametrize(
    ("asked", "language", "words"),
    [("de-AT,en;q=0.5", "de", "Anmelden"), ("fr", "en", "Sign in"), ("", "en", "Sign in")],
)
def test_the_browser_chooses_the_language(client, db, asked, language, words):
    page = client.get("/accounts/login/", HTTP_ACCEPT_LANGUAGE=asked)

    assert page["Content-Language"] == language
    assert "Accept-Language" in page["Vary"]
    assert f'<html lang="{language}"' in page.text
    assert f"<h1>{words}</h1>" in page.text


@pytest.mark.parametrize(
    ("request_of", "status", "words"),
    [
        ({"path": "/nowhere/"}, 404, "Seite nicht gefunden"),
        ({"path": "/", "headers": {"host": "evil.example"}}, 400, "Ungültige Anfrage"),
        ({"path": "/", "CONTENT_LENGTH": "9" * 9}, 400, "Ungültige Anfrage"),
    ],
)
def test_errors_are_in_the_language_of_the_browser(client, db, request_of, status, words):
    page = client.get(**request_of, **GERMAN)

    assert (page.status_code, page["Content-Language"]) == (status, "de")
    assert '<html lang="de">' in page.text
    assert words in page.text


def test_the_page_of_an_error_within_the_site_is_too():
    with translation.override("de"):
        assert '<html lang="de">' in render_to_string("500.html")
        assert "Etwas ist schiefgegangen" in render_to_string("500.html")


def test_dates_numbers_and_durations_are_written_as_in_the_language(alice, signed_in):
    browser = signed_in(alice, **GERMAN)

    assert re.search(r"<time [^>]*>\d\d\.\d\d\.\d{4} \d\d:\d\d:\d\d<", browser.get("/").text)
    assert "1.024 Zeichen" in browser.get("/accounts/password_change/").text
    with translation.override("de"):
        assert in_words(timedelta(hours=72)) == "72 Stunden"
        assert str(TOO_MANY).endswith("in 15 Minuten erneut.")


def test_what_is_recorded_is_the_same_in_every_language(alice, mona, signed_in, trail):
    url = f"{USERS}{alice.pk}/transition/"
    for headers in ({}, GERMAN):
        signed_in(mona, **headers).post(f"{url}lock/", {"reason": "why"})
        signed_in(mona, **headers).post(f"{url}unlock/", {"reason": "why"})

    english, german = trail.entries()[:2], trail.entries()[2:]
    for name in ("start_state", "end_state", "transition", "initiated_by", "reason"):
        assert [entry[name] for entry in german] == [entry[name] for entry in english]
    notes = LogEntry.objects.order_by("pk").values_list("change_message", flat=True)
    assert [*notes] == 2 * ["State: active → locked. why", "State: locked → active. why"]
    assert alice.fsm.current_state == "active"


def test_a_mail_is_in_the_language_of_whoever_asks_for_it_for_themselves(alice, client):
    alice.email = "alice@example.com"
    alice.save()

    client.post("/accounts/password_reset/", {"email": alice.email}, **GERMAN)

    assert mail.outbox[0].subject == "Neues Passwort wählen"
    assert "72 Stunden" in mail.outbox[0].body


def test_a_mail_that_a_manager_causes_is_in_the_language_of_the_site(alice, mona, signed_in):
    alice.email = "alice@example.com"
    alice.save()
    browser = signed_in(mona, **GERMAN)

    browser.post(f"{USERS}{alice.pk}/transition/lock/", {"reason": "x"})
    browser.post(f"{USERS}invite/", {"addresses": "ida@example.com"}, follow=True)

    assert [each.subject for each in mail.outbox] == ["Your account is locked", "You are invited"]
