"""Compare a fresh database with upgraded ones: by pg_dump -s, and by the rows of the transitions.

The upgraded ones were made by the first release, one with all of its migrations and one with the
first only, and then brought up to date by today's migrations.
"""

import difflib
import io
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from project.postgres import PROGRAMS, SUPERUSER, Server, temporary_server

# The last commit before a row of the audit was called an entry. Its migrations were released.
FIRST_RELEASE = "b531948"
UPGRADED = {"upgraded": [], "upgraded_from_0001": ["audit", "0001"]}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, temporary_server() as server:
        unpack(FIRST_RELEASE, Path(folder))
        migrate(server, ROOT, "fresh")
        for database, target in UPGRADED.items():
            migrate(server, Path(folder), database, *target)
            migrate(server, ROOT, database)
            compare(server, "fresh", database)


def unpack(commit: str, folder: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(output("git", "archive", commit))) as archive:
        archive.extractall(folder, filter="data")


def migrate(server: Server, tree: Path, database: str, *target: str) -> None:
    server.make_database(database)
    environment = os.environ | {
        "DATABASE_URL": server.url.rpartition("/")[0] + f"/{database}",
        "DJANGO_SETTINGS_MODULE": "project.settings",
        "PYTHONPATH": str(tree),
        "SECRET_KEY": "of no use",
    }
    command = [sys.executable, "-m", "django", "migrate", *target, "--verbosity", "0"]
    subprocess.run(command, cwd=tree, env=environment, check=True)


def compare(server: Server, fresh: str, upgraded: str) -> None:
    lines = dump(server, fresh)
    difference = list(
        difflib.unified_diff(lines, dump(server, upgraded), fresh, upgraded, lineterm="")
    )
    if difference:
        sys.exit("\n".join(difference))
    print(f"{upgraded} is the same as {fresh}: {len(lines)} lines.")


def dump(server: Server, database: str) -> list[str]:
    """The schema, and the rows of the transitions."""
    schema = pg_dump(server, database, "-s")
    transitions = pg_dump(server, database, "-a", "--inserts", "-t", "public.user_state_transition")
    return schema + sorted(transitions)


def pg_dump(server: Server, database: str, *options: str) -> list[str]:
    text = output(PROGRAMS / "pg_dump", *options, "-h", server.socket, "-U", SUPERUSER, database)
    # \restrict is followed by a word that is another one each time.
    return [
        line
        for line in text.decode().splitlines()
        if not line.startswith(("\\restrict", "\\unrestrict"))
    ]


def output(*command: str | Path) -> bytes:
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout


if __name__ == "__main__":
    main()
