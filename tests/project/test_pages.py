"""What all pages have in common: nothing inline, nothing from other sites, clear errors."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import UserStateAudit
from project.settings import BASE_DIR

PUBLIC = ["login", "password_reset", "password_reset_done", "password_reset_complete"]
TEMPLATES = [path for path in BASE_DIR.glob("*/templates/**/*.html") if ".venv" not in path.parts]


def policy(response) -> dict:
    directives = response.headers["Content-Security-Policy"].split("; ")
    return dict(directive.split(" ", 1) for directive in directives)


@pytest.mark.parametrize("name", [*PUBLIC, "invitation_request", "home"])
def test_pages_allow_nothing_inline_and_nothing_from_other_sites(client, transactional_db, name):
    rules = policy(client.get(reverse(name)))

    assert rules["default-src"] == rules["base-uri"] == rules["frame-ancestors"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["form-action"] == "'self'"
    assert "unsafe" not in str(rules)


def test_so_do_pages_of_the_admin_and_errors(mona, signed_in):
    browser = signed_in(mona)

    for path in ("/admin/", "/nowhere/", "/admin/audit/userstateaudit/", "/favicon.ico"):
        assert policy(browser.get(path))["default-src"] == "'none'"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_script_or_style_within(path):
    text = path.read_text()

    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", text)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))


@pytest.mark.parametrize("name", PUBLIC)
def test_public_pages_need_no_sign_in(client, transactional_db, name):
    answer = client.get(reverse(name))

    assert answer.status_code == 200
    assert "<h1>" in answer.content.decode()


def test_home_shows_the_user_their_state_and_their_own_history(alice, bob, mona, signed_in, trail):
    signed_in(mona).post(f"/admin/accounts/user/{alice.pk}/transition/lock/", {"reason": "secret"})
    signed_in(mona).post(f"/admin/accounts/user/{alice.pk}/transition/unlock/", {})

    page = signed_in(alice).get("/").content.decode()

    assert re.findall(r'state-(\w+)">(?i:\1)', page)[:5] == [
        *("active", "locked", "active", "active", "locked"),
    ]
    assert "mona" in page
    assert "bob" not in page
    assert "secret" not in page


def test_home_is_in_utc_wherever_the_site_is(alice, signed_in, settings):
    settings.TIME_ZONE = "Asia/Tokyo"
    newest = UserStateAudit.objects.filter(user_id=alice.pk).first()

    page = signed_in(alice).get("/").text

    assert f">{newest.datetime:%Y-%m-%d %H:%M:%S}</time>" in page


def test_home_runs_few_queries(alice, signed_in, django_assert_max_num_queries):
    browser = signed_in(alice)

    with django_assert_max_num_queries(3):
        browser.get("/")


@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        ("/nowhere/", 404, "Page not found"),
        ("/admin/audit/userstateaudit/", 403, "You do not have access to this page"),
    ],
)
def test_errors_have_the_look_of_the_other_pages(alice, signed_in, path, status, sentence):
    alice.is_staff = True
    alice.save()

    answer = signed_in(alice).get(path)

    assert answer.status_code == status
    assert sentence in answer.content.decode()
    assert "accounts/pages.css" in answer.content.decode()


def test_a_form_from_another_site_is_refused(alice):
    browser = Client(enforce_csrf_checks=True)

    answer = browser.post("/accounts/login/", {"username": "alice", "password": "alice"})

    assert answer.status_code == 403
    assert "Nothing was changed." in answer.content.decode()


def test_a_host_that_is_not_ours_is_a_bad_request(client):
    answer = client.get("/", headers={"host": "evil.example"})

    assert answer.status_code == 400
    assert "Bad request" in answer.content.decode()


def test_a_user_without_access_is_told_as_whom_they_are_signed_in(alice, signed_in):
    page = signed_in(alice).get("/admin/", follow=True)

    expected = "You are signed in as alice, but you do not have access to this page."
    assert expected in page.content.decode()


@pytest.mark.parametrize(
    ("proxies", "believed"), [([], False), (["10.0.0.1"], False), (["127.0.0.1"], True)]
)
def test_only_our_own_proxy_says_that_a_request_came_by_tls(
    transactional_db, settings, proxies, believed
):
    settings.TRUSTED_PROXIES = proxies
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

    answer = Client().get("/accounts/login/", headers={"x-forwarded-proto": "https"})

    assert answer.status_code == (200 if believed else 301)


def test_a_cookie_that_we_did_not_set_is_not_an_error(client, transactional_db):
    client.cookies.load('sessionid="aaaaaaaaaaaaa\\000"; csrftoken="\\000"')

    assert client.get("/accounts/login/").status_code == 200
