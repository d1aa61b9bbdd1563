"""An invitation: a mail, a link, a password, and the person is active and signed in."""

import re
from datetime import timedelta
from threading import Event, Thread
from time import sleep

import pytest
from django.contrib.auth.models import Permission
from django.contrib.auth.tokens import default_token_generator
from django.db import connection, transaction
from django.test import Client

from accounts import links
from accounts.models import State, User, UserFSM
from tests.conftest import make_user

from .conftest import at_once, link_in, signed_in_by

PASSWORD = "correct horse 7"
INVITE = "/admin/accounts/user/invite/"


@pytest.fixture
def invite(signed_in, mona):
    """Invite in the admin, as Mona: ``invite("carol@example.com")``."""

    def send(addresses: str, by: User = mona, **headers):
        return signed_in(by, **headers).post(INVITE, {"addresses": addresses}, follow=True)

    return send


@pytest.fixture
def link(invite, mailoutbox):
    """Carol's link, as it came by mail."""
    invite("carol@example.com")
    return link_in(mailoutbox[-1])


def accept(link: str, password: str = PASSWORD, browser: Client | None = None):
    """Follow the link as a browser does, and choose a password."""
    browser = browser or Client(REMOTE_ADDR="198.51.100.20")
    page = browser.get(link, follow=True)
    where = page.redirect_chain[-1][0] if page.redirect_chain else link
    return browser.post(where, {"new_password1": password, "new_password2": password})


def carol() -> User:
    return User.objects.get(username="carol@example.com")


def test_a_mail_with_a_link_goes_to_the_person(invite, mailoutbox):
    answer = invite("carol@example.com")

    [mail] = mailoutbox
    assert mail.to == ["carol@example.com"]
    assert "/accounts/invitation/" in link_in(mail)
    assert "A link is on its way to carol@example.com." in answer.content.decode()
    assert carol().state == State.INVITED
    assert not carol().has_usable_password()


def test_the_invitation_is_recorded_as_the_managers(invite, trail):
    invite("carol@example.com", REMOTE_ADDR="203.0.113.7")

    [line] = trail.lines()
    assert (line["username"], line["start_state"], line["end_state"]) == (
        "carol@example.com",
        "new",
        "invited",
    )
    assert (line["initiated_by"], line["ip_address"]) == ("mona", "203.0.113.7")


def test_who_accepts_is_active_and_signed_in(link):
    answer = accept(link)

    assert answer["Location"] == "/"
    assert signed_in_by(answer)
    assert carol().state == State.ACTIVE
    assert carol().check_password(PASSWORD)


def test_the_activation_is_recorded_as_the_persons(link, trail):
    accept(link)

    [line] = trail.lines()
    assert (line["initiated_by"], line["ip_address"]) == ("carol@example.com", "198.51.100.20")
    assert (line["transition"], line["reason"]) == ("activate", "invitation accepted")


def test_looking_at_the_link_changes_nothing(link, trail):
    for _ in range(2):
        page = Client().get(link, follow=True)
        assert "Choose a password" in page.content.decode()

    assert trail.lines() == []


def test_the_token_does_not_stay_in_the_address(link):
    token = link.rstrip("/").rpartition("/")[2]

    page = Client().get(link, follow=True)

    assert token not in page.redirect_chain[-1][0]
    assert token not in page.content.decode()


@pytest.mark.parametrize("password", ["short", "12345678901", "password1", "carol@example.com"])
def test_djangos_validators_are_asked(link, trail, password):
    answer = accept(link, password)

    assert 'class="errorlist' in answer.content.decode()
    assert trail.lines() == []
    assert not carol().has_usable_password()


def test_a_password_of_a_megabyte_is_refused_before_it_is_hashed(link, trail, monkeypatch):
    monkeypatch.setattr("accounts.views.make_password", lambda password: pytest.fail("hashed"))

    answer = accept(link, "Xk9 " * 250_000)

    assert "This password is too long." in answer.content.decode()
    assert trail.lines() == []


def is_dead(link: str) -> bool:
    page = Client().get(link, follow=True).content.decode()
    says_so = "This link can no longer be used" in page
    assert says_so == ("ask for a new link" in page)
    return says_so


def test_it_works_once(link):
    assert not is_dead(link)

    accept(link)

    assert is_dead(link)


