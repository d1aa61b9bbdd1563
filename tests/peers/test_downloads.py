"""Under real servers: a download of the audit that is broken off leaves nothing behind."""

import time
from urllib.request import Request, urlopen

import pytest

from audit.models import Export

from .peers import ADDRESS
from .servers import serving
from .test_servers import GUNICORN, headers

LIST = "/admin/audit/userstateaudit/"
UVICORN = ("uvicorn", "tests.peers.asgi:application", "--port={port}", "--lifespan=off")
# More than the system and the server take in before they wait.
MANY = """
    insert into user_state_audit (username, initiated_by, start_state, end_state, datetime,
           ip_address, user_id, db_user, transaction_id, reason)
    select 'many', 'mona', 'active', 'locked', clock_timestamp() - interval '1 hour',
           '192.0.2.1', n, 'web', n, repeat('x', 1000)
      from generate_series(1, 25000) as n
"""
COPYING = """
    select pid from pg_stat_activity
     where query like 'copy (select row_to_json%' and datname = current_database()
"""


@pytest.mark.parametrize(
    "command",
    [(*GUNICORN, "--workers=1"), (*GUNICORN, "--threads=4"), UVICORN],
    ids=["sync", "gthread", "uvicorn"],
)
def test_it_ends_in_the_database_and_the_next_request_is_served(sue, tmp_path, execute, command):
    execute(MANY)
    sent = headers(sue, ADDRESS)

    with serving(*command, folder=tmp_path) as port:
        site = f"http://127.0.0.1:{port}{LIST}"
        with urlopen(Request(f"{site}export.jsonl", headers=sent)) as download:
            download.read(100_000)
            assert execute(COPYING)
        deadline = time.monotonic() + 20
        while execute(COPYING):
            assert time.monotonic() < deadline
        assert urlopen(Request(site, headers=sent)).status == 200

    newest = Export.objects.filter(ends=None).latest("datetime")
    assert newest.end.entries is None
