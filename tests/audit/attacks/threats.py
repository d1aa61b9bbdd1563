"""The tables of attacks in docs/threats.md, from the tests themselves."""

import importlib
import re
from collections.abc import Iterator

from project.settings import BASE_DIR

DOCUMENT = BASE_DIR / "docs/threats.md"
BETWEEN = re.compile(r"(<!-- attacks: begin -->\n).*(<!-- attacks: end -->)", re.DOTALL)
WHO = {
    "The application's role": ["test_application"],
    "A colleague at psql who may change states": ["test_colleague"],
    "Who migrates, and owns": [
        "test_owner_entries",
        "test_owner_erasing",
        "test_owner_triggers",
        "test_owner_tables",
        "test_owner_grants",
        "test_owner_claims",
        "test_owner_code",
        "test_owner_races",
        "test_owner_summaries",
        "test_owner_archive",
    ],
    "A superuser": ["test_superuser"],
}


def attacks(module: str) -> Iterator[tuple[str, str]]:
    """(what is tried, what becomes of it), in the order of the file."""
    for name, test in vars(importlib.import_module(f"{__package__}.{module}")).items():
        for mark in getattr(test, "pytestmark", ()):
            if name.startswith("test_") and mark.name == "attack":
                yield name.removeprefix("test_").replace("_", " "), mark.args[0]


def all_attacks() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """(who, their attacks)."""
    for who, modules in WHO.items():
        yield who, [each for module in modules for each in attacks(module)]


def tables() -> str:
    parts = []
    for who, theirs in all_attacks():
        rows = "".join(f"| {tried} | {outcome} |\n" for tried, outcome in theirs)
        parts.append(f"\n### {who}\n\n| tries, or does | which is |\n|---|---|\n{rows}")
    return "".join(parts) + "\n"


def with_tables(document: str) -> str:
    return BETWEEN.sub(lambda found: found[1] + tables() + found[2], document)
