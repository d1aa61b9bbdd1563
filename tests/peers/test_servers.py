"""Servers that answer several requests at once in one process."""

from concurrent.futures import ThreadPoolExecutor
from urllib.request import Request, urlopen

import pytest
from django.test import Client

from audit.models import UserStateAudit
from tests.conftest import make_user

from .peers import ADDRESS, GEVENT, GTHREAD, UVICORN
from .servers import serving

GUNICORN = ("gunicorn", "tests.peers.wsgi", "--bind=127.0.0.1:{port}")
OTHER = {"initiated_by": "bob", "initiator_id": "bob's", "ip_address": "198.51.100.9"}


def headers(user, address: str) -> dict[str, str]:
    """Of a browser in which the user has signed in, behind a proxy."""
    client = Client()
    client.force_login(user)
    session = client.cookies["sessionid"].value
    return {"Cookie": f"sessionid={session}", "X-Forwarded-For": address}


@pytest.mark.parametrize(
    ("peer", "path", "command"),
    [
        (GTHREAD, "slowly", (*GUNICORN, "--worker-class=gthread", "--threads=8")),
        (GEVENT, "slowly", (*GUNICORN, "--config=tests/peers/gevent_config.py")),
        (
            UVICORN,
            "slowly/async",
            ("uvicorn", "tests.peers.asgi:application", "--port={port}", "--lifespan=off"),
        ),
    ],
)
def test_each_request_is_recorded_as_its_own(alice, bob, tmp_path, trail, peer, path, command):
    make_user("carl")
    make_user("dora")
    trail.forget()
    asked = [
        ("carl", headers(alice, ADDRESS)),
        ("dora", headers(bob, OTHER["ip_address"])),
    ] * 4

    with serving(*command, folder=tmp_path) as port, ThreadPoolExecutor(len(asked)) as pool:

        def ask(subject, sent) -> int:
            url = f"http://127.0.0.1:{port}/{path}/{subject}"
            return urlopen(Request(url, headers=sent)).status

        assert set(pool.map(ask, *zip(*asked, strict=True))) == {200}

    entries = UserStateAudit.objects.filter(pk__gt=trail.start).values()
    assert {entry["username"] for entry in entries} == {"carl", "dora"}
    for entry in entries:
        by = peer if entry["username"] == "carl" else peer._replace(recorded=OTHER)
        by.recorded_as(entry)
