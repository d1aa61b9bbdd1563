"""The life of an account, as its user sees it, and what a supervisor sees then."""

import re

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User, UserFSM
from audit.context import acting_as

from .conftest import NARROW

pytestmark = pytest.mark.slow

both_ways = pytest.mark.usefixtures("atomic_requests")
PASSWORD = "correct horse 7"


def link_in(mail) -> str:
    return re.search(r"http://\S+", mail.body)[0]


def page_of(user: User) -> str:
    return f"/admin/accounts/user/{user.pk}/change/"


def attempt_wrong_passwords(page: Page, times: int = 5) -> None:
    page.goto("/accounts/login/")
    for n in range(times):
        page.get_by_label("User name").fill("alice")
        page.get_by_label("Password").fill(f"wrong {n}")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_text("Please enter a correct user name and password.")).to_be_visible()


@both_ways
def test_invited_accepted_signed_in(mona, new_page, mailoutbox, seen_by_supervisor):
    manager = new_page(mona)
    manager.goto("/admin/accounts/user/")
    manager.get_by_role("link", name="Invite people").click()
    manager.get_by_label("E-mail addresses").fill("carol@example.com, dora@example.com")
    manager.get_by_role("button", name="Invite").click()
    expect(manager.get_by_text("Invite: 2 users invited.")).to_be_visible()

    carol = new_page(viewport=NARROW)
    carol.goto(link_in(mailoutbox[0]))
    carol.get_by_label("New password", exact=True).fill(PASSWORD)
    carol.get_by_label("New password confirmation").fill(PASSWORD)
    carol.get_by_role("button", name="Choose this password").click()

    expect(carol.get_by_role("heading", name="carol@example.com")).to_be_visible()
    expect(carol.get_by_text("you are signed in")).to_be_visible()
    expect(carol.locator("dl .state")).to_have_text("Active")
    carol.goto(link_in(mailoutbox[0]))
    expect(carol.get_by_text("This link can no longer be used")).to_be_visible()
    assert seen_by_supervisor("carol")[:2] == [
        "invited → active | carol@example.com | 127.0.0.1 | activate",
        "new → invited | mona | 127.0.0.1 | -",
    ]


@both_ways
def test_locked_out_and_unlocked_by_mail(
    alice, sign_in, new_page, mailoutbox, trail, seen_by_supervisor
):
    User.objects.filter(pk=alice.pk).update(email="alice@example.com")
    page = new_page()
    attempt_wrong_passwords(page)
    sign_in(alice, page)
    expect(page.get_by_text("Please enter a correct user name and password.")).to_be_visible()

    page.goto(link_in(mailoutbox[0]))
    page.get_by_role("button", name="Unlock my account").click()
    expect(page.get_by_text("Your account is unlocked. You can sign in now.")).to_be_visible()
    sign_in(alice, page)

    expect(page.get_by_role("heading", name="alice")).to_be_visible()
    assert seen_by_supervisor("alice")[:2] == [
        "locked → active | alice | 127.0.0.1 | unlock",
        "active → locked | system:lockout | 127.0.0.1 | lock",
    ]
    assert len(trail.entries()) == 2


@pytest.mark.slow
@both_ways
def test_locked_out_and_unlocked_by_a_manager(alice, mona, sign_in, new_page, seen_by_supervisor):
    page = new_page()
    attempt_wrong_passwords(page)

    manager = new_page(mona)
    manager.goto(page_of(alice))
    expect(manager.locator(".state-panel .state")).to_have_text("Locked")
    manager.get_by_role("link", name="Unlock").click()
    manager.get_by_label("Reason").fill("Rang me up")
    manager.get_by_role("button", name="Unlock").click()
    expect(manager.get_by_text("The user alice is now active.")).to_be_visible()
    sign_in(alice, page)

    expect(page.get_by_role("heading", name="alice")).to_be_visible()
    assert seen_by_supervisor("alice")[:2] == [
        "locked → active | mona | 127.0.0.1 | unlock",
        "active → locked | system:lockout | 127.0.0.1 | lock",
    ]


