"""Sites on a real server: databases of the first release and of today, with people at work.

Mia migrates and owns, without being a superuser; Wanda's programs change states; Ruth reads.
"""

import io
import os
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg2
from django.db import connections

from project.settings import BASE_DIR, database

# The last commit before a row of the audit was called an entry. Its migrations were released.
FIRST_RELEASE = "b531948"
ROLES = """
do $$ begin
  if to_regrole('mia') is null then create role mia login createrole; end if;
  if to_regrole('wanda') is null then create role wanda login; end if;
  if to_regrole('ruth') is null then create role ruth login; end if;
  if to_regrole('user_state_audit_owner') is not null then
    grant user_state_audit_owner to mia;
  end if;
end $$
"""
PEOPLE = "grant user_state_audit_app to wanda", "grant user_state_audit_reader to ruth"
SOMEBODY_WAITS = "select count(*) > 0 from pg_locks where not granted"
NAMES = ("wanda", "ruth", "mia")
TARGETS = {"accounts": ["accounts"], "first_migration": ["audit", "0001"]}


class Sites:
    """A server on which each site is a copy of a template, which is made when it is needed."""

    def __init__(self, url: str, folder: Path):
        self.url, self.folder = url, folder  # the url is of a superuser
        self.templates: set[str] = set()
        self.number = 0
        self.sql("postgres", "postgres", ROLES)

    def leave(self) -> None:
        for name in self.templates:
            self.sql("postgres", "postgres", f"drop database {name} with (force)")
        for name in NAMES:
            self.sql("postgres", "postgres", f"drop owned by {name}", f"drop role {name}")

    @contextmanager
    def site(self, release: str) -> Iterator["Site"]:
        """``release`` is "today"; "accounts", which is today without the audit; "first_release";
        or "first_migration", which is its 0001."""
        if release not in self.templates:
            self.make_template(release)
        self.number += 1
        site = Site(self, f"site_{self.number}")
        self.sql(
            "postgres",
            "postgres",
            f"create database {site.name} template {release} owner mia",
            f"grant connect, temporary on database {site.name} to mia, wanda, ruth",
        )
        try:
            yield site
        finally:
            site.django.close()
            self.sql("postgres", "postgres", f"drop database {site.name} with (force)")

    def make_template(self, release: str) -> None:
        self.sql("postgres", "postgres", f"create database {release} owner mia")
        self.templates.add(release)
        tree = BASE_DIR if release in ("today", "accounts") else self.first_release()
        target = TARGETS.get(release, [])
        migrate(self.url_for("mia", release), *target, tree=tree)
        if not target:
            self.sql("postgres", release, *PEOPLE)

    def first_release(self) -> Path:
        tree = self.folder / "first_release"
        if not tree.exists():
            archive = subprocess.run(
                ["git", "archive", FIRST_RELEASE], cwd=BASE_DIR, check=True, capture_output=True
            )
            with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
                files.extractall(tree, filter="data")
        return tree

    def url_for(self, role: str, name: str) -> str:
        parts = urlsplit(self.url)
        login, at, host = parts.netloc.rpartition("@")
        password = login.partition(":")[1:]
        return urlunsplit(parts._replace(netloc="".join((role, *password, at, host)), path=name))

    def connect(self, role: str, name: str, program: str = ""):
        config = database(self.url)
        connection = psycopg2.connect(
            host=config["HOST"],
            port=config["PORT"] or None,
            user=role,
            password=config["PASSWORD"] or None,
            dbname=name,
            application_name=program,
        )
        connection.autocommit = True
        return connection

    def sql(self, role: str, name: str, *statements: str) -> list[tuple]:
        with closing(self.connect(role, name)) as connection:
            return execute(connection, *statements)


class Site:
    """A database, by SQL as a role, or by Django as Mia under the alias "site"."""

    def __init__(self, sites: Sites, name: str):
        self.sites, self.name = sites, name
        self.django = connections["default"].copy(alias="site")
        self.django.settings_dict = (
            self.django.settings_dict | database(sites.url) | {"USER": "mia", "NAME": name}
        )
        connections["site"] = self.django

    @property
    def url(self) -> str:
        return self.sites.url_for("mia", self.name)

    def connect(self, role: str, program: str = ""):
        return self.sites.connect(role, self.name, program)

    @contextmanager
    def session(self, role: str, program: str = "") -> Iterator:
        with closing(self.connect(role, program)) as connection:
            yield connection

    def sql(self, role: str, *statements: str) -> list[tuple]:
        """Run the statements in a session of the role's, and return the rows of the last."""
        return self.sites.sql(role, self.name, *statements)

    def wait_until(self, condition: str) -> None:
        for _ in range(1500):
            if self.sql("postgres", condition) == [(True,)]:
                return
            time.sleep(0.02)
        raise AssertionError(condition)


def execute(connection, *statements: str) -> list[tuple]:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def migrate(url: str, *target: str, tree: Path = BASE_DIR) -> None:
    """As a process of its own, with the programs of ``tree``."""
    subprocess.run(migrate_command(*target, "--verbosity", "0"), check=True, **of(url, tree))


def migrate_command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "django", "migrate", *arguments]


def of(url: str, tree: Path = BASE_DIR) -> dict:
    """How a process is started that serves the database of ``url``."""
    path = os.pathsep.join(filter(None, [str(tree), os.environ.get("PYTHONPATH")]))
    settings = {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "project.settings"}
    return {"cwd": tree, "env": os.environ | settings | {"PYTHONPATH": path}}
