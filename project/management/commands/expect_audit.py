"""manage.py expect_audit: write down what there has to be, from a fresh database."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import BaseCommand
from django.db import connection, transaction

from audit import expectation
from audit.findings import CannotLookError
from project import postgres
from project.settings import BASE_DIR, database

MIGRATES = "deployer"  # no superuser, as on a managed service
ROLE = f"create role {MIGRATES} login createrole"
DATABASE = f"create database fresh owner {MIGRATES}"


class Command(BaseCommand):
    help = "Write sql/verify/expected.sql: after each change of sql/ or of the state machine."
    requires_system_checks = []  # one of them says that this has to be run

    def handle(self, **options):
        try:
            expectation.load()
        except CannotLookError:
            expectation.write({"unfinished": ""})  # which migrate can read
        with fresh_database(), transaction.atomic():
            expectation.write(expectation.present(connection))
        self.stdout.write(f"{expectation.EXPECTED.relative_to(BASE_DIR)} is written.")


@contextmanager
def fresh_database() -> Iterator[None]:
    """Have Django use one that was just migrated, on a server of its own."""
    with postgres.temporary_server(postgres.memory_folder()) as server:
        server.execute(ROLE)
        server.execute(DATABASE)
        url = server.url_for(MIGRATES).rpartition("/")[0] + "/fresh"
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "--verbosity", "0", "--skip-checks"],
            cwd=BASE_DIR,
            env=os.environ | {"DATABASE_URL": url},
            check=True,
        )
        connection.close()
        connection.settings_dict.update(database(url))
        yield
        connection.close()
