"""The tables of attacks in docs/threats.md, from the tests themselves."""

import importlib
import re
from collections.abc import Iterator

from project.settings import BASE_DIR

DOCUMENT = BASE_DIR / "docs/threats.md"
BETWEEN = re.compile(r"(<!-- attacks: begin -->\n).*(<!-- attacks: end -->)", re.DOTALL)
WHO = {
    "test_application": "The application's role",
    "test_colleague": "A colleague at psql who may change states",
    "test_owner": "Who migrates, and owns",
    "test_superuser": "A superuser",
}


def attacks(module: str) -> Iterator[tuple[str, str]]:
    """(what is tried, what becomes of it), in the order of the file."""
    for name, test in vars(importlib.import_module(f"{__package__}.{module}")).items():
        for mark in getattr(test, "pytestmark", ()):
            if name.startswith("test_") and mark.name == "attack":
                yield name.removeprefix("test_").replace("_", " "), mark.args[0]


def tables() -> str:
    parts = []
    for module, who in WHO.items():
        rows = "".join(f"| {tried} | {outcome} |\n" for tried, outcome in attacks(module))
        parts.append(f"\n### {who}\n\n| tries, or does | which is |\n|---|---|\n{rows}")
    return "".join(parts) + "\n"


def with_tables(document: str) -> str:
    return BETWEEN.sub(lambda found: found[1] + tables() + found[2], document)
