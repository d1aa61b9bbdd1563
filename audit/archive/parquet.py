"""Entries in a Parquet file: every column of user_state_audit, with a type that warehouses know."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any

from audit.findings import CannotLookError

from .entries import Entry
from .files import WrongFileError, opened

try:
    import pyarrow as pa
    from pyarrow import parquet as pq
except ImportError:  # a site that archives nothing need not have it
    pa = pq = None

BATCH = 16_384  # entries that are written and read at once: a row group
NEEDED = "Archives need pyarrow: install the packages of requirements-archive.txt."
NO_ENTRIES = "is no Parquet file of entries, or damaged"
NUMBERS = ("id", "user_id", "initiator_id", "transaction_id")
SECRETS = ("subject_salt", "subject_digest", "actor_salt", "actor_digest")


def need_pyarrow() -> None:
    if pa is None:
        raise CannotLookError(NEEDED)


def schema() -> Any:
    def type_of(name: str) -> Any:
        if name == "datetime":
            return pa.timestamp("us", tz="UTC")
        return pa.int64() if name in NUMBERS else pa.binary() if name in SECRETS else pa.string()

    return pa.schema([(name, type_of(name)) for name in Entry._fields])


def write(target: IO[bytes], entries: Iterable[Entry]) -> None:
    """All of them, compressed by zstd."""
    columns = schema()
    with pq.ParquetWriter(target, columns, compression="zstd") as writer:
        for some in some_of(iter(entries), BATCH):
            arrays = [
                pa.array(values, pa.int64()).cast(field.type)
                if field.name == "datetime"
                else pa.array(values, field.type)
                for field, values in zip(columns, zip(*some, strict=True), strict=True)
            ]
            writer.write_batch(pa.record_batch(arrays, schema=columns))


def read(file: Path, digest: str) -> Iterator[Entry]:
    """Those of the file with that SHA-256, in its order; WrongFileError."""
    need_pyarrow()
    columns = schema()
    with opened(file, digest) as source:
        try:
            parquet = pq.ParquetFile(source)
            if not parquet.schema_arrow.equals(columns):
                raise WrongFileError(file, NO_ENTRIES)
            for batch in parquet.iter_batches(BATCH):
                yield from map(Entry._make, zip(*map(values_of, batch.columns), strict=True))
        except (pa.ArrowException, ValueError):  # ValueError: of what is no UTF-8
            raise WrongFileError(file, NO_ENTRIES) from None
        except OSError as error:
            if error.errno:  # of the system; pyarrow has none for what it can't decode
                raise
            raise WrongFileError(file, NO_ENTRIES) from None


def values_of(column: Any) -> list[Any]:
    is_moment = pa.types.is_timestamp(column.type)
    values: list[Any] = (column.cast(pa.int64()) if is_moment else column).to_pylist()
    return values


def some_of(entries: Iterator[Entry], number: int) -> Iterator[list[Entry]]:
    while some := list(islice(entries, number)):
        yield some
