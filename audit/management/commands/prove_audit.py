"""manage.py prove_audit: print the proof that an entry is in the seal of a receipt."""

import json
from argparse import ArgumentParser
from typing import Any

from audit import seals
from audit.management.base import AuditCommand
from audit.seals.place import looking
from audit.seals.proof import prove


class Command(AuditCommand):
    help = "Print, as JSON, the proof that an entry is in the seal of a receipt: see docs/seals.md."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("id", help="of the entry")
        parser.add_argument(
            "--receipt", metavar="RECEIPT", required=True, help="of the seal that holds the entry"
        )
        parser.add_argument(
            "--hide-subject", action="store_true", help="leave out username and reason"
        )
        parser.add_argument(
            "--hide-actor", action="store_true", help="leave out who did it, and from where"
        )

    def handle(
        self,
        *,
        database: str,
        id: str,
        receipt: str,
        hide_subject: bool,
        hide_actor: bool,
        **options: Any,
    ) -> None:
        entry_id = self.read("the id", number, id)
        of_seal = self.read("--receipt", seals.find_one, receipt)
        connection = self.connect(database)
        hide = ("subject",) * hide_subject + ("actor",) * hide_actor
        with looking(connection):
            proof = prove(connection, entry_id, of_seal, hide)
        self.stdout.write(json.dumps(proof, indent=2))


def number(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 19:
        return int(text)
    raise ValueError(f"{text!r} is no number of an entry.")
