"""A view as SQL: psql, as a reader, finds by it what the page shows."""

import html
import re

import pytest

from accounts.models import UserFSM
from audit.context import acting_as
from audit.desk.exports.as_sql import literal
from tests.conftest import make_user
from tests.psql import psql

from .conftest import LIST

NAMES = [
    "o'hara",
    "back\\slash\\",
    "\\' or true --",
    "100%",
    "%s",
    "_",
    "new\nline",
    ":name $1 $$",
    "\u202etxt\u200b é €",
    "'; drop table user_fsm; --",
]


def as_reader(sql: str, **environment: str) -> list[int]:
    """The ids that psql finds, as text: only the query, unchanged."""
    file = ("-c", "set role user_state_audit_reader", "-c", sql)
    return [int(line.split("|")[0]) for line in rows(psql(*file, **environment))]


def rows(printed: str) -> list[str]:
    """A name may go over several lines."""
    return [line for line in printed.splitlines() if re.match(r"\d+\|", line)]


def shown_sql(page: str) -> str:
    return html.unescape(re.search(r"<textarea[^>]*>\n(.*?)</textarea>", page, re.DOTALL)[1])


@pytest.mark.parametrize("preset", ["on", "off"])
def test_it_finds_what_the_page_shows_whatever_the_names_are(sues, preset):
    for name in NAMES:
        user = make_user(name)
        with acting_as(name, reason=name):
            UserFSM.objects.filter(user=user).update(current_state="locked")
    options = {"PGOPTIONS": f"-c standard_conforming_strings={preset} -c backslash_quote=on"}

    for query in [*({"actor": name} for name in NAMES), *({"q": name} for name in NAMES)]:
        page = sues.get(LIST, query | {"end_state": "locked", "window": "all"})

        ids = [row.entry.pk for row in page.context["page"].rows]
        assert ids
        assert as_reader(shown_sql(page.content.decode()), **options) == ids


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?window=all",
        "?kind=outside&window=7d",
        "?kind=self",
        "?kind=job&override=yes",
        "?since=2026-01-01&until=2026-01-02",
        "?user_id=1&transaction=5&transition=lock",
    ],
)
def test_each_kind_of_filter_runs_as_it_stands(alice, sues, query):
    page = sues.get(f"{LIST}{query}")

    shown = {row.entry.pk for row in page.context["page"].rows if not row.is_mass}
    assert shown <= {*as_reader(shown_sql(page.content.decode()))}


def test_a_view_that_cannot_be_understood_has_none(sues):
    assert "<textarea" not in sues.get(f"{LIST}?since=yesterday").content.decode()


def test_what_nobody_sees_is_written_as_its_code():
    assert literal("a\u202e\n\U000e0001'") == r"E'a\u202E\u000A\U000E0001'''".replace("'''", "'''")
    assert literal("plain é") == "'plain é'"
