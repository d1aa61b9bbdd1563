"""What may become of an attack, and that each test shows the one which it claims."""

import re
from collections.abc import Callable

import psycopg2
import pytest

from audit.findings import Finding
from tests.arena import Arena

REFUSED, RECORDED, FOUND = "refused", "recorded", "found by verify"


def attack(outcome: str) -> Callable:
    """Marks a test as an attack that ends so; its name tells what is tried."""
    return pytest.mark.attack(outcome)


class Battle:
    """An arena in which what becomes of an attack is looked at, and remembered."""

    def __init__(self, arena: Arena):
        self.arena = arena
        self.shown = set()
        self.sql, self.seal, self.verify, self.moves = (
            arena.sql,
            arena.seal,
            arena.verify,
            arena.moves,
        )
        self.entry_before = self.last_entry()

    def last_entry(self) -> int:
        return self.sql("postgres", "select coalesce(max(id), 0) from user_state_audit")[0][0]

    def entries(self, columns: str) -> list[tuple]:
        """Of what was recorded during the attack."""
        return self.sql(
            "postgres",
            f"select {columns} from user_state_audit where id > {self.entry_before} order by id",
        )

    def refused(self, role: str, *statements: str, says: str) -> None:
        """The last statement is, in words that match; the audit is whole, and as it was."""
        with self.arena.session(role) as session, session.cursor() as cursor:
            for statement in statements[:-1]:
                cursor.execute(statement)
            with pytest.raises(psycopg2.Error) as error:
                cursor.execute(statements[-1])
        assert re.search(says, str(error.value)), error.value
        assert self.last_entry() == self.entry_before
        assert [finding for finding in self.verify() if finding.kind in ("gap", "state")] == []
        self.shown.add(REFUSED)

    def recorded(self, *moves: str, **facts: str) -> None:
        """These moves are, all with these facts; and verify finds nothing."""
        assert [" ".join(each) for each in self.entries("start_state, end_state")] == [*moves]
        for column, value in facts.items():
            assert {each for (each,) in self.entries(column)} == {value}
        assert self.findings() == []
        self.shown.add(RECORDED)

    def findings(self, **options) -> list[Finding]:
        """What verify_audit finds; and verify.sql finds the same, but for signatures and
        receipts."""
        findings = self.verify(**options)
        by_psql = self.arena.verify_by_psql()
        without_keys = self.verify() if options else findings
        assert sorted(by_psql, key=str) == sorted(without_keys, key=str)
        return findings

    def found(self, kind: str, what: str, **options) -> None:
        """Verify finds it, of this kind and in these words."""
        findings = self.findings(**options)
        told = [f"{each.object} {each.detail}" for each in findings if each.kind == kind]
        assert any(what in each for each in told), findings
        self.shown.add(FOUND)
