"""Files that are on disk, whole or not at all; and that are read only where they are what they
should be."""

import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import file_digest
from pathlib import Path
from typing import IO

from audit.findings import CannotLookError
from audit.seals.state import private, sync_folder

LOCK = ".user_state_audit.lock"
MISSING, DAMAGED = "is missing", "is not what was archived: it was changed, or is damaged"
OTHER = (
    "is there already, with something else in it, and may be the only copy of what a copy of this"
    " site has archived: use another folder, or move it away"
)


class WrongFileError(CannotLookError):
    """What is wrong with a file, in a few words."""

    def __init__(self, file: Path, detail: str):
        super().__init__(f"{file} {detail}.")
        self.file, self.detail = file, detail


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Nobody else writes into it. CannotLookError where somebody does, or we may not."""
    need_folder(folder, os.R_OK | os.W_OK | os.X_OK)
    file = folder / LOCK
    with named(file, "lock"):
        lock = open(file, "ab", opener=private)  # noqa: SIM115 - closed below
    with lock:
        with named(file, "lock"):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CannotLookError(
                    f"Somebody else is archiving into {folder}: wait until they are done."
                ) from None
        yield


def write(file: Path, fill: Callable[[IO[bytes]], object]) -> str:
    """Have ``fill`` write it, within locked(), and return the SHA-256 of what is then read from it.
    CannotLookError where the disk does not take it, and then nothing of it is left; or where the
    file is there, with something else in it."""
    beside = file.with_name(f".{file.name}.new")
    with named(file, "write"):
        try:
            beside.unlink(missing_ok=True)
            with open(beside, "xb", opener=private) as target:
                fill(target)
                target.flush()
                os.fsync(target.fileno())
            with open(beside, "rb") as source:
                digest = file_digest(source, "sha256").hexdigest()
            put(beside, file, digest)
            sync_folder(file.parent)
        finally:
            with suppress(OSError):
                beside.unlink()
    return digest


def put(beside: Path, file: Path, digest: str) -> None:
    """In its place, and never over anything else."""
    if not os.path.lexists(file):
        beside.rename(file)
        return
    try:
        need_whole(file, digest)
    except WrongFileError:
        raise WrongFileError(file, OTHER) from None


def need_whole(file: Path, digest: str) -> None:
    """WrongFileError."""
    with opened(file, digest):
        pass


@contextmanager
def opened(file: Path, digest: str) -> Iterator[IO[bytes]]:
    """The file with that SHA-256: what is read is what was hashed. WrongFileError."""
    try:
        with open(file, "rb", opener=at_once) as source:
            if not stat.S_ISREG(os.fstat(source.fileno()).st_mode):
                raise WrongFileError(file, "is no file")
            if file_digest(source, "sha256").hexdigest() != digest:
                raise WrongFileError(file, DAMAGED)
            source.seek(0)
            yield source
    except FileNotFoundError:
        raise WrongFileError(file, MISSING) from None
    except OSError as error:
        raise WrongFileError(file, f"can't be read: {error.strerror or error}") from None


def at_once(path: str, flags: int) -> int:
    """Of a pipe, which has its name, too."""
    return os.open(path, flags | os.O_NONBLOCK)


@contextmanager
def named(file: Path, what: str) -> Iterator[None]:
    """CannotLookError, which names the file, where the system can't do it."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise CannotLookError(f"Can't {what} {file}: {reason}.") from None


def need_folder(folder: Path, mode: int = os.R_OK | os.X_OK) -> None:
    """CannotLookError where there is none, or we may not do with it what ``mode`` says."""
    with named(folder, "look into"):
        if not folder.is_dir():
            raise CannotLookError(f"There is no folder {folder}.")
    if not os.access(folder, mode, effective_ids=True):
        what = "write into" if mode & os.W_OK else "look into"
        raise CannotLookError(f"We may not {what} the folder {folder}.")
