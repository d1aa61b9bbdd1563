"""What the sealer remembers outside the database: its last receipt, and a text that it is about
to sign. So it never signs a number with two texts, and notices when the database was exchanged."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from audit.findings import CannotLookError

from .receipt import Receipt, parse, parse_unsigned

PATIENCE, PAUSE = 10.0, 0.05  # seconds to wait for another sealer, and between two looks
LARGEST = 8192  # bytes; what is larger is no state


class RefusedError(CannotLookError):
    """Why nothing is sealed, in one sentence that says what to do."""


class BusyError(RefusedError):
    """Somebody else is at work: worth another try."""


class State(NamedTuple):
    last: Receipt | None = None  # printed
    pending: Receipt | None = None  # may have been signed, and may be in the database


def default_file(key_id: str) -> Path:
    """Where the state of a key is kept unless somebody says otherwise."""
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state"
    return Path(home) / "user-state-audit" / f"{key_id}.json"


class Memory:
    """The state file of one key. Whoever holds the lock beside it may read and write it."""

    def __init__(self, file: Path):
        self.file = file

    @contextmanager
    def locked(self) -> Iterator[None]:
        """RefusedError when another sealer holds the lock for long, or the folder is of no use."""
        try:
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = open(f"{self.file}.lock", "a")  # noqa: SIM115 - closed below
        except OSError as error:
            raise RefusedError(
                f"Can't lock the state file {self.file}: {error.strerror}."
            ) from None
        with lock:
            self._wait(lock.fileno())
            yield

    def _wait(self, lock: int) -> None:
        gives_up = time.monotonic() + PATIENCE
        while True:
            with suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            if time.monotonic() > gives_up:
                raise BusyError(
                    f"Another sealer has held the state file {self.file} for {PATIENCE:.0f}"
                    " seconds: only one at a time may use a key."
                )
            time.sleep(PAUSE)

    def read(self) -> State:
        """Nothing where there is no file yet; RefusedError when it can't be read."""
        try:
            with open(self.file, "rb") as file:
                return state_of(file.read(LARGEST))
        except FileNotFoundError:
            return State()
        except OSError as error:
            raise RefusedError(
                f"Can't read the state file {self.file}: {error.strerror}."
            ) from None
        except (ValueError, TypeError, KeyError, RecursionError):
            raise RefusedError(
                f"The state file {self.file} is damaged: bring it back from a backup, or remove it"
                " and give the last receipt with --after."
            ) from None

    def write(self, state: State) -> None:
        """On disk, whole or not at all, when it returns; RefusedError."""
        beside = self.file.with_name(f"{self.file.name}.new")
        try:
            with open(beside, "w", opener=private) as file:
                file.write(text_of(state))
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self.file)
            sync_folder(self.file.parent)
        except OSError as error:
            raise RefusedError(
                f"Can't write the state file {self.file}: {error.strerror}."
            ) from None


def state_of(data: bytes) -> State:
    values = json.loads(data)
    if sorted(values) != ["last", "pending"]:
        raise ValueError("other fields")
    last, pending = values["last"], values["pending"]
    return State(
        None if last is None else parse(last), None if pending is None else parse_unsigned(pending)
    )


def text_of(state: State) -> str:
    last, pending = state
    return json.dumps({"last": last and str(last), "pending": pending and pending.text}, indent=2)


def private(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)


def sync_folder(folder: Path) -> None:
    """Else a power cut could bring the old file back."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
