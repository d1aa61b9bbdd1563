"""Inviting one user or many: addresses that are invalid, taken, repeated, or very many."""

from threading import Event, Thread

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction

from accounts import bulk
from accounts.admin import UserAdmin
from accounts.models import State, User, UserFSM
from tests.conftest import make_user

from .conftest import (
    INVITE,
    accept,
    at_once,
    carol,
    is_dead,
    link_in,
    signed_in_by,
    to_the_end,
    wait_until_somebody_waits,
)


def test_many_are_invited_at_once(invite, mailoutbox, trail):
    invite("a@example.com, b@example.com;c@example.com\n\n d@example.com\te@example.com,")

    assert sorted(mail.to[0][0] for mail in mailoutbox) == ["a", "b", "c", "d", "e"]
    assert trail.moves() == [("new", "invited")] * 5


@pytest.mark.slow
def test_five_hundred_are_invited_at_once(invite, mailoutbox):
    answer = invite("\n".join(f"user{n}@example.com" for n in range(500)))

    assert "Invite: 500 users invited." in answer.content.decode()
    assert len(mailoutbox) == len({mail.to[0] for mail in mailoutbox}) == 500
    assert UserFSM.objects.filter(current_state="invited").count() == 500


def test_each_address_can_have_a_request_of_its_own(alice, invite, mailoutbox, monkeypatch):
    monkeypatch.setattr(bulk, "SECONDS", 0)
    requests = []
    go_on = UserAdmin.go_on

    def note_and_go_on(admin, request, *args):
        before = len(mailoutbox)
        answer = go_on(admin, request, *args)
        requests.append(len(mailoutbox) - before)
        return answer

    monkeypatch.setattr(UserAdmin, "go_on", note_and_go_on)

    page = invite("nonsense a@example.com alice b@example.com").content.decode()

    assert requests == [1, 1]
    assert "Invite: 2 users invited." in page
    assert "Not invited: 2<" in page


def test_whom_a_batch_invited_that_was_broken_off_is_told_as_invited(
    mona, invite, signed_in, mailoutbox, monkeypatch, trail
):
    """Carol has another state when the batch runs again."""
    browser = signed_in(mona)
    browser.raise_request_exception = False
    monkeypatch.setattr(bulk, "SECONDS", 0)
    addresses = "a@example.com carol@example.com b@example.com c@example.com"
    first = browser.post(INVITE, {"addresses": addresses})
    monkeypatch.setattr(bulk, "SECONDS", 60)
    create = User.objects.create_user

    def break_off(address, *args):
        if address == "c@example.com":
            raise RuntimeError
        return create(address, *args)

    with monkeypatch.context() as patch:
        patch.setattr(User.objects, "create_user", break_off)
        assert browser.post(first["Location"]).status_code == 500
    UserFSM.objects.filter(user=carol()).update(current_state="deactivated")
    page = to_the_end(browser, browser.get(first["Location"])).content.decode()

    assert "Invite: 4 users invited." in page
    assert "Not invited" not in page
    assert [mail.to[0][0] for mail in mailoutbox] == ["a", "b", "c"]
    assert [entry["username"][0] for entry in trail.entries()] == ["a", "c", "b", "c", "c"]


def test_more_than_a_thousand_are_refused(invite, trail):
    answer = invite("\n".join(f"user{n}@example.com" for n in range(1001)))

    assert "At most 1,000 people" in answer.content.decode()
    assert trail.entries() == []


def test_a_user_who_is_named_twice_is_invited_once(invite, mailoutbox):
    invite("carol@example.com CAROL@example.com Carol@EXAMPLE.com")

    assert [mail.to for mail in mailoutbox] == [["carol@example.com"]]
    assert User.objects.filter(username__iexact="carol@example.com").count() == 1


@pytest.mark.parametrize(
    "bad",
    [
        "carol",
        "carol@",
        "@example.com",
        "carol@example",
        "Carol <carol@example.com>",
        "carol@example\r\nBcc: victim",
        "carol@example.com%0aBcc:victim@example.com",
        "a" * 150 + "@example.com",
        "a" * 10_000,
        '"carol\\"@example.com',
        "carol@[127.0.0.1]",
        "<script>alert(1)</script>@example.com",
    ],
)
def test_an_invalid_address_is_named_and_the_others_are_invited(invite, mailoutbox, trail, bad):
    page = invite(f"dora@example.com, {bad}").content.decode()

    assert "(not an e-mail address)</li>" in page
    assert "Invite: 1 user invited." in page
    assert "<script>alert(1)" not in page
    assert [mail.to for mail in mailoutbox] == [["dora@example.com"]]
    assert trail.moves() == [("new", "invited")]


