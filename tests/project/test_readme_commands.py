"""The commands of the README run as they are pasted."""

import re
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from project import postgres
from project.settings import BASE_DIR

from .ups import SECONDS, copy_tree, environment, free_port, servers

pytestmark = pytest.mark.slow

README = (BASE_DIR / "README.md").read_text()
FIRST, PSQL, TESTS, DEPLOYMENT = re.findall(
    r"^```console\n(.*?)^```$", README, re.MULTILINE | re.DOTALL
)
DATABASE_URL = "postgresql://user:password@host:5432/database"
ROLES = ("web", "auditor", "postgres")
WHO = "select session_user;"


def test_the_first_two_are_those_of_other_tests():
    assert FIRST == "python3 manage.py up\n"
    assert TESTS == "python3 manage.py test\n"


@pytest.mark.parametrize(("line", "role"), [*zip(PSQL.splitlines(), ROLES, strict=True)])
def test_psql_opens_as_each_role_of_the_folder(tree: Path, line, role):
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=tree,
        env=environment(),
        input=WHO,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )

    assert f" {role}\n" in done.stdout, done.stderr
    assert servers(tree) == []


def test_a_deployment_serves(tmp_path):
    folder = copy_tree(tmp_path / "copy")
    port = free_port()
    more = {"GUNICORN_CMD_ARGS": f"--bind 127.0.0.1:{port}"}
    with postgres.temporary_server(postgres.memory_folder()) as server:
        pasted = f"set -e\n{DEPLOYMENT.replace(DATABASE_URL, server.url)}"
        pasted = pasted.replace(".venv/bin/gunicorn", "exec .venv/bin/gunicorn")
        process = subprocess.Popen(
            ["bash", "-c", pasted], cwd=folder, env=environment(**more), stdin=subprocess.DEVNULL
        )
        try:
            assert answer(process, f"http://127.0.0.1:{port}/readyz") == 200
        finally:
            process.terminate()
            process.wait(SECONDS)


def answer(process: subprocess.Popen, url: str) -> int | None:
    """The status of the page, once something serves."""
    request = urllib.request.Request(url, headers={"Host": "audit.example.com"})
    while process.poll() is None:
        try:
            return urllib.request.urlopen(request, timeout=5).status
        except urllib.error.HTTPError as error:
            return error.code
        except urllib.error.URLError:
            time.sleep(0.2)
    return None
