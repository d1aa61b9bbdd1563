"""A real browser: Debian's Chromium, driven by Playwright, against a real server."""

import os
import shutil
from collections.abc import Callable
from threading import Thread

import pytest
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.db import connections
from playwright.sync_api import Browser, BrowserContext, Locator, Page, sync_playwright

from accounts.models import User
from project.wsgi import application
from tests.accounts.pages.conftest import BOTH_WAYS

CHROMIUM = shutil.which(os.environ.get("CHROMIUM", "chromium"))
QUIET = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"),
]
NARROW = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("no Chromium: install Debian's chromium, or set CHROMIUM to its path")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright keeps an event loop in this thread, which Django takes for an async view.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def office(browser: Browser, site: str) -> BrowserContext:
    """The browser that all staff share: it has cached the many files of the admin."""
    return browser.new_context(base_url=site)


@pytest.fixture(scope="session")
def site(django_db_setup) -> str:
    """The URL of the application, which runs as in gunicorn, with its static files."""
    server = ThreadedWSGIServer(("127.0.0.1", 0), QuietRequestHandler)
    server.set_app(application)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


class QuietRequestHandler(WSGIRequestHandler):
    def log_message(self, *args) -> None:
        pass


@pytest.fixture(params=BOTH_WAYS)
def atomic_requests(request, monkeypatch) -> None:
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", request.param)


@pytest.fixture
def new_page(browser: Browser, office: BrowserContext, transactional_db, site, signed_in):
    """Open a page in a new browser; or in the office's, with ``user`` signed in. Errors in its
    console or on its network fail the test in the end."""
    contexts, pages, problems = [], [], []

    def watch(page: Page) -> None:
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda m: m.type in ("error", "warning") and problems.append(m.text))
        page.on("request", lambda r: is_ours(r.url) or problems.append(f"another site: {r.url}"))
        page.on("response", lambda r: r.status < 400 or problems.append(f"{r.status}: {r.url}"))

    def is_ours(url: str) -> bool:
        return url.startswith((f"{site}/", "data:"))

    def open_page(user: User | None = None, **options) -> Page:
        context = office if user else browser.new_context(base_url=site, **options)
        if user:
            session = signed_in(user).cookies["sessionid"].value
            context.clear_cookies()
            context.add_cookies([{"name": "sessionid", "value": session, "url": site}])
        else:
            contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        pages.append(page)
        watch(page)
        return page

    yield open_page
    for each in (*pages, *contexts):
        each.close()
    assert problems == []


@pytest.fixture
def sign_in(new_page) -> Callable[..., Page]:
    """Sign in with the form: ``sign_in(alice)``."""

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
    """The entries that the audit's page shows of a user, the newest first, as text."""

    def look(username: str) -> list[str]:
        page = new_page(sue)
        page.goto(f"/admin/audit/userstateaudit/?q={username}")
        return [shown(row) for row in page.locator(".entry").all()]

    return look


def shown(row: Locator) -> str:
    """Of an entry in the list: "active → locked | mona | 127.0.0.1 | lock"."""
    states = [each.inner_text().lower() for each in row.locator(".entry-change .state").all()]
    actor = row.locator(".entry-actor a").first.inner_text()
    address = row.locator(".entry-address a").inner_text()
    how = row.locator(".entry-change .transition, .entry-change .override").all()
    return " | ".join([" → ".join(states), actor, address, how[0].inner_text() if how else "-"])