@pytest.mark.parametrize(("hours", "dead"), [(71.9, False), (72.1, True)])
def test_it_works_for_72_hours(invite, mailoutbox, monkeypatch, hours, dead):
    now = links.invitation_tokens._now()
    monkeypatch.setattr(links.invitation_tokens, "_now", lambda: now - timedelta(hours=hours))
    invite("carol@example.com")
    monkeypatch.undo()

    assert is_dead(link_in(mailoutbox[-1])) == dead


def test_a_newer_one_ends_it(link, invite, mailoutbox, trail):
    invite("Carol@Example.com")

    assert is_dead(link)
    assert not is_dead(link_in(mailoutbox[-1]))
    assert trail.lines() == []  # she was invited, and is


@pytest.mark.parametrize("state", ["active", "locked", "deactivated"])
def test_so_does_a_change_of_the_state(link, state):
    UserFSM.objects.update(current_state=state)

    assert is_dead(link)


def test_also_one_back_and_forth(link, execute):
    execute("update user_fsm set current_state = 'deactivated'")
    execute("update user_fsm set current_state = 'invited'")

    assert is_dead(link)


def test_so_does_another_address(link):
    User.objects.filter(pk=carol().pk).update(email="other@example.com")

    assert is_dead(link)


def test_so_does_a_deletion(link):
    carol().delete()

    assert is_dead(link)


@pytest.mark.parametrize(
    "damage",
    [
        lambda link: link[:-4] + "/",
        lambda link: link[:-2] + ("0" if link[-2] != "0" else "1") + "/",
        lambda link: link.replace("/invitation/", "/invitation/x"),
        lambda link: "/accounts/invitation/////",
        lambda link: "/accounts/invitation/%00/%00/",
        lambda link: "/accounts/invitation/OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5/abc-def/",
        lambda link: "/accounts/invitation/" + "A" * 3000 + "/abc/",
        lambda link: re.sub(r"/\w+-", "/0-", link),
    ],
)
def test_a_damaged_link_is_no_error(link, damage, trail):
    answer = Client().get(damage(link), follow=True)

    assert answer.status_code in (200, 404)
    assert "Choose a password" not in answer.content.decode()
    assert trail.lines() == []


def test_a_link_is_for_one_person_and_one_purpose(link, invite, mailoutbox):
    invite("dora@example.com")
    token = link.rstrip("/").rpartition("/")[2]
    doras = link_in(mailoutbox[-1])

    assert is_dead(doras.rstrip("/").rpartition("/")[0] + f"/{token}/")
    for page in ("unlock", "reset"):
        answer = Client().get(link.replace("/invitation/", f"/{page}/"), follow=True)
        assert "can no longer be used" in answer.content.decode()
    reset = default_token_generator.make_token(carol())
    assert is_dead(link.replace(token, reset))


def test_of_two_who_accept_at_once_one_gets_through(link, trail):
    browsers = [Client(), Client()]
    pages = [browser.get(link, follow=True).redirect_chain[-1][0] for browser in browsers]

    def choose(browser, page, password):
        return browser.post(page, {"new_password1": password, "new_password2": password})

    passwords = ("correct horse 1", "correct horse 2")
    answers = at_once(choose, zip(browsers, pages, passwords, strict=True))

    [winner] = [n for n, answer in enumerate(answers) if signed_in_by(answer)]
    assert carol().check_password(passwords[winner])
    assert "can no longer be used" in answers[1 - winner].content.decode()
    assert trail.moves() == [("invited", "active")]


def test_a_page_that_was_open_while_he_was_deactivated_lets_nobody_in(link, trail):
    browser = Client()
    page = browser.get(link, follow=True).redirect_chain[-1][0]
    UserFSM.objects.update(current_state="deactivated")
    trail.forget()

    answer = browser.post(page, {"new_password1": PASSWORD, "new_password2": PASSWORD})

    assert "can no longer be used" in answer.content.decode()
    assert not signed_in_by(answer)
    assert trail.lines() == []
    assert not carol().has_usable_password()


def test_a_new_link_can_be_asked_for(link, mailoutbox):
    answer = Client().post("/accounts/invitation/", {"email": "CAROL@example.com"}, follow=True)

    assert "a new link is on its way" in answer.content.decode()
    assert is_dead(link)
    assert signed_in_by(accept(link_in(mailoutbox[-1])))


