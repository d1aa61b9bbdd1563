"""docs/coexistence.md has the table of what is tested."""

import os
import re

from project.settings import BASE_DIR

from . import peers
from .peers import DOCUMENT, Peer, with_tables


def test_the_document_has_the_table_of_the_tests():
    document = DOCUMENT.read_text("utf-8")
    expected = with_tables(document)
    if os.environ.get("WRITE_PEERS"):
        DOCUMENT.write_text(expected, "utf-8")

    assert expected == document, "Run this test with WRITE_PEERS=1 to write it anew."


def test_each_row_is_shown_by_a_test():
    names = {name for name, each in vars(peers).items() if isinstance(each, Peer)}
    files = (BASE_DIR / "tests/peers").glob("test_*.py")
    used = {name for file in files for name in re.findall(r"\b[A-Z][A-Z0-9_]+\b", file.read_text())}

    assert names <= used
