"""Every page of the desk by light and by night, on a desk and on a telephone: axe finds nothing,
nothing scrolls sideways, and a picture of it is kept in screenshots/."""

from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from accounts.models import User, UserFSM
from audit.context import acting_as
from audit.models import UserStateAudit

SCREENSHOTS = Path(__file__).resolve().parents[2] / "screenshots"
LIST = "/admin/audit/userstateaudit/"
PAGES = {
    "start": "/admin/",
    "list": LIST,
    "list filtered": f"{LIST}?subject=alice&kind=outside&window=all",
    "list empty": f"{LIST}?subject=nobody",
    "list not understood": f"{LIST}?since=yesterday",
    "entry": f"{LIST}ENTRY/change/",
    "entry unknown": f"{LIST}0/change/",
    "timeline": f"{LIST}user/ALICE/",
    "everybody then": f"{LIST}at/?moment=2026-11-01T12:00",
    "somebody now": f"{LIST}at/?moment=NOW&subject=alice",
    "lockouts": f"{LIST}lockouts/",
    "integrity": f"{LIST}integrity/",
    "outside": f"{LIST}outside/",
    "exports": f"{LIST}exports/",
    "print": f"{LIST}print/",
}
ACCOUNTS = {
    "users": "/admin/accounts/user/",
    "user": "/admin/accounts/user/ALICE/change/",
    "lock": "/admin/accounts/user/ALICE/transition/lock/",
    "invite": "/admin/accounts/user/invite/",
    "password": "/admin/accounts/user/ALICE/password/",
    "log": "/admin/accounts/user/ALICE/history/",
    "group": "/admin/auth/group/add/",
    "home": "/",
    "own password": "/accounts/password_change/",
}


@pytest.fixture
def history(alice, bob, ada) -> None:
    with acting_as(ada, ip="203.0.113.7", reason="Has lost their telephone"):
        UserFSM.objects.filter(user=alice).update(current_state="locked")
        UserFSM.objects.filter(user=alice).update(current_state="invited")
    with acting_as("system:lockout", ip="203.0.113.7"):
        UserFSM.objects.filter(user=bob).update(current_state="locked")
    UserFSM.objects.filter(user=alice).update(current_state="active")


@pytest.fixture(params=product((1280, 390), ("light", "dark")), ids=str)
def kind(request) -> tuple[int, str]:
    """The width of the screen, and its colours."""
    return request.param


@pytest.fixture
def opened(browser, site, signed_in, transactional_db, kind):
    """A page in which the user has signed in. axe writes styles into it, which our
    Content-Security-Policy would refuse."""
    contexts = []

    def open_page(user: User) -> Page:
        size = {"width": kind[0], "height": 844}
        context = browser.new_context(
            base_url=site, bypass_csp=True, viewport=size, color_scheme=kind[1]
        )
        contexts.append(context)
        session = signed_in(user).cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": session, "url": site}])
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.slow
def test_axe_finds_nothing(history, alice, sue, ada, opened, kind):
    SCREENSHOTS.mkdir(exist_ok=True)
    found = {}
    newest = UserStateAudit.objects.filter(user_id=alice.pk).latest("pk")
    there = {"ALICE": alice.pk, "ENTRY": newest.pk, "NOW": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}"}

    for page, name, path in [
        *((page, *each) for page in [opened(sue)] for each in PAGES.items()),
        *((page, *each) for page in [opened(ada)] for each in ACCOUNTS.items()),
    ]:
        for word, value in there.items():
            path = path.replace(word, str(value))
        page.goto(path)
        picture = "-".join([*name.split(), *map(str, kind)]) + ".png"
        page.screenshot(path=SCREENSHOTS / picture, full_page=True)
        width = page.evaluate("document.scrollingElement.scrollWidth")
        if width > kind[0]:
            found[name] = f"{width} pixels wide"
        for violation in Axe().run(page).response["violations"]:
            nodes = [node["html"][:120] for node in violation["nodes"][:3]]
            found[f"{name}: {violation['id']}"] = nodes

    assert found == {}


@pytest.mark.slow
def test_the_first_entry_is_one_tab_behind_skip_to_content(history, sue, new_page):
    page = new_page(sue)
    page.goto(LIST)

    page.keyboard.press("Tab")
    assert "skip" in page.evaluate("document.activeElement.className")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    assert page.evaluate("document.activeElement.closest('.entry') !== null")