@pytest.mark.parametrize("address", ["alice@example.com", "nobody@example.com"])
def test_whoever_asks_is_answered_alike_and_others_get_no_mail(alice, address, mailoutbox):
    User.objects.filter(pk=alice.pk).update(email="alice@example.com")

    answer = Client().post("/accounts/invitation/", {"email": address}, follow=True)

    assert "a new link is on its way" in answer.content.decode()
    assert mailoutbox == []


def test_nobodys_mailbox_is_flooded(link, mailoutbox):
    for _ in range(20):
        Client().post("/accounts/invitation/", {"email": "carol@example.com"})

    assert len(mailoutbox) == 1 + 5


def test_an_invited_person_with_a_password_does_not_sign_in(transactional_db, guess):
    make_user("carol", State.INVITED)

    assert not signed_in_by(guess("carol", "carol"))


# Many at once, and what is no address


def test_many_are_invited_at_once(invite, mailoutbox, trail):
    invite("a@example.com, b@example.com;c@example.com\n\n d@example.com\te@example.com,")

    assert sorted(mail.to[0][0] for mail in mailoutbox) == ["a", "b", "c", "d", "e"]
    assert trail.moves() == [("new", "invited")] * 5


def test_five_hundred_too(invite, mailoutbox):
    answer = invite("\n".join(f"user{n}@example.com" for n in range(500)))

    assert "and 490 more" in answer.content.decode()
    assert len(mailoutbox) == len({mail.to[0] for mail in mailoutbox}) == 500
    assert UserFSM.objects.filter(current_state="invited").count() == 500


def test_more_than_a_thousand_are_refused_with_a_sentence(invite, trail):
    answer = invite("\n".join(f"user{n}@example.com" for n in range(1001)))

    assert "At most 1000 people" in answer.content.decode()
    assert trail.lines() == []


def test_who_is_named_twice_is_invited_once(invite, mailoutbox):
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
        "carol@example.com\r\nBcc: victim@example.com",
        "carol@example.com%0aBcc:victim@example.com",
        "carol@exa\x00mple.com",
        "a" * 150 + "@example.com",
        "a" * 10_000,
        '"carol\\"@example.com',
        "carol@[127.0.0.1]",
        "<script>alert(1)</script>@example.com",
        ", ;\n",
        "",
    ],
)
def test_what_is_no_address_is_named_and_nobody_is_invited(invite, mailoutbox, trail, bad):
    answer = invite(f"dora@example.com, {bad}" if bad.strip(", ;\n") else bad)

    assert answer.status_code == 200
    assert 'class="errorlist' in answer.content.decode()
    assert "<script>alert(1)" not in answer.content.decode()
    assert (mailoutbox, trail.lines()) == ([], [])


@pytest.mark.parametrize("good", ["o'brien@example.com", "a+b@example.com", "x&y@sub.example.org"])
def test_unusual_addresses_are_addresses(invite, mailoutbox, good):
    invite(good)

    assert mailoutbox[-1].to == [good]
    assert signed_in_by(accept(link_in(mailoutbox[-1])))


@pytest.mark.parametrize("state", ["active", "locked", "deactivated"])
@pytest.mark.parametrize("written", ["alice@example.com", "ALICE@EXAMPLE.COM"])
def test_who_has_an_account_is_named_and_nobody_is_invited(
    alice, invite, mailoutbox, trail, state, written
):
    User.objects.filter(pk=alice.pk).update(email="Alice@example.com")
    UserFSM.objects.filter(user=alice).update(current_state=state)
    trail.forget()

    answer = invite(f"dora@example.com {written}")

    assert "There is an account already: alice." in answer.content.decode()
    assert (mailoutbox, trail.lines()) == ([], [])


def test_an_address_that_is_somebodys_user_name_is_taken(invite, mailoutbox):
    make_user("Erin@example.com", State.INVITED, email="other@example.com")

    answer = invite("erin@example.com")

    assert "There is an account already" in answer.content.decode()
    assert mailoutbox == []


def test_of_two_managers_who_invite_the_same_person_at_once_none_fails(invite, mailoutbox, trail):
    answers = at_once(invite, [("carol@example.com",), ("Carol@example.com",)])

    assert [answer.status_code for answer in answers] == [200, 200]
    assert trail.moves() == [("new", "invited")]
    assert not is_dead(link_in(mailoutbox[-1]))


