"""manage.py forget_user ID --reason WHY: erase what the audit says of a person. What it says of all
else, and every seal, stays."""

import re
import unicodedata
from argparse import ArgumentParser
from typing import Any

from django.db import connections

from accounts.locks import holders
from accounts.states import MAX_REASON
from audit.claims import MAX_USER
from audit.context import acting_as
from audit.forget import Forgotten, forget
from audit.lock_waits import BlockedError
from audit.management.base import AuditCommand, printable
from audit.readiness import need_migrations

TABLES = (
    "public.user_state_archive",
    "public.user_state_audit",
    "public.user_state_daily",
    "public.user_state_carried",
    "public.user_fsm",
    "public.accounts_user",
)
# What the audit says in the place of a name; as in user_state_acting_as.
NO_NAME = re.compile(r"\W*(system:|(anonymous|erased|unknown|unreadable|cli)\W*$)", re.I)


class Command(AuditCommand):
    help = (
        "Erase the name of a user, and their part in what others were changed by, from all entries."
        " It cannot be undone, and an entry records it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("id", help="the user's key: the user_id of their entries")
        parser.add_argument(
            "--reason", required=True, help="why, for the record: without the person's name"
        )
        parser.add_argument("--by", metavar="NAME", help="who asks for it, likewise")

    def handle(
        self, *, database: str, id: str, reason: str, by: str | None, **options: Any
    ) -> None:
        user_id = self.read("the id", key, id)
        if not reason.strip():
            raise self.cannot("Say with --reason why the user is forgotten.")
        if len(reason) > MAX_REASON:
            raise self.cannot(f"A reason has at most {MAX_REASON:,} characters.")
        if by is not None:
            self.read("--by", name, by)
        connection = connections[database]
        need_migrations(connection)
        try:
            with acting_as(by):
                forgotten = forget(connection, user_id, reason)
        except BlockedError:
            whose = holders(connection, *TABLES)
            raise self.cannot(
                f"Nothing was erased: the audit, or the account, is in use by {whose}."
            ) from None
        self.stdout.write(" ".join(said(forgotten)))


def key(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 19:
        return int(text)
    raise ValueError(f"{text!r} is no key of a user.")


def name(text: str) -> str:
    """Of somebody, which is recorded as it is."""
    if len(text) > MAX_USER:
        raise ValueError(f"a name has at most {MAX_USER} characters.")
    kinds = {unicodedata.category(each) for each in text}
    if NO_NAME.match(text) or kinds & {"Cc", "Cs"} or not any(map(str.isalnum, text)):
        raise ValueError(f"{text!r} is no name.")
    return text


def said(forgotten: Forgotten) -> list[str]:
    record, as_subject, as_actor, account, exports = forgotten
    if record is None:
        sentences = ["Nothing to erase."]
    else:
        sentences = [
            f"Erased as subject of {entries(as_subject)}, as actor of {entries(as_actor)}:"
            f" entry {record} records it."
        ]
        if account is None:
            sentences.append(
                "The account is gone, so only user names were looked for in what that says."
            )
    if account is not None:
        sentences.append(
            f"The account {printable(account)} is still there, and an entry of its deletion will"
            " name it: delete it, and run this again."
        )
    if exports:
        sentences.append(f"user_state_export names them still, {exports:,} times.")
    return sentences


def entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count:,} entries"
