"""Compare by pg_dump -s a fresh database with an upgraded one.

The upgraded one was made by the first release, the commit that last touched a first migration,
and then brought up to date by today's migrations.
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

FIRST_MIGRATIONS = ["accounts/migrations/0001*.py", "audit/migrations/0001*.py"]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, temporary_server() as server:
        release = first_release()
        print(f"The first release is {release[:12]}.")
        unpack(release, Path(folder))
        for tree, database in ((ROOT, "fresh"), (folder, "upgraded"), (ROOT, "upgraded")):
            migrate(server, Path(tree), database)
        compare(*(dump(server, database) for database in ("fresh", "upgraded")))


def first_release() -> str:
    return output("git", "log", "-1", "--format=%H", "--", *FIRST_MIGRATIONS).decode().strip()


def unpack(commit: str, folder: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(output("git", "archive", commit))) as archive:
        archive.extractall(folder, filter="data")


def migrate(server: Server, tree: Path, database: str) -> None:
    server.make_database(database)
    environment = os.environ | {
        "DATABASE_URL": server.url.rpartition("/")[0] + f"/{database}",
        "DJANGO_SETTINGS_MODULE": "project.settings",
        "PYTHONPATH": str(tree),
        "SECRET_KEY": "of no use",
    }
    command = [sys.executable, "-m", "django", "migrate", "--verbosity", "0"]
    subprocess.run(command, cwd=tree, env=environment, check=True)


def dump(server: Server, database: str) -> list[str]:
    lines = output(PROGRAMS / "pg_dump", "-s", "-h", server.socket, "-U", SUPERUSER, database)
    # \restrict is followed by a word that is another one each time.
    return [
        each
        for each in lines.decode().splitlines()
        if not each.startswith(("\\restrict", "\\unre"))
    ]


def compare(fresh: list[str], upgraded: list[str]) -> None:
    difference = list(difflib.unified_diff(fresh, upgraded, "fresh", "upgraded", lineterm=""))
    if difference:
        sys.exit("\n".join(difference))
    print(f"They are the same: {len(fresh)} lines of schema.")


def output(*command: str | Path) -> bytes:
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout


if __name__ == "__main__":
    main()
