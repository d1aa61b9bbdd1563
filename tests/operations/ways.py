"""The table in docs/replication.md, of what the tests show of each way."""

import re
from typing import NamedTuple

import pytest

from audit import seals
from project.settings import BASE_DIR
from tests.arena import Arena

from .servers import details, manage

DOCUMENT = BASE_DIR / "docs/replication.md"
BETWEEN = re.compile(r"(<!-- ways: begin -->\n).*(<!-- ways: end -->)", re.DOTALL)
HEAD = "| way | `verify_audit` finds | what mends it | `seal_audit` |\n|---|---|---|---|\n"
TEMPORARY = [
    f"role {each} serves the application, and may make temporary tables"
    for each in ("user_state_audit_app", "web")
]
ELSEWHERE = "was made on another server"
OLDER = "an older state was restored"


class Way(NamedTuple):
    """``mends`` names the commands of manage.py, which the tests run. ``says`` is what the sealer
    says, nothing where it goes on, and None where there is nothing to seal yet; afterwards it goes
    on by --new-epoch, unless it is a ``standby``."""

    name: str
    finds: list[str]
    mends: str = ""
    says: str | None = ""
    standby: bool = False

    def found_in(self, arena: Arena) -> None:
        moments = (re.sub(r"from .* on:", "from … on:", each) for each in details(arena))
        assert list(moments) == self.finds

    def mended(self, arena: Arena) -> None:
        self.found_in(arena)
        for command in re.findall(r"`([a-z]\w+)`", self.mends):
            manage(arena, command)
        assert details(arena) == []

    def seals(self, arena: Arena) -> seals.Receipt | None:
        if not self.says:
            return arena.seal()
        with pytest.raises(seals.RefusedError, match=self.says):
            arena.seal()
        arena.django.close()
        return None if self.standby else arena.seal(new_epoch=True)

    @property
    def row(self) -> str:
        finds = "<br>".join(self.finds) or "nothing"
        return f"| {self.name} | {finds} | {self.mends or '-'} | {self.sealing} |\n"

    @property
    def sealing(self) -> str:
        if self.says is None:
            return "-"
        if self.says == "":
            return "goes on"
        return f"says: “{self.says}”" + ("" if self.standby else "; goes on by `--new-epoch`")


BY_SCHEMA = Way("a subscription, into tables made by `pg_dump`", TEMPORARY, "`migrate`", ELSEWHERE)
BY_MIGRATE = Way(
    "a subscription, into tables made by `migrate` and emptied",
    [
        "table user_state_audit_default 2 entries are without a month, from … on:"
        " maintain_audit moves them"
    ],
    "`maintain_audit`",
    ELSEWHERE,
)
COPYING = Way(
    "a subscription whose publisher vanished during the copy",
    ["subscription site copies user_state_audit still: until then, states and entries differ"],
    "the publisher, when it is back",
    None,
)
STATES_ALONE = Way(
    "a subscription to the states without the audit",
    [
        "user 1 is locked, and no entry says how",
        "user 2 is active, and no entry says how",
    ],
    "nothing: subscribe to all tables",
    None,
)
BY_DUMP = Way("`pg_dump` from 15 to 18", TEMPORARY, "`migrate`", ELSEWHERE)
BY_PG_UPGRADE = Way("`pg_upgrade` from 15 to 18", [], "", ELSEWHERE)
REWRITTEN = Way("`VACUUM FULL`, `CLUSTER`, `REINDEX CONCURRENTLY`", [])
MOVED = Way("another tablespace", [])
COPIED = Way("`createdb -T`", TEMPORARY, "`migrate`", "was made in another database of this server")
STANDBY = Way("a hot standby", [], says="This server is a standby, which only reads", standby=True)
PROMOTED = Way("a standby that took over", [])
PROMOTED_EARLY = Way("a standby that took over and lacks the last changes", [], "", OLDER)
RECOVERED = Way("a backup, recovered to a point in time", [], "", OLDER)
CLOCK = Way(
    "a clock that was set back",
    ["entry 3 is of the future", "entry 4 is older than the one before it"],
    "nothing: `--since` looks at what came after",
)


def with_table(document: str) -> str:
    rows = "".join(each.row for each in globals().values() if isinstance(each, Way))
    return BETWEEN.sub(lambda found: found[1] + "\n" + HEAD + rows + "\n" + found[2], document)
