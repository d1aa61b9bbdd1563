"""A real browser: Debian's Chromium, driven by Playwright, against a real server."""

import os
import shutil
from collections.abc import Callable

import pytest
from django.db import connections
from playwright.sync_api import Browser, Page, sync_playwright

from accounts.models import User

CHROMIUM = shutil.which(os.environ.get("CHROMIUM", "chromium"))
QUIET = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"),
]
NARROW = {"width": 390, "height": 844}


@pytest.fixture(scope="session")
def browser():
    if CHROMIUM is None:
        pytest.skip("no Chromium: install Debian's chromium, or set CHROMIUM to its path")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright keeps an event loop in this thread, which Django takes for an async view.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(params=[False, True], ids=["autocommit", "atomic requests"])
def atomic_requests(request, monkeypatch) -> None:
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", request.param)


@pytest.fixture
def new_page(browser: Browser, transactional_db, live_server, signed_in):
    """Opens a window of somebody's own, in which ``user`` is signed in already. Whatever its
    console or its network has to complain of fails the test in the end."""
    contexts, problems = [], []

    def watch(page: Page) -> None:
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda m: m.type in ("error", "warning") and problems.append(m.text))
        page.on("request", lambda r: is_ours(r.url) or problems.append(f"elsewhere: {r.url}"))
        page.on("response", lambda r: r.status < 400 or problems.append(f"{r.status}: {r.url}"))

    def is_ours(url: str) -> bool:
        return url.startswith((f"{live_server.url}/", "data:"))

    def open_page(user: User | None = None, **options) -> Page:
        context = browser.new_context(base_url=live_server.url, **options)
        context.set_default_timeout(10_000)
        contexts.append(context)
        context.on("page", watch)
        if user is not None:
            session = signed_in(user).cookies["sessionid"].value
            cookie = {"name": "sessionid", "value": session, "url": live_server.url}
            context.add_cookies([cookie])
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture
def sign_in(new_page) -> Callable[..., Page]:
    """Sign in by the page: ``sign_in(alice)``."""

    def go(user: User, page: Page | None = None) -> Page:
        page = page or new_page()
        page.goto("/accounts/login/")
        page.get_by_label("User name").fill(user.username)
        page.get_by_label("Password").fill(user.username)
        page.get_by_role("button", name="Sign in").click()
        return page

    return go


@pytest.fixture
def seen_by_supervisor(sue, new_page):
    """What the audit's page tells of somebody, the newest first, as lines of text."""

    def look(username: str) -> list[str]:
        page = new_page(sue)
        page.goto(f"/admin/audit/userstateaudit/?q={username}")
        columns = ("change", "initiated_by", "ip_address", "arrow")
        rows = page.locator("#result_list tbody tr").all()
        texts = [[row.locator(f".field-{name}").inner_text() for name in columns] for row in rows]
        return [" | ".join(each) for each in texts]

    return look
