"""Read the leaves of the entries, in order of id: PostgreSQL hashes, in two connections on one
snapshot where there is much to read, and sends them by binary COPY."""

import struct
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from queue import SimpleQueue
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from audit.findings import CannotLookError
from audit.isolation import beside
from audit.sqlfiles import text_of

BLOCK = 65_536  # ids that are read at once: 10 MB as Python's objects
AHEAD = 2  # blocks that are read, or waiting to be taken, for each connection
BEGINS, ENDS = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
ROW = struct.Struct(">6xq4xq4x32s")  # of each: how many values, and before each its length
LENGTHS = {1: b"\3", 5: b"\x08", 17: b"\x08", 29: b"\x20"}  # the last byte of each of these

Leaf = tuple[int, int, bytes]  # id, transaction_id, hash


def blocks(connection: BaseDatabaseWrapper, first: int, last: int) -> Iterator[list[Leaf]]:
    """The leaves from ``first`` to ``last``, within a transaction that has the settings."""
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


def block_begins(connection: BaseDatabaseWrapper, first: int, last: int) -> list[int]:
    with connection.cursor() as cursor:
        set_span(cursor, first, last)
        cursor.execute(text_of("seal/blocks.sql"))
        return [begins for (begins,) in cursor.fetchall()]


def read_ahead(
    connection: BaseDatabaseWrapper, drivers: list, spans: list[tuple[int, int]]
) -> Iterator[list[Leaf]]:
    """In order, each connection reading one block while others are waiting to be taken."""
    idle: SimpleQueue = SimpleQueue()
    for driver in drivers:
        idle.put(driver)

    def read(span: tuple[int, int]) -> list[Leaf]:
        driver = idle.get()
        try:
            return read_block(driver, *span)
        finally:
            idle.put(driver)

    waiting: deque[Future] = deque()
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


def read_block(driver: Any, first: int, last: int) -> list[Leaf]:
    """By the connection of the driver, psycopg2's or psycopg's; CannotLookError."""
    query = text_of("seal/leaves.sql").rstrip().removesuffix(";")
    copy = f"copy ({query}) to stdout (format binary)"
    sink = bytearray()
    with closing(driver.cursor()) as cursor:
        set_span(cursor, first, last)
        if hasattr(cursor, "copy_expert"):
            cursor.copy_expert(copy, Sink(sink))
        else:
            with cursor.copy(copy) as data:
                for part in data:
                    sink += part
    return unpacked(sink)


def set_span(cursor: Any, first: int, last: int) -> None:
    cursor.execute(
        "select set_config('user_state.first_id', %s, true),"
        " set_config('user_state.last_id', %s, true), set_config('user_state.block', %s, true)",
        [str(first), str(last), str(BLOCK)],
    )


class Sink:
    """A file for psycopg2 to write to."""

    def __init__(self, into: bytearray):
        self.write = into.extend


def unpacked(data: bytearray) -> list[Leaf]:
    rows = data.removeprefix(BEGINS).removesuffix(ENDS)
    count, rest = divmod(len(rows), ROW.size)
    lengths = [rows[at :: ROW.size] == length * count for at, length in LENGTHS.items()]
    if len(rows) != len(data) - len(BEGINS) - len(ENDS) or rest or not all(lengths):
        raise CannotLookError("The entries were sent by no binary COPY, or not to its end.")
    return list(ROW.iter_unpack(rows))
