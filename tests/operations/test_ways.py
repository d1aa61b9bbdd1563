"""docs/replication.md tells of the ways that are tested, and of no other."""

import os
import re

from django.core.management import get_commands

from project.settings import BASE_DIR

from . import ways
from .ways import DOCUMENT, Way, with_table


def test_the_document_has_the_table_of_the_tests():
    document = DOCUMENT.read_text("utf-8")
    expected = with_table(document)
    if os.environ.get("WRITE_WAYS"):
        DOCUMENT.write_text(expected, "utf-8")

    assert expected == document, "Run this test with WRITE_WAYS=1 to write it anew."


def test_each_way_is_shown_by_a_test():
    names = {name for name, each in vars(ways).items() if isinstance(each, Way)}
    files = (BASE_DIR / "tests/operations").glob("test_*.py")
    used = {name for file in files for name in re.findall(r"ways\.([A-Z_]+)\b", file.read_text())}

    assert used == names


def test_each_command_of_manage_py_exists():
    named = set(re.findall(r"manage\.py (\w+)", DOCUMENT.read_text("utf-8")))

    assert named
    assert named <= {*get_commands()}