@pytest.mark.parametrize("nothing", [", ;\n", "", "carol@exa\x00mple.com", "a" * 300_001])
def test_a_list_that_is_empty_or_too_long_is_an_error(invite, trail, nothing):
    assert 'class="errorlist' in invite(nothing).content.decode()
    assert trail.entries() == []


def upload(content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("people.csv", content, "text/csv")


def test_a_file_is_read_whatever_its_other_columns(alice, signed_in, mona, mailoutbox):
    lines = [
        "\ufeffName;E-mail",
        '"Carol, the first";"Carol@example.com"',
        "",
        "Dan;dan@",
        "x@example.com",
    ]

    page = signed_in(mona).post(
        INVITE,
        {"addresses": "a@example.com", "file": upload("\r\n".join(lines).encode())},
        follow=True,
    )

    assert {mail.to[0] for mail in mailoutbox} == {
        *("a@example.com", "carol@example.com", "x@example.com")
    }
    for refused in ("name", "e-mail", "dan@"):
        assert f"<li>{refused} (not an e-mail address)</li>" in page.content.decode()


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfea\x00@\x00", b"a@example.com\n" * 30_000, b"\x00\n\r,"]
)
def test_a_file_that_cannot_be_read_is_an_error(signed_in, mona, trail, content):
    answer = signed_in(mona).post(INVITE, {"file": upload(content)})

    assert answer.status_code == 200
    assert 'class="errorlist' in answer.content.decode()
    assert trail.entries() == []


@pytest.mark.parametrize("good", ["o'brien@example.com", "a+b@example.com", "x&y@sub.example.org"])
def test_unusual_addresses_are_addresses(invite, mailoutbox, good):
    invite(good)

    assert mailoutbox[-1].to == [good]
    assert signed_in_by(accept(link_in(mailoutbox[-1])))


@pytest.mark.parametrize("state", ["active", "locked", "deactivated"])
@pytest.mark.parametrize("written", ["alice@example.com", "ALICE@EXAMPLE.COM"])
def test_a_user_with_an_account_is_named_and_the_others_are_invited(
    alice, invite, mailoutbox, trail, state, written
):
    User.objects.filter(pk=alice.pk).update(email="Alice@example.com")
    UserFSM.objects.filter(user=alice).update(current_state=state)
    trail.forget()

    answer = invite(f"dora@example.com {written}")

    assert "alice@example.com (an account already exists)" in answer.content.decode()
    assert [mail.to for mail in mailoutbox] == [["dora@example.com"]]
    assert trail.moves() == [("new", "invited")]


def test_an_address_that_is_somebodys_user_name_is_taken(invite, mailoutbox):
    make_user("Erin@example.com", State.INVITED, email="other@example.com")

    answer = invite("erin@example.com")

    assert "an account already exists" in answer.content.decode()
    assert mailoutbox == []


def test_two_managers_who_invite_the_same_user_at_once_do_not_fail(invite, mailoutbox, trail):
    answers = at_once(invite, [("carol@example.com",), ("Carol@example.com",)])

    assert [answer.status_code for answer in answers] == [200, 200]
    assert trail.moves() == [("new", "invited")]
    assert not is_dead(link_in(mailoutbox[-1]))


def test_a_user_whom_somebody_else_adds_meanwhile_is_not_invited(invite, mailoutbox, trail):
    added = Event()

    def add():
        with transaction.atomic():
            User.objects.create_user("carol@example.com")
            added.set()
            wait_until_somebody_waits()
        connection.close()

    thread = Thread(target=add)
    thread.start()
    added.wait()
    answer = invite("dora@example.com carol@example.com")
    thread.join()

    assert "somebody else has just changed this user" in answer.content.decode()
    assert {entry["username"] for entry in trail.entries()} == {
        *("carol@example.com", "dora@example.com")
    }
    assert [mail.to for mail in mailoutbox] == [["dora@example.com"]]


@pytest.mark.parametrize(
    "address",
    ["\u017fue@example.com", "\u0131an@example.com", "ü@example.com", "a@" + "ä" * 60 + ".com"],
)
def test_look_alikes_and_unreachable_addresses_are_refused(invite, mailoutbox, address):
    invite(address)

    assert {mail.to[0] for mail in mailoutbox} <= {"sue@example.com"}
