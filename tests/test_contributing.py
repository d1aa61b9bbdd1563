"""CONTRIBUTING.md is true: its commands exist, and are those of .ci/run."""

import re
import shlex
import tomllib
from datetime import date

import pytest
from django.core.management import get_commands

from project.settings import BASE_DIR

PAGE = (BASE_DIR / "CONTRIBUTING.md").read_text()
CI = (BASE_DIR / ".ci/run").read_text()
DEV = (BASE_DIR / "requirements-dev.txt").read_text()
CHANGELOG = (BASE_DIR / "CHANGELOG.md").read_text()
PYPROJECT = tomllib.loads((BASE_DIR / "pyproject.toml").read_text())
COMMANDS = re.findall(r"^\$ (.+)$", PAGE, re.MULTILINE)


def test_every_command_exists():
    named = set(re.findall(r"manage\.py (\w+)", PAGE))
    tools = set(re.findall(r"\.venv/bin/(\w+)", PAGE))

    assert named <= {*get_commands(), "up", "test"}
    assert {"test", "expect_audit"} <= named
    assert tools == {"ruff", "mypy", "coverage"}
    for tool in tools:
        assert re.search(rf"^{tool}==", DEV, re.MULTILINE)


@pytest.mark.parametrize("command", [each for each in COMMANDS if "manage.py test" in each])
def test_the_tests_that_a_command_names_exist(command):
    words = shlex.split(command.partition("manage.py test")[2])

    for word in words:
        assert not word.startswith("tests/") or (BASE_DIR / word).exists()
    if "-m" in words:
        marker = words[words.index("-m") + 1].removeprefix("not ")
        assert any(each.startswith(f"{marker}:") for each in markers())


def markers() -> list[str]:
    return PYPROJECT["tool"]["pytest"]["ini_options"]["markers"]


def test_checks_are_those_of_ci():
    shared = [each for each in COMMANDS if re.search(r"/bin/(mypy|coverage)|ruff check", each)]

    assert len(shared) == 5
    for each in shared:
        assert f"\n{each}\n" in CI


def test_every_file_that_is_named_exists():
    named = re.findall(r"`((?:[\w.]+/)+(?:\w+\.\w+)?|[\w-]+\.(?:md|txt|toml))`", PAGE)

    assert len(named) > 15
    for each in set(named) - {".local/"}:
        assert (BASE_DIR / each).exists(), each


def test_one_sentence_stands_on_one_line():
    for line in re.sub(r"^```.*?^```$", "", PAGE, flags=re.MULTILINE | re.DOTALL).splitlines():
        assert not re.search(r"[a-z`)]\. [A-Z]", line), line


def test_the_newest_release_is_that_of_the_project_and_has_a_date():
    headings = re.findall(r"^## (.+)$", CHANGELOG, re.MULTILINE)

    newest, _, day = headings[1].partition(" - ")
    assert headings[0] == "Unreleased"
    assert newest == PYPROJECT["project"]["version"]
    assert date.fromisoformat(day)
