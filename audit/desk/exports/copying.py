"""What COPY sends, piece by piece: nothing is kept, and it waits for whoever takes the pieces."""

import io
import os
import socket
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from queue import Queue
from threading import Timer
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql.psycopg_any import is_psycopg3

from audit.isolation import execute

if not is_psycopg3:
    from psycopg2 import Error
    from psycopg2.extensions import get_wait_callback

PIECE = 2**16  # bytes
AHEAD = 4  # pieces
END = b""
LONGEST = timedelta(hours=1)  # the snapshot of a slow reader keeps vacuum from its work


def is_possible() -> bool:
    """Not where psycopg2 waits as gevent does: then it has no COPY."""
    return is_psycopg3 or get_wait_callback() is None


def copied(alias: str, copy: str) -> Generator[bytes, None, int]:
    """The pieces of what the COPY statement sends; the generator returns how many rows they are."""
    with reading(alias) as connection, connection.cursor() as cursor:
        yield from (by_row if is_psycopg3 else by_thread)(cursor.cursor, copy)
        return int(cursor.rowcount)


@contextmanager
def reading(alias: str) -> Iterator[BaseDatabaseWrapper]:
    """A connection of its own, for others of the request go on meanwhile; in a transaction that
    only reads. Whoever ends a response may close it, in any thread."""
    with closing(connections[alias].copy()) as connection, cut_off(connection):
        connection.inc_thread_sharing()
        execute(
            connection,
            "set transaction read only",
            "set local search_path = pg_catalog, pg_temp",
            "set local timezone = 'UTC'",
            # Workers would sort all of it before the first row is sent; an index has the order.
            "set local max_parallel_workers_per_gather = 0",
            "set local jit = off",  # compiling for a hundred months takes seconds
            f"set local statement_timeout = {LONGEST // timedelta(milliseconds=1)}",
        )
        yield connection


@contextmanager
def cut_off(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """In a transaction that ends after LONGEST: PostgreSQL does not look at its timeouts while it
    waits for whoever has stopped reading."""
    connection.set_autocommit(False)
    timer = Timer(LONGEST.total_seconds(), cut, [connection])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def cut(connection: BaseDatabaseWrapper) -> None:
    """Neither side can send on it any more."""
    with socket.socket(fileno=os.dup(connection.connection.fileno())) as same:
        same.shutdown(socket.SHUT_RDWR)


def by_row(cursor: Any, copy: str) -> Iterator[bytes]:
    """psycopg 3 gives each row."""
    piece = bytearray()
    with cursor.copy(copy) as rows:
        for row in rows:
            piece += row
            if len(piece) >= PIECE:
                yield bytes(piece)
                piece.clear()
    if piece:
        yield bytes(piece)


def by_thread(cursor: Any, copy: str) -> Iterator[bytes]:
    """psycopg2 writes to a file: to one that another thread reads, even where threads are gevent's,
    which a pipe of the system would block for good."""
    pieces = Pieces()

    def write() -> None:
        try:
            with io.BufferedWriter(pieces, PIECE) as file:
                cursor.copy_expert(copy, file)
        finally:
            pieces.queue.put(END)

    with ThreadPoolExecutor(max_workers=1) as thread:
        written = thread.submit(write)
        try:
            yield from iter(pieces.queue.get, END)
        except BaseException:  # GeneratorExit: nobody takes the rest
            with suppress(Error):  # of a server that is gone
                cursor.connection.cancel()
            for _rest in iter(pieces.queue.get, END):
                pass
            raise
        written.result()


class Pieces(io.RawIOBase):
    """A file whose pieces wait in a queue; where that is full, whoever writes waits."""

    def __init__(self) -> None:
        self.queue: Queue[bytes] = Queue(AHEAD)

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        self.queue.put(bytes(piece))
        return len(piece)
