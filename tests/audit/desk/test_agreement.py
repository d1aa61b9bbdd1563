"""Whatever a view asks for: its pages, its count, both exports, the command and the SQL name the
same entries, which are those that Python finds among all."""

import json
import random
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.management import call_command

from audit.desk.listing import pages
from audit.desk.listing.rows import MASS, Row, statement
from audit.models import UserStateAudit
from tests.audit.questions.histories import write
from tests.conftest import make_user

from .conftest import LIST
from .oracle import Query, ends, finds, is_override
from .random_views import history, view
from .test_as_sql import as_reader, shown_sql
from .test_bars import BAR, number
from .test_export import body, from_csv, from_jsonl

pytestmark = pytest.mark.slow


@pytest.fixture
def zoe(transactional_db) -> int:
    return make_user("zoe").pk


@pytest.fixture(params=range(3))
def dice(request) -> random.Random:
    return random.Random(request.param)


@pytest.fixture
def entries(dice, zoe) -> list[UserStateAudit]:
    """The newest first."""
    address = f"192.0.2.{zoe}"
    write(history(dice, address, zoe))
    return [*UserStateAudit.objects.filter(ip_address=address).order_by("-pk")]


@pytest.fixture(autouse=True)
def small_pages(monkeypatch) -> None:
    monkeypatch.setattr(pages, "PER_PAGE", 6)


def walk(
    browser, query: Query, name: str, token: str | None = None
) -> list[tuple[Any, int | None]]:
    """The pages in one direction, each with the id beside which it begins."""
    found = []
    while True:
        asked = query | ({{"older": "before", "newer": "after"}[name]: token} if token else {})
        page = browser.get(LIST, asked)
        found.append((page, int(token.split(".")[0]) if token else None))
        token = getattr(page.context["page"], name)
        if token is None:
            return found


def covered(row: Row, left: list[UserStateAudit]) -> set[int]:
    """The ids of the entries that a row names; of a mass, all that are left."""
    if not row.is_mass:
        return {row.entry.pk}
    group = [each for each in left if statement(each) == statement(row.entry)]
    keys = {each.pk for each in group}
    assert (row.entries, row.lowest, row.highest) == (len(keys), min(keys), max(keys))
    assert row.entries >= MASS
    assert row.start_states == sorted({each.start_state for each in group})
    assert row.end_states == sorted({each.end_state for each in group})
    assert row.overrides == sum(map(is_override, group))
    names = {each.transition for each in group}
    assert row.transition == (names.pop() if len(names) == 1 else None)
    return keys


def named(page, beyond: list[UserStateAudit], ascending: bool = False) -> set[int]:
    """The ids of the entries of a page, none of which is in two rows."""
    rows = page.context["page"].rows
    assert [row.entry.pk for row in rows] == sorted((row.entry.pk for row in rows), reverse=True)
    keys: set[int] = set()
    for row in rows[::-1] if ascending else rows:
        more = covered(row, [each for each in beyond if each.pk not in keys])
        assert keys.isdisjoint(more)
        keys |= more
    return keys


def found_on(pages, expected: list[UserStateAudit], ascending: bool = False) -> set[int]:
    """The ids of the entries of the pages, each of which counts those of the whole view."""
    found: set[int] = set()
    for page, start in pages:
        beyond = [
            each
            for each in expected
            if start is None or (each.pk > start if ascending else each.pk < start)
        ]
        found |= named(page, beyond, ascending)
        assert counted(page) == len(expected)
    return found


def test_all_ways_name_the_same_entries(dice, entries, zoe, sues, tmp_path):
    for _ in range(6):
        query = view(dice, entries)
        expected = [each for each in entries if finds(query, each, zoe)]
        ids = [each.pk for each in expected]

        older = walk(sues, query, "older")
        first, last = older[0][0], older[-1][0]
        assert found_on(older, expected) == {*ids}
        if back := last.context["page"].newer:
            newer = walk(sues, query, "newer", back)
            assert found_on(newer, expected, True) == {*ids} - found_on(older[-1:], expected)
        assert as_reader(shown_sql(first.content.decode())) == ids
        assert exported(sues, query, tmp_path) == [ids, ids, ids]
        assert drawn(first) == of_all(query)


def counted(page) -> int:
    return number(re.search(r"<strong>([\d,]+) entr", page.content.decode())[1])


def exported(browser, query: Query, folder: Path) -> list[list[int]]:
    """By the pages and by the command."""
    file = folder / "file"
    arguments = [f"--{name.replace('_', '-')}={value}" for name, value in query.items()]
    call_command("export_audit", *arguments, "--format=jsonl", f"--to={file}", verbosity=0)
    found = [
        from_csv(body(browser.get(f"{LIST}export.csv?{urlencode(query)}"))),
        from_jsonl(body(browser.get(f"{LIST}export.jsonl?{urlencode(query)}"))),
        [json.loads(line) for line in file.read_text().splitlines()],
    ]
    return [[int(row["id"]) for row in rows] for rows in found]


def drawn(page) -> int:
    return sum(number(count) for _link, _day, count, *_ in BAR.findall(page.content.decode()))


def of_all(query: Query) -> int:
    begin, end = ends(query)
    return UserStateAudit.objects.filter(datetime__gte=begin, datetime__lt=end).count()
