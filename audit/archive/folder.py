"""The folder that months are archived into. Files are written whole or not at all, never over
others, and go again where nothing is archived."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import file_digest
from pathlib import Path
from typing import IO

from audit.findings import CannotLookError
from audit.seals.state import private, sync_folder

from .files import WrongFileError, named, need_folder, need_whole

LOCK = ".user_state_audit.lock"
UNFINISHED = ".*user_state_audit_*.new"
OTHER = (
    "is there already, with something else in it, and may be the only copy of what a copy of this"
    " site has archived: use another folder, or move it away"
)


class Folder:
    """``made`` are the files that were not there before."""

    def __init__(self, path: Path):
        self.path = path
        self.made: list[Path] = []

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else writes into it; and what an earlier one has not finished is removed. Where
        the block is left by an exception, before keep(), so is what was made in it: what it says
        of a user may be erased before the next run. CannotLookError."""
        with lock(self.path):
            self._remove_unfinished()
            try:
                yield
            except BaseException:
                self._remove_made()
                raise

    def write(self, name: str, fill: Callable[[IO[bytes]], object]) -> str:
        """Have ``fill`` write a file, within locked(), and return the SHA-256 of what is then read
        from it. CannotLookError where the disk does not take it, and then nothing of it is left;
        or where the file is there, with something else in it."""
        file, beside = self.path / name, self.path / f".{name}.new"
        with named(file, "write"):
            try:
                with open(beside, "xb", opener=private) as target:
                    fill(target)
                    target.flush()
                    os.fsync(target.fileno())
                with open(beside, "rb") as source:
                    digest = file_digest(source, "sha256").hexdigest()
                self._put(beside, file, digest)
                sync_folder(self.path)
            finally:
                with suppress(OSError):
                    beside.unlink()
        return digest

    def keep(self) -> None:
        """From now on a tombstone may name them, also where we are never told."""
        self.made.clear()

    def _put(self, beside: Path, file: Path, digest: str) -> None:
        """In its place, and never over anything else."""
        if not os.path.lexists(file):
            beside.rename(file)
            self.made.append(file)
            return
        try:
            need_whole(file, digest)
        except WrongFileError:
            raise WrongFileError(file, OTHER) from None

    def _remove_unfinished(self) -> None:
        with named(self.path, "look into"):
            unfinished = [*self.path.glob(UNFINISHED)]
        for each in unfinished:
            with named(each, "remove"):
                each.unlink()

    def _remove_made(self) -> None:
        """As far as that goes: what is said is why nothing is archived."""
        for file in self.made:
            with suppress(OSError):
                file.unlink()
        with suppress(OSError):
            sync_folder(self.path)


@contextmanager
def lock(folder: Path) -> Iterator[None]:
    """CannotLookError where somebody else has it, or we may not."""
    need_folder(folder, os.R_OK | os.W_OK | os.X_OK)
    file = folder / LOCK
    with named(file, "lock"):
        held = open(file, "ab", opener=private)  # noqa: SIM115 - closed below
    with held:
        with named(file, "lock"):
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CannotLookError(
                    f"Somebody else is archiving into {folder}: wait until they are done."
                ) from None
        yield
