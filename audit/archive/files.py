"""Files that are read only where they are what they should be."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import file_digest
from pathlib import Path
from typing import IO

from audit.findings import CannotLookError

MISSING, DAMAGED = "is missing", "is not what was archived: it was changed, or is damaged"
NO_FILE = "is no file"
OF_NO_FILE = {errno.EISDIR, errno.ENOTDIR, errno.ELOOP, errno.ENXIO}  # how what is none is refused


class WrongFileError(CannotLookError):
    """What is wrong with a file, in a few words."""

    def __init__(self, file: Path, detail: str):
        super().__init__(f"{file} {detail}.")
        self.file, self.detail = file, detail


def need_whole(file: Path, digest: str) -> None:
    """WrongFileError."""
    with opened(file, digest):
        pass


@contextmanager
def opened(file: Path, digest: str) -> Iterator[IO[bytes]]:
    """The file with that SHA-256: what is read is what was hashed. WrongFileError; and where nobody
    can tell what it is, as where it may not be read, another CannotLookError."""
    try:
        with open(file, "rb", opener=at_once) as source:
            if not stat.S_ISREG(os.fstat(source.fileno()).st_mode):
                raise WrongFileError(file, NO_FILE)
            if file_digest(source, "sha256").hexdigest() != digest:
                raise WrongFileError(file, DAMAGED)
            source.seek(0)
            yield source
    except FileNotFoundError:
        raise WrongFileError(file, MISSING) from None
    except OSError as error:
        if error.errno in OF_NO_FILE:
            raise WrongFileError(file, NO_FILE) from None
        raise CannotLookError(f"Can't read {file}: {error.strerror or error}.") from None


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
