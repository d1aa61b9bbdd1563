"""The entries of a benchmark as any number of seals."""

from collections.abc import Iterator
from itertools import chain, islice

import server  # noqa: F401 - makes the project importable
from django.db import connection

from audit import seals
from audit.isolation import snapshot
from audit.seals.leaves import blocks
from audit.seals.merkle import Tree
from audit.seals.receipt import NOTHING

TRANSACTIONS = 100_000
AT = "2026-01-01T00:00:00.000000Z"
ELSEWHERE = "1"  # as if of another server: transactions here have not come as far


def spread_over_transactions(entries: int) -> None:
    """As if each had been written by one of so many, in their order."""
    with connection.cursor() as cursor:
        for table in ("user_state_audit", "user_state_seal"):
            cursor.execute(f"alter table {table} disable trigger user")
        cursor.execute(
            "select inhrelid::regclass::text from pg_inherits i"
            " where i.inhparent = 'user_state_audit'::regclass"
        )
        for (month,) in cursor.fetchall():
            cursor.execute(f"alter table {month} disable trigger user")
        cursor.execute("truncate user_state_seal")
        cursor.execute(
            "update user_state_audit set transaction_id = id * %s / %s", [TRANSACTIONS, entries]
        )
        cursor.execute(
            "select format('cluster %s using %s', i.indrelid::regclass, i.indexrelid::regclass)"
            " from pg_index i join pg_class c on c.oid = i.indrelid"
            " where i.indisprimary and c.relname ~ '^user_state_audit_' and c.relkind = 'r'"
        )
        for (statement,) in cursor.fetchall():
            cursor.execute(statement)
        cursor.execute("vacuum analyze user_state_audit")


def make_seals(number: int, key) -> None:
    """So many, each of as many transactions."""
    receipts, previous = [], NOTHING
    for draft in drafts(-(-(TRANSACTIONS + 1) // number)):
        receipt = draft._replace(previous=previous, key=seals.key_id(key)).signed(key)
        receipts.append(str(receipt))
        previous = receipt.digest
    with connection.cursor() as cursor:
        cursor.execute("truncate user_state_seal")
        cursor.execute(
            "insert into user_state_seal select n, 2, receipt"
            " from unnest(%s) with ordinality as s (receipt, n)",
            [receipts],
        )
        cursor.execute("analyze user_state_seal")


def drafts(step: int) -> Iterator[seals.Receipt]:
    """Of ``step`` transactions each."""
    with connection.cursor() as cursor:
        cursor.execute("select site::text from user_state_site")
        [site] = cursor.fetchone()
        cursor.execute(
            "select transaction_id / %s, count(*), min(id), max(id) from user_state_audit"
            " group by 1 order by 1",
            [step],
        )
        ranges = cursor.fetchall()
    with snapshot(connection):
        read = blocks(connection, ranges[0][2], ranges[-1][3])
        leaves = chain.from_iterable(block.rows().leaves for block in read)
        for number, (_, lines, first, last) in enumerate(ranges, start=1):
            tree = Tree()
            tree.add(islice(leaves, lines))
            yield seals.Receipt(
                *(site, number, AT, ELSEWHERE, ELSEWHERE, 0, (number - 1) * step, number * step),
                *(lines, first, last, tree.root().hex(), NOTHING, ""),
            )
