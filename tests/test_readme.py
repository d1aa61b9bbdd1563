"""The README is true: its examples leave the rows that it shows, and its commands exist."""

import itertools
import re
from urllib.parse import parse_qs

import pytest
from django.conf import settings
from django.core.management import get_commands

from accounts import attempts, lockout, locks
from accounts.durations import in_words, link_lifetime
from audit.management.commands import migrate
from project import demo
from project.settings import BASE_DIR

from .psql import psql

README = (BASE_DIR / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
# Each example and, right behind it, the row that it leaves.
EXAMPLES = [
    (kind, code, shown)
    for (kind, code), (_, shown) in itertools.pairwise(BLOCKS)
    if kind in {"python", "http", "sql"}
]


def table(text: str) -> list[dict]:
    names, *rows = [[cell.strip() for cell in each.split("|")] for each in text.splitlines()]
    return [dict(zip(names, row, strict=True)) for row in rows]


@pytest.mark.parametrize(("kind", "code", "shown"), EXAMPLES, ids=[e[0] for e in EXAMPLES])
def test_each_example_leaves_the_row_that_is_shown(
    kind, code, shown, alice, mona, trail, signed_in
):
    if kind == "python":
        exec(code, {})
    elif kind == "http":
        request, fields = code.strip().splitlines()
        path = re.sub(r"\d+", str(alice.pk), request.removeprefix("POST "))
        data = {name: values[0] for name, values in parse_qs(fields).items()}
        signed_in(mona, REMOTE_ADDR="203.0.113.7").post(path, data)
    else:
        psql("-c", code)

    [expected] = table(shown)
    [found] = trail.entries()
    assert {name: found[name] or "" for name in expected} == expected


def test_there_is_an_example_of_each_kind():
    assert [kind for kind, _, _ in EXAMPLES] == ["python", "http", "python", "sql"]


def test_every_command_of_manage_py_exists():
    named = set(re.findall(r"manage\.py (\w+)", README))

    assert named
    assert named <= {*get_commands(), "up", "test"}


def test_every_file_that_is_named_exists():
    named = re.findall(r"`((?:benchmarks|sql|project|\.ci)/[\w./]*)`", README)

    assert named
    for each in named:
        assert (BASE_DIR / each).exists(), each


def test_what_up_prints_is_what_the_readme_shows():
    shown = next(text for kind, text in BLOCKS if "Sign in with" in text)
    starting, _, rest = shown.partition("\n\n")
    source = "".join(
        (BASE_DIR / each).read_text()
        for each in ("project/local.py", "project/management/commands/up.py")
    )

    assert demo.welcome("http://127.0.0.1:8000", "…").strip() == rest.strip()
    for line in starting.splitlines():
        assert f'"{line}"' in source


def test_every_system_check_that_is_named_exists():
    apps = (BASE_DIR / name for name in ("accounts", "audit", "project"))
    sources = "".join(path.read_text() for app in apps for path in app.rglob("*.py"))

    for name in re.findall(r"audit\.[WE]\d+", README):
        assert f'"{name}"' in sources


def test_limits_and_durations_are_those_of_the_code():
    numbers = {2: "two", 5: "five"}

    for words in (
        f"link that works once, for {link_lifetime()}",
        f"no attempt for {in_words(attempts.WINDOW)}",
        f"{numbers[lockout.ATTEMPT_LIMIT]} wrong passwords lock the account",
        f"has a limit of {lockout.ADDRESS_ATTEMPT_LIMIT} wrong passwords",
        f"after {numbers[int(locks.LONGEST_WAIT.removesuffix('s'))]} seconds the page",
        f"for {numbers[int(migrate.LOCK_TIMEOUT.removesuffix('s'))]} seconds at most",
        f"at most {settings.DATA_UPLOAD_MAX_MEMORY_SIZE / 1e6} MB",
    ):
        assert words.lower() in README.lower(), words


def test_one_sentence_stands_on_one_line():
    prose = re.sub(r"^```.*?^```$", "", README, flags=re.MULTILINE | re.DOTALL)

    for line in prose.splitlines():
        assert not re.search(r"[a-z`)]\. [A-Z]", line), line
