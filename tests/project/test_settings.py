"""Settings come from the environment alone, and say what is missing."""

import subprocess
import sys

import pytest

from project.settings import BASE_DIR
from project.wsgi import application

DATABASE_URL = "postgresql://me@127.0.0.1:1/db"


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