@both_ways
def test_deactivated_while_signed_in(alice, mona, sign_in, new_page, seen_by_supervisor):
    page, manager = sign_in(alice), new_page(mona)

    manager.goto(page_of(alice))
    manager.get_by_role("link", name="Deactivate").click()
    manager.get_by_role("button", name="Deactivate").click()  # the browser asks for the reason
    assert "/transition/deactivate/" in manager.url
    manager.get_by_label("Reason").fill("Left the company")
    manager.get_by_role("button", name="Deactivate").click()
    expect(manager.get_by_text("The user alice is now deactivated.")).to_be_visible()
    page.get_by_role("link", name="Change password").click()

    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert seen_by_supervisor("alice")[0] == "active → deactivated | mona | 127.0.0.1 | deactivate"


@both_ways
def test_the_superadmins_override(alice, ada, new_page, seen_by_supervisor):
    page = new_page(ada)

    page.goto(page_of(alice))
    page.get_by_role("combobox", name="State").select_option("invited")
    page.get_by_label("Reason").fill("Activated by mistake")
    page.get_by_role("button", name="Set state").click()

    expect(page.get_by_text("The user alice is now invited.")).to_be_visible()
    assert seen_by_supervisor("alice")[0] == "active → invited | ada | 127.0.0.1 | OVERRIDE"


@pytest.mark.slow
def test_many_are_deactivated_from_the_list(alice, bob, mona, new_page, seen_by_supervisor):
    page = new_page(mona)

    page.goto("/admin/accounts/user/")
    for name in ("alice", "bob", "mona"):
        row = page.locator("#result_list tbody tr", has=page.get_by_role("link", name=name))
        row.locator(".action-select").check()
    page.locator("select[name=action]").select_option("deactivate_selected")
    page.locator("button[name=index]").first.click()
    expect(page.get_by_role("heading", name="Deactivate 2 users?")).to_be_visible()
    expect(page.get_by_text("mona (this is your own account)")).to_be_visible()
    page.get_by_label("Reason").fill("Site closed")
    page.get_by_role("button", name="Deactivate").click()

    expect(page.get_by_text("Deactivate: 2 users changed.")).to_be_visible()
    for name in ("alice", "bob"):
        entry = "active → deactivated | mona | 127.0.0.1 | deactivate"
        assert seen_by_supervisor(name)[0] == entry


@pytest.mark.slow
def test_the_audit_shows_claims_and_facts_beside_each_other(alice, mona, sue, new_page):
    with acting_as(mona, ip="203.0.113.121", reason="Has lost their telephone"):
        for state in ("deactivated", "active"):
            UserFSM.objects.filter(user=alice).update(current_state=state)
    page = new_page(sue)
    page.set_viewport_size({"width": 1280, "height": 800})

    page.goto("/admin/audit/userstateaudit/?q=alice")

    assert page.evaluate("document.scrollingElement.scrollWidth") <= 1280
    expect(page.locator(".entry-reason").first).to_have_text("Has lost their telephone")


def test_on_a_telephone_no_page_scrolls_sideways(alice, mona, new_page, sign_in):
    page = new_page(viewport=NARROW)
    for path in ("login", "password_reset", "invitation", "unlock/MQ/x-y", "invitation/MQ/x-y"):
        page.goto(f"/accounts/{path}/")
        assert page.evaluate("document.scrollingElement.scrollWidth") <= NARROW["width"]
    sign_in(mona, page)
    user = f"admin/accounts/user/{alice.pk}"
    for path in ("", "accounts/password_change/", f"{user}/change/", f"{user}/transition/lock/"):
        page.goto(f"/{path}")
        assert page.evaluate("document.scrollingElement.scrollWidth") <= NARROW["width"]
