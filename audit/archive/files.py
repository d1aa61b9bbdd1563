"""Files that are on disk, whole or not at all."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import file_digest
from pathlib import Path
from typing import IO

from audit.findings import CannotLookError
from audit.seals.state import sync_folder


def write(file: Path, fill: Callable[[IO[bytes]], object]) -> str:
    """Have ``fill`` write it, and return the SHA-256 of what is then read from it. CannotLookError
    where the disk does not take it: then nothing of it is left."""
    beside = file.with_name(f".{file.name}.new")
    with named(file, "write"):
        try:
            with open(beside, "wb") as target:
                fill(target)
                target.flush()
                os.fsync(target.fileno())
            beside.replace(file)
            sync_folder(file.parent)
        except BaseException:
            with suppress(OSError):
                beside.unlink()
            raise
    return sha256_of(file)


def sha256_of(file: Path) -> str:
    with named(file, "read"), open(file, "rb") as source:
        return file_digest(source, "sha256").hexdigest()


@contextmanager
def named(file: Path, what: str) -> Iterator[None]:
    """CannotLookError, which names the file, where the system can't do it."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise CannotLookError(f"Can't {what} {file}: {reason}.") from None


def need_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise CannotLookError(f"There is no folder {folder}.")
