"""manage.py expect_audit: write down what there has to be, from a fresh database."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import BaseCommand, CommandError
from django.db import connection, transaction

from audit import expectation
from audit.findings import CannotLookError
from audit.readiness import newest_migration
from project import postgres
from project.settings import BASE_DIR, database

MIGRATES = "deployer"  # no superuser, as on a managed service
ROLE = f"create role {MIGRATES} login createrole"
DATABASE = f"create database fresh owner {MIGRATES}"


UNKNOWN = (
    "What there has to be changes, and other versions know it by a migration: make one with"
    " makemigrations audit --empty, or give --amend where audit.{} is deployed nowhere yet."
)


class Command(BaseCommand):
    help = "Write sql/verify/expected.sql: after each change of sql/ or of the state machine."
    requires_system_checks = []  # one of them says that this has to be run

    def add_arguments(self, parser):
        parser.add_argument(
            "--amend", action="store_true", help="what the newest migration of the audit stands for"
        )

    def handle(self, *, amend, **options):
        migration = newest_migration()
        try:
            is_known = expectation.load()["migration"] != migration
        except CannotLookError:
            is_known = True
            expectation.EXPECTED.write_text(expectation.rendered({"unfinished": ""}, migration))
        with fresh_database(), transaction.atomic():
            text = expectation.rendered(expectation.present(connection), migration)
        if text != expectation.EXPECTED.read_text("utf-8") and not (amend or is_known):
            raise CommandError(UNKNOWN.format(migration))
        expectation.EXPECTED.write_text(text, "utf-8")
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
