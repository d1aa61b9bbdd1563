"""psql as a process of its own, on the database of the test."""

import os
import subprocess

from django.db import connection
from django.db.backends.postgresql.client import DatabaseClient


def psql(*arguments: str, **environment: str) -> str:
    """Run psql, stopping at the first error, and return what it prints."""
    command, login = DatabaseClient.settings_to_cmd_args_env(
        connection.settings_dict, ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", *arguments]
    )
    done = subprocess.run(
        command,
        env=os.environ | (login or {}) | environment,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
