"""Invalid names and passwords: an error of the form, and no hash."""

import pytest
from django.contrib.auth import authenticate
from django.test import Client

from accounts.attempts import AttemptCounter
from accounts.models import User
from tests.conftest import make_user

from .conftest import SIGN_IN, FewRounds, signed_in_by


def test_a_password_of_a_megabyte_is_not_hashed(alice, attempt, settings, monkeypatch):
    hashed = []
    monkeypatch.setattr(FewRounds, "encode", lambda self, *args: hashed.append(args) or "few$1$x$x")
    settings.PASSWORD_HASHERS = ["tests.accounts.pages.conftest.FewRounds"]

    for name in ("alice", "nobody"):
        answer = attempt(name, "x" * 1_000_000)
        assert "at most 1024 characters (it has 1000000)" in answer.content.decode()

    assert hashed == []
    assert not AttemptCounter.objects.exists()


@pytest.mark.parametrize("name", ["a\x00b", "x" * 100_000, "", "ÄÖ\ud83d\ude00", "' or 1=1 --"])
def test_odd_names_are_an_error_of_the_form(transactional_db, attempt, name):
    name = name.encode("utf-16", "surrogatepass").decode("utf-16")
    answer = attempt(name, "wrong")

    assert answer.status_code == 200
    assert 'class="errorlist' in answer.content.decode()


@pytest.mark.parametrize("field", ["username", "password"])
def test_a_text_that_no_account_can_have_is_refused_alike_for_all(alice, attempt, field):
    for name in ("alice", "nobody"):
        typed = {"username": name, "password": name, field: name + "x" * 1024}
        page = attempt(**typed).content.decode()
        assert "characters (it has" in page

    assert not AttemptCounter.objects.exists()


@pytest.mark.parametrize("name", ["a\x00b", "\ud800", "x" * 100_000])
def test_odd_names_are_no_users_for_other_callers_either(transactional_db, name):
    assert authenticate(username=name, password="x") is None


def test_an_address_as_user_name_is_written_with_capitals_too(transactional_db, attempt):
    make_user("alice@example.com")

    assert signed_in_by(attempt("Alice@Example.com", "alice@example.com"))


def test_the_exact_user_name_comes_first(transactional_db, attempt):
    make_user("Dora"), make_user("dora")

    answer = attempt("Dora", "Dora")

    user = User.objects.get(pk=answer.client.session["_auth_user_id"])
    assert user.username == "Dora"


@pytest.mark.parametrize("odd", [5, None, b"alice", ["alice"], {}, "\ud800"])
def test_odd_credentials_are_no_users_and_are_not_counted(alice, evaluated, odd):
    assert authenticate(username="alice", password=odd) is None
    assert authenticate(username=odd, password="alice") is None

    assert evaluated == []
    assert not AttemptCounter.objects.filter(key__startswith="password of user").exists()


@pytest.mark.parametrize("charset", ["unicode_escape", "utf-7", "hex", "idna", "punycode", "x"])
def test_forms_in_odd_charsets_are_read_as_utf8(alice, attempt, charset):
    for kind in ("multipart/form-data; boundary=x", "application/x-www-form-urlencoded"):
        part = 'Content-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
        parts = (part.format("username", "alice"), part.format("password", "\\ud800"))
        body = "".join(f"--x\r\n{each}" for each in parts) + "--x--\r\n"
        if "form-data" not in kind:
            body = "username=alice&password=%5Cud800"
        answer = Client().generic("POST", SIGN_IN, body, f"{kind}; charset={charset}")

        assert answer.status_code == 200
        assert "Please enter a correct user name" in answer.content.decode()
