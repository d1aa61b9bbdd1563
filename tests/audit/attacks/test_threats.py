"""docs/threats.md tells of the attacks that are tested, and of no other."""

from pathlib import Path

from .threats import DOCUMENT, WHO, attacks, with_tables


def test_the_document_has_the_tables_of_the_tests():
    document = DOCUMENT.read_text("utf-8")

    assert with_tables(document) == document, "run: python -m tests.audit.attacks.threats"
    assert document.count("| refused |") > 40


def test_every_file_of_attacks_is_in_it():
    files = {path.stem for path in Path(__file__).parent.glob("test_*.py")}

    assert files == {*WHO, "test_threats"}


def test_there_are_at_least_sixty():
    assert sum(len(list(attacks(module))) for module in WHO) >= 60
