"""docs/threats.md tells of the attacks that are tested, and of no other."""

import os
from pathlib import Path

from .threats import DOCUMENT, WHO, all_attacks, with_tables


def test_the_document_has_the_tables_of_the_tests():
    document = DOCUMENT.read_text("utf-8")
    expected = with_tables(document)
    if os.environ.get("WRITE_THREATS"):
        DOCUMENT.write_text(expected, "utf-8")

    assert expected == document, "Run this test with WRITE_THREATS=1 to write it again."
    assert document.count("| refused |") > 40


def test_every_file_of_attacks_is_in_it():
    files = {path.stem for path in Path(__file__).parent.glob("test_*.py")}

    assert files == {"test_threats", "test_limits"} | {
        module for theirs in WHO.values() for module in theirs
    }


def test_there_are_at_least_sixty():
    assert sum(len(theirs) for _, theirs in all_attacks()) >= 60
