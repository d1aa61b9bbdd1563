"""The tests are about this project, and not about what the environment says of others."""

import subprocess
import sys

import pytest

from project.settings import BASE_DIR

from .ups import environment

OF_OTHERS = {
    "ALLOWED_HOSTS": "example.com",
    "AUDIT_SEAL_KEY": "none",
    "COLUMNS": "40",
    "EMAIL_URL": "none",
    "FORCE_COLOR": "1",
    "GIT_DIR": "/nowhere",
    "HTTPS": "1",
    "LC_ALL": "xx_XX.UTF-8",
    "PGAPPNAME": "other",
    "PGHOST": "nowhere",
    "TZ": "America/St_Johns",
    "http_proxy": "http://127.0.0.1:9",
}
# Which compare what programs print, or record.
SENSITIVE = [
    "tests/test_readme.py",
    "tests/audit/commands/test_bad_input.py::test_a_reader_that_has_gone_is_said",
    "tests/audit/commands/test_verify_audit.py::test_names_cannot_write_on_the_terminal",
    "tests/audit/write_paths/test_psql.py",
]


@pytest.mark.slow
def test_they_pass_whatever_the_environment_says_of_others():
    env = {name: value for name, value in environment().items() if "PYTEST" not in name}

    done = subprocess.run(
        [sys.executable, BASE_DIR / "manage.py", "test", "-q", *SENSITIVE],
        env=env | OF_OTHERS,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stdout