def test_whom_somebody_else_adds_in_this_moment_is_said(invite, mailoutbox, trail):
    added = Event()

    def add():
        with transaction.atomic():
            User.objects.create_user("carol@example.com")
            added.set()
            sleep(0.3)  # so that the invitation has to wait for the commit
        connection.close()

    thread = Thread(target=add)
    thread.start()
    added.wait()
    answer = invite("dora@example.com carol@example.com")
    thread.join()

    assert "somebody else did that in this moment" in answer.content.decode()
    assert [line["username"] for line in trail.lines()] == ["carol@example.com"]
    assert mailoutbox == []


@pytest.mark.parametrize("clerk", ["sue", "bob"])
def test_who_may_not_invite_is_refused(request, clerk, invite, mailoutbox, trail):
    user = request.getfixturevalue(clerk)
    User.objects.filter(pk=user.pk).update(is_staff=True)
    trail.forget()

    assert invite("carol@example.com", by=user).status_code == 403
    assert (mailoutbox, trail.lines()) == ([], [])


def test_the_button_is_there_for_who_may(mona, bob, signed_in):
    assert INVITE in signed_in(mona).get("/admin/accounts/user/").content.decode()
    User.objects.filter(pk=bob.pk).update(is_staff=True)
    bob.user_permissions.add(Permission.objects.get(codename="view_user"))
    assert INVITE not in signed_in(bob).get("/admin/accounts/user/").content.decode()


def test_an_invited_persons_page_offers_a_new_invitation(link, mona, signed_in):
    browser = signed_in(mona)
    page = browser.get(f"/admin/accounts/user/{carol().pk}/change/").content.decode()
    [again] = re.findall(rf'href="({INVITE}\?[^"]+)"', page)

    assert ">carol@example.com</textarea>" in browser.get(again).content.decode().replace("\n", "")
    accept(link)
    page = browser.get(f"/admin/accounts/user/{carol().pk}/change/").content.decode()
    assert INVITE not in page


def test_two_managers_with_the_same_people_in_other_orders_do_not_fail(invite):
    addresses = [f"user{n}@example.com" for n in range(30)]

    for _ in range(2):  # first they are new, then they are invited
        lists = [("\n".join(each),) for each in (addresses, addresses[::-1])]
        assert [answer.status_code for answer in at_once(invite, lists)] == [200, 200]

    assert UserFSM.objects.filter(current_state="invited").count() == 30


def test_a_manager_does_not_invite_a_superadmin_again(
    link, invite, mona, ada, signed_in, mailoutbox
):
    User.objects.filter(pk=carol().pk).update(is_superuser=True)
    page = signed_in(mona).get(f"/admin/accounts/user/{carol().pk}/change/").content.decode()
    assert INVITE not in page

    answer = invite("carol@example.com")

    assert "There is an account already" in answer.content.decode()
    assert not is_dead(link)
    invite("carol@example.com", by=ada)
    assert is_dead(link)


def test_who_may_only_invite_comes_back_to_the_page(bob, invite, mailoutbox):
    User.objects.filter(pk=bob.pk).update(is_staff=True)
    bob.user_permissions.add(Permission.objects.get(codename="invite_user"))

    answer = invite("carol@example.com", by=bob)

    assert answer.redirect_chain == [(INVITE, 302)]
    assert "A link is on its way to carol@example.com." in answer.content.decode()


@pytest.mark.parametrize(
    "address",
    ["\u017fue@example.com", "\u0131an@example.com", "ü@example.com", "a@" + "ä" * 60 + ".com"],
)
def test_look_alikes_and_what_no_mail_can_reach_are_no_addresses(invite, mailoutbox, address):
    invite(address)

    assert {mail.to[0] for mail in mailoutbox} <= {"sue@example.com"}


def test_an_address_that_changes_while_the_password_is_hashed_ends_the_link(
    link, monkeypatch, trail
):
    def hash_slowly(password):
        User.objects.filter(pk=carol().pk).update(email="other@example.com")
        return "x"

    monkeypatch.setattr("accounts.views.make_password", hash_slowly)

    answer = accept(link)

    assert "can no longer be used" in answer.content.decode()
    assert trail.lines() == []
