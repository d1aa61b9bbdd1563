"""Settings come from the environment alone, and say what is missing."""

import os
import subprocess
import sys

import pytest
from django.test import Client

from project.settings import BASE_DIR
from project.wsgi import application

DATABASE_URL = "postgresql://me@127.0.0.1:1/db"
SERVER = {"DATABASE_URL": DATABASE_URL, "SECRET_KEY": "x"}


def python(code: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", code],
        env={"DJANGO_SETTINGS_MODULE": "project.settings", **environment},
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("environment", "missing"),
    [
        ({"SECRET_KEY": "x"}, "DATABASE_URL"),
        ({"DATABASE_URL": DATABASE_URL}, "SECRET_KEY"),
        ({"DATABASE_URL": DATABASE_URL, "SECRET_KEY": ""}, "SECRET_KEY"),
    ],
)
def test_a_server_has_to_be_given_what_it_needs(environment, missing):
    done = python("import project.wsgi", **environment)

    assert f"ImproperlyConfigured: The environment variable {missing} is not set." in done.stderr


def test_importing_the_settings_asks_no_database():
    code = "from project.settings import DATABASES as d; print(d['default']['NAME'])"

    done = python(code, DATABASE_URL=DATABASE_URL, SECRET_KEY="x")

    assert done.stdout == "db\n", done.stderr


def test_debug_is_off_unless_asked_for():
    code = "from project.settings import DEBUG; print(DEBUG)"

    assert python(code, DATABASE_URL=DATABASE_URL, SECRET_KEY="x").stdout == "False\n"


def test_gunicorns_application_serves_the_static_files():
    started = []
    environ = {"PATH_INFO": "/static/accounts/state.css", "REQUEST_METHOD": "GET"}

    response = application(environ, lambda status, headers: started.append(status))
    body = b"".join(response)
    response.close()

    assert started == ["200 OK"]
    assert b".state-locked" in body


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        env={"SECRET_KEY": "x" * 40 + "abcdefghij", "PATH": os.environ["PATH"], **environment},
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
    )


def test_the_deployment_check_is_clean_for_the_role_that_serves(arena):
    url = arena.server.url_for("web", arena.name)

    done = manage("check", "--deploy", "--fail-level", "WARNING", DATABASE_URL=url)

    assert "no issues (0 silenced)" in done.stdout, done.stderr


SECURE = (
    "from django.conf import settings as s;"
    " print(s.SECURE_SSL_REDIRECT, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE,"
    " s.SECURE_HSTS_SECONDS > 0, s.SESSION_COOKIE_HTTPONLY)"
)


@pytest.mark.parametrize(
    ("environment", "shown"),
    [
        ({}, "True True True True True"),
        ({"DEBUG": "1"}, "False False False False True"),
        ({"HTTPS": "0"}, "False False False False True"),
        *(({"HTTPS": odd}, "True True True True True") for odd in ("", "1", "true", "on")),
    ],
)
def test_cookies_and_pages_go_by_tls_only_outside_of_debug(environment, shown):
    done = python(SECURE, DATABASE_URL=DATABASE_URL, SECRET_KEY="x", **environment)

    assert done.stdout == f"{shown}\n", done.stderr


def test_plain_http_is_redirected_to_tls(settings, transactional_db):
    settings.SECURE_SSL_REDIRECT = True

    assert Client().get("/accounts/login/")["Location"] == "https://testserver/accounts/login/"
    assert Client().get("/accounts/login/", secure=True).status_code == 200


def test_without_allowed_hosts_only_this_machine_is_answered():
    code = "from project.settings import ALLOWED_HOSTS as a; print(a)"

    done = python(code, DATABASE_URL=DATABASE_URL, SECRET_KEY="x")

    assert done.stdout == "['localhost', '127.0.0.1', '[::1]']\n"


@pytest.mark.parametrize("url", ["audit.example.com", "ftp://x", "https://", "https://a b"])
def test_an_invalid_site_url_is_an_error(url):
    done = python("import project.settings", **SERVER, SITE_URL=url)

    assert "ImproperlyConfigured: SITE_URL is not of the form https://host." in done.stderr


def test_white_space_and_slashes_around_a_site_url_are_left_out():
    code = "from project.settings import SITE_URL as s; print(s)"

    assert python(code, **SERVER, SITE_URL=" https://a.example/ ").stdout == "https://a.example\n"
