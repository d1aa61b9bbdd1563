"""A million entries of the first release are converted beside four writers. Takes a minute, so it
runs in CI only: manage.py test -s tests/operations/soak_conversion.py"""

import io
import os
import time

from django.core.management import call_command

from .filled import fill
from .test_conversion import assert_whole
from .writers import at_work

ENTRIES = int(os.environ.get("ENTRIES", 1_000_000))
LONGEST = 1.0  # seconds, for any change; the locks are waited for 0.3 at a time


def test_a_million_entries_are_converted_while_others_write(site, capsys):
    site = site("first_release")
    fill(site, ENTRIES)
    output = io.StringIO()

    begun = time.perf_counter()
    with at_work(site) as writers:
        time.sleep(2)
        before = max(each.longest for each in writers)
        for each in writers:
            each.longest = 0
        call_command("migrate", database="site", stdout=output, no_color=True)
        took = time.perf_counter() - begun

    changes, longest = sum(each.changes for each in writers), max(each.longest for each in writers)
    with capsys.disabled():
        print(output.getvalue())  # noqa: T201 - this is what it is run for
        print(  # noqa: T201 - likewise
            f"{ENTRIES:,} entries and {changes:,} changes in {took:.0f} s; the longest change took"
            f" {longest * 1000:.0f} ms, and {before * 1000:.0f} ms undisturbed"
        )
    assert_whole(site, ENTRIES + changes)
    assert longest < LONGEST
