"""What the commands of the audit share."""

import os
import sys
import traceback
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import suppress
from io import StringIO
from typing import Any, TextIO, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.core.management import BaseCommand, CommandError
from django.core.management.base import OutputWrapper
from django.db import DEFAULT_DB_ALIAS, Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.connection import ConnectionDoesNotExist

from audit import seals
from audit.findings import CannotLookError

SHOWN = 100  # characters of what was given, in a complaint of it
SEARCH_PATH = "-c search_path=pg_catalog,pg_temp"
CANNOT = 2  # exit code: it could not be done; 1 is for what was looked for and found

T = TypeVar("T")


class AuditCommand(BaseCommand):
    """Whatever goes wrong is reported in one sentence, with the exit code 2."""

    requires_system_checks = []  # what they find is no reason not to look
    connection: BaseDatabaseWrapper | None = None

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--database", default=DEFAULT_DB_ALIAS, help="an alias of DATABASES")

    def run_from_argv(self, argv: list[str]) -> None:
        if sys.stderr is None:  # it is closed
            self.stderr = OutputWrapper(StringIO())
        try:
            super().run_from_argv(argv)
        except CommandError as error:  # it was asked for with --traceback
            traceback.print_exc()
            sys.exit(error.returncode)
        except OSError:  # the complaint can't be written
            discard(sys.stderr)
            sys.exit(CANNOT)

    def execute(self, *args: Any, **options: Any) -> str | None:
        if sys.stdout is None and not options.get("stdout"):
            raise self.cannot("What was found can't be written: there is no standard output.")
        try:
            try:
                return super().execute(*args, **options)
            finally:
                if self.connection:
                    self.connection.close()
                    del connections[self.connection.alias]
                self.stdout.flush()  # here it can be said that it fails; later Python would
        except (CannotLookError, ConnectionDoesNotExist) as error:
            raise self.cannot(str(error)) from None
        except Error as error:
            raise self.cannot(f"The database refused: {first_line(error)}") from error
        except CommandError as error:
            raise self.cannot(str(error)) from error
        except UnicodeEncodeError as error:
            raise self.cannot(f"This is no text: {error.object[:SHOWN]!r}.") from None
        except OSError as error:
            discard(sys.stdout)
            raise self.cannot(f"What was found can't be written: {error.strerror}.") from None
        except Exception as error:  # 1 is for findings
            traceback.print_exc()
            raise self.cannot(f"This should not have happened: {error!r}") from error

    def complain(self, sentence: str) -> None:
        """Where nobody can read it, it changes nothing."""
        try:
            self.stderr.write(sentence)
        except OSError:
            discard(sys.stderr)

    @staticmethod
    def cannot(sentence: str) -> CommandError:
        return CommandError(sentence, returncode=CANNOT)

    def connect(self, database: str) -> BaseDatabaseWrapper:
        """A connection of its own, on which no preset of the database or the role says where
        functions and operators are looked for: not even while Django sets it up."""
        alias = f"{database} of this command"
        self.connection = connections[database].copy(alias=alias)
        options = self.connection.settings_dict["OPTIONS"]
        options["options"] = " ".join([*filter(None, [options.get("options")]), SEARCH_PATH])
        connections[alias] = self.connection
        return self.connection

    def key(self, file: str | None = None) -> Ed25519PrivateKey | None:
        """The key to seal with, from a file or AUDIT_SEAL_KEY; CommandError when it is none."""
        if file:
            return self.read(f"the file {file}", seals.private_key_in, file)
        if "AUDIT_SEAL_KEY" in os.environ:
            return self.read("AUDIT_SEAL_KEY", seals.private_key, os.environ["AUDIT_SEAL_KEY"])
        return None

    def public_keys(self, texts: list[str]) -> list[Ed25519PublicKey]:
        """Those of --public-key; without any, the one of AUDIT_SEAL_KEY, if that is set."""
        keys = self.former_keys(texts)
        key = None if keys else self.key()
        return [key.public_key()] if key else keys

    def former_keys(self, texts: list[str]) -> list[Ed25519PublicKey]:
        """Those of --public-key, beside the one to seal with."""
        return [self.read("--public-key", seals.public_key, text) for text in texts]

    def read(self, name: str, parse: Callable[[str], T], text: str) -> T:
        """``parse(text)``; CommandError, which says where the text is from, when it is bad."""
        try:
            return parse(text)
        except ValueError as error:
            raise self.cannot(f"In {name}: {error}") from None
        except OSError as error:
            raise self.cannot(f"Can't read {name}: {error.strerror}.") from None


def discard(stream: TextIO) -> None:
    """Nobody reads what is still in its buffer; Python would complain when it ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]


def printable(text: str) -> str:
    """Without what could move a terminal's cursor: names are chosen by whoever is looked for."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
