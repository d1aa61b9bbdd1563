"""Runs Django's own test suite without and with a context in force, with both drivers.

    .venv/bin/python tests/peers/django/run.py            # the labels of labels.txt
    .venv/bin/python tests/peers/django/run.py --short    # its first paragraph
    .venv/bin/python tests/peers/django/run.py --all      # everything
    .venv/bin/python tests/peers/django/run.py queries    # these labels

It fails on each test that ends in another way with the context than without it, but for those in
differences.py. Downloads Django's source, and runs on Debian's PostgreSQL, which has the collations
and extensions that the suite asks for.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(ROOT))

from project import postgres
from tests.peers.django.differences import EXPECTED
from tests.peers.django.downloads import installed, source

# Two paragraphs: those of --short, and the others of the default.
SHORT, OTHERS = (part.split() for part in (HERE / "labels.txt").read_text().split("\n\n"))


class Driver(NamedTuple):
    """A driver, and how Django is told to use it."""

    name: str
    requirements: str = ""
    options: dict = {}


PSYCOPG = "tests/peers/psycopg.txt"
DRIVERS = (
    Driver("psycopg2"),
    Driver("psycopg", PSYCOPG),
    Driver("psycopg-server-side-binding", PSYCOPG, {"server_side_binding": True}),
    Driver("psycopg-pool", PSYCOPG, {"pool": True}),
)


class Debians(postgres.Server):
    programs = Path("/usr/lib/postgresql/15/bin")
    initdb_options = ("--locale=C.UTF-8",)


class Suite:
    """Django's suite on one server, with one driver."""

    def __init__(self, server, folder: Path, driver: Driver):
        self.server, self.folder, self.driver = server, folder, driver
        beside = [installed(folder, "tools", HERE / "requirements.txt")]
        if driver.requirements:
            beside.append(installed(folder, "psycopg", ROOT / driver.requirements))
        self.path = os.pathsep.join(map(str, [*beside, HERE, ROOT]))

    def run(self, labels: list[str], with_context: bool) -> dict:
        outcome = self.folder / "outcome.json"
        outcome.unlink(missing_ok=True)
        environment = os.environ | {
            "PYTHONPATH": self.path,
            "SUITE_HOST": str(self.server.socket),
            "SUITE_USER": "postgres",
            "SUITE_NAME": "with" if with_context else "without",
            "SUITE_OPTIONS": json.dumps(self.driver.options),
            "SUITE_CONTEXT": "1" if with_context else "0",
            "SUITE_OUTCOME": str(outcome),
        }
        with open(self.folder / "output", "w") as output:
            command = [sys.executable, "runtests.py", "--settings=suite_settings", "--noinput"]
            subprocess.run(
                [*command, "--parallel=2", *labels],
                cwd=source(self.folder) / "tests",
                env=environment,
                stdout=output,
                stderr=output,
            )
        if not outcome.exists():
            sys.exit((self.folder / "output").read_text()[-3000:])
        return json.loads(outcome.read_text())

    def differences(self, labels: list[str]) -> dict[str, str]:
        """The tests that end in another way, twice, and how."""
        without, with_context = (self.run(labels, each) for each in (False, True))
        found = differing(without, with_context)
        fail = sum(how in ("failures", "errors") for how, _ in without["not passed"].values())
        print(
            f"{self.driver.name}: {with_context['run']} tests, {fail} fail in any case,"
            f" {len(found)} differ",
            flush=True,
        )
        if not found:
            return {}
        again = differing(*(self.run(sorted(found), each) for each in (False, True)))
        for name in sorted(found.keys() - again):
            print(f"  {name}: differs no more: {found[name]}", flush=True)
        return again


def differing(without: dict, with_context: dict) -> dict[str, str]:
    before, after = without["not passed"], with_context["not passed"]
    found = {}
    for name in {*before, *after}:
        (old, _), (new, text) = (each.get(name, ("passed", "")) for each in (before, after))
        if old != new:
            last = text.strip().rpartition("\n")[2]
            found[name] = f"{old} without, {new} with the context: {last}"
    if not found and without["run"] != with_context["run"]:
        sys.exit(f"{without['run']} tests ran without the context, {with_context['run']} with it.")
    return found


def compared(labels: list[str], folder: Path, drivers: list[Driver]) -> Iterator[str]:
    """Each difference that nobody has explained."""
    with postgres.temporary_server(postgres.memory_folder(), Debians) as server:
        for driver in drivers:
            for name, how in sorted(Suite(server, folder, driver).differences(labels).items()):
                print(f"  {name}: {EXPECTED.get(name, how)}", flush=True)
                if name not in EXPECTED:
                    yield name


def main() -> None:
    parser = argparse.ArgumentParser(description="Django's own suite, without and with a context.")
    parser.add_argument("labels", nargs="*")
    parser.add_argument("--short", dest="chosen", action="store_const", const=SHORT)
    parser.add_argument("--all", dest="chosen", action="store_const", const=[])
    parser.set_defaults(chosen=SHORT + OTHERS)
    names = [each.name for each in DRIVERS]
    parser.add_argument("--driver", choices=names, action="append", help="two without it")
    parser.add_argument("--folder", type=Path, help="keeps what is downloaded")
    given = parser.parse_args()
    drivers = [each for each in DRIVERS if each.name in (given.driver or names[:2])]
    with tempfile.TemporaryDirectory() as temporary:
        folder = (given.folder or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        found = list(compared(given.labels or given.chosen, folder, drivers))
    sys.exit(f"{len(found)} differences are not explained." if found else 0)


if __name__ == "__main__":
    main()
