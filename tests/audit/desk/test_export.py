"""Exports: exactly the entries of the view, as CSV and JSON Lines, and a log of each."""

import csv
import json
from io import StringIO

import pytest

from accounts.models import UserFSM
from audit.context import acting_as
from audit.models import Export, UserStateAudit

LIST = "/admin/audit/userstateaudit/"
HIDDEN = {"subject_salt", "subject_digest", "actor_salt", "actor_digest"}


@pytest.fixture
def browser(sue, signed_in):
    return signed_in(sue)


def lock(user, **claims) -> None:
    with acting_as(**claims):
        UserFSM.objects.filter(user=user).update(current_state="locked")


def body(response) -> bytes:
    assert response.status_code == 200
    return b"".join(response.streaming_content)


def as_rows(content: bytes) -> list[dict[str, str]]:
    return [*csv.DictReader(StringIO(content.decode("utf-8-sig"), newline=""))]


def test_it(alice, browser, trail):
    lock(alice, user="nightly", reason='a "b", c\n=d', ip="192.0.2.1")
    content=body(browser.get(f"{LIST}export.csv?subject=alice"))
    print(content.decode())
    content=body(browser.get(f"{LIST}export.jsonl?subject=alice"))
    print(content.decode())
    r=browser.get(f"{LIST}export.jsonl?subject=alice")
    next(r.streaming_content); r.close()
    for e in Export.objects.order_by("datetime").values(): print(e)
    for u in ("", "exports/", "outside/", "print/", "export.csv?x=1", "export.foo"):
        r=browser.get(LIST+u); print(u, r.status_code, len(r.content))
    print(browser.get(LIST+"?q=alice%25'\\").content.decode().split("<textarea")[1][:900])
    print(browser.post(LIST+"views/", {"name":"a view","query":"?kind=outside&before=3.4"}))
    print(browser.get(LIST+"views/1/"))
    1/0
