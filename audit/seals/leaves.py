"""Read the leaves of the entries, in order of id: PostgreSQL hashes, in two connections on one
snapshot where there is much to read."""

import struct
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from itertools import compress
from queue import SimpleQueue
from typing import Any, NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper

from audit.isolation import beside
from audit.sqlfiles import text_of

from .queries import rows_of

BLOCK = 65_536  # ids that are read at once: 3 MB, and 10 MB as Python's objects
AHEAD = 2  # blocks that are read, or waiting to be taken, for each connection
HASH = 32  # bytes


class Rows(NamedTuple):
    """Some entries, in order of id, by column: a tuple for each would cost as much as its hash."""

    ids: Sequence[int]
    transactions: Sequence[int]
    leaves: Sequence[bytes]

    def part(self, begin: int, end: int) -> "Rows":
        return Rows(self.ids[begin:end], self.transactions[begin:end], self.leaves[begin:end])

    def chosen(self, which: Sequence[bool]) -> "Rows":
        return Rows(
            list(compress(self.ids, which)),
            list(compress(self.transactions, which)),
            list(compress(self.leaves, which)),
        )


class Block(NamedTuple):
    """Some entries, as leaves.sql sends them: they take little memory until rows() is called."""

    ids: bytes
    transactions: bytes
    leaves: bytes

    def rows(self) -> Rows:
        leaves = bytes(self.leaves)
        hashes = [leaves[at : at + HASH] for at in range(0, len(leaves), HASH)]
        return Rows(numbers(self.ids), numbers(self.transactions), hashes)


def numbers(data: bytes) -> tuple[int, ...]:
    return struct.unpack(f">{len(data) // 8}q", data)


def blocks(connection: BaseDatabaseWrapper, first: int, last: int) -> Iterator[Block]:
    """The entries from ``first`` to ``last``, within a transaction that has the settings."""
    if last - first < BLOCK:
        with connection.wrap_database_errors:
            yield read_block(connection.connection, first, last)
        return
    begins = block_begins(connection, first, last)
    with beside(connection) as second:
        drivers = [each.connection for each in (connection, second) if each]
        spans = [(begin, min(begin + BLOCK - 1, last)) for begin in begins]
        # closing: whoever stops taking blocks must not leave a thread that uses the connection.
        with closing(read_ahead(connection, drivers, spans)) as read:
            yield from read


def kept_blocks(connection: BaseDatabaseWrapper) -> Iterator[Block]:
    """The entries that were kept of archived months, which blocks() leaves out."""
    [[last]] = rows_of(connection, "archived")
    with connection.wrap_database_errors:
        for begin in block_begins(connection, 1, last):
            switch_kept(connection, on=True)
            block = read_block(connection.connection, begin, min(begin + BLOCK - 1, last))
            switch_kept(connection, on=False)
            yield block


def switch_kept(connection: BaseDatabaseWrapper, on: bool) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select set_config('user_state.kept', %s, true)", [str(on)])


def block_begins(connection: BaseDatabaseWrapper, first: int, last: int) -> list[int]:
    with connection.cursor() as cursor:
        set_span(cursor, first, last)
        cursor.execute(text_of("seal/blocks.sql"))
        return [begins for (begins,) in cursor.fetchall()]


def read_ahead(
    connection: BaseDatabaseWrapper, drivers: list[Any], spans: list[tuple[int, int]]
) -> Generator[Block]:
    """In order, each connection reading one block while others are waiting to be taken."""
    idle: SimpleQueue[Any] = SimpleQueue()
    for driver in drivers:
        idle.put(driver)

    def read(span: tuple[int, int]) -> Block:
        driver = idle.get()
        try:
            return read_block(driver, *span)
        finally:
            idle.put(driver)

    waiting: deque[Future[Block]] = deque()
    with ThreadPoolExecutor(len(drivers)) as pool, connection.wrap_database_errors:
        try:
            for span in spans:
                waiting.append(pool.submit(read, span))
                if len(waiting) > AHEAD * len(drivers):
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for each in waiting:
                each.cancel()


def read_block(driver: Any, first: int, last: int) -> Block:
    """By the connection of the driver, psycopg2's or psycopg's."""
    with closing(driver.cursor()) as cursor:
        set_span(cursor, first, last)
        cursor.execute(text_of("seal/leaves.sql"))
        return Block(*cursor.fetchone())


def set_span(cursor: Any, first: int, last: int) -> None:
    cursor.execute(
        "select set_config('user_state.first_id', %s, true),"
        " set_config('user_state.last_id', %s, true), set_config('user_state.block', %s, true),"
        # Two connections share the work: workers beside them would only cost their start.
        " set_config('max_parallel_workers_per_gather', '0', true)",
        [str(first), str(last), str(BLOCK)],
    )
