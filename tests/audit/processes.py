"""Programs that look at an arena, each as a process of its own."""

import os
import subprocess
import sys
import time

from project import postgres
from project.settings import BASE_DIR
from tests.arena import KEY, Arena

KEYS = {"seal_audit": {"AUDIT_SEAL_KEY": KEY.private_bytes_raw().hex()}}
WAITING = "select distinct pid from pg_locks where not granted and locktype = 'relation'"


def start(arena: Arena, role: str, program: str, *arguments: str) -> subprocess.Popen:
    """psql with sql/verify.sql, or a command of manage.py. What it complains of is told between
    what it prints."""
    url = arena.server.url_for(role, arena.name)
    if program == "psql":
        command = [postgres.PROGRAMS / "psql", "-X", *arguments, "-f", "sql/verify.sql", url]
    else:
        command = [sys.executable, "manage.py", program, *arguments]
    return subprocess.Popen(
        command,
        env=environment(arena, role) | KEYS.get(program, {}),
        cwd=BASE_DIR,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def environment(arena: Arena, role: str) -> dict[str, str]:
    own = {
        "DATABASE_URL": arena.server.url_for(role, arena.name),
        "AUDIT_SEAL_STATE": str(arena.memory().file),
    }
    return os.environ | own


def ended(process: subprocess.Popen) -> tuple[int, str]:
    """(exit code, what it told)."""
    told, _ = process.communicate(timeout=60)
    return process.returncode, told


def wait_for(arena: Arena, *processes: subprocess.Popen, sessions: int = 0) -> None:
    """Until each of them, and so many more, wait for a table; or a process has ended."""
    for _ in range(1000):
        running = [each for each in processes if each.poll() is None]
        if len(arena.sql("postgres", WAITING)) >= len(running) + sessions:
            return
        time.sleep(0.01)
    raise TimeoutError
