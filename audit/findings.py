"""What verifying finds, and why it may not be able to look."""

from typing import NamedTuple


class CannotLookError(Exception):
    """Something that is needed for looking is not there; in one sentence."""


class AnotherReleaseError(CannotLookError):
    """The database is of an older release than the code, or of a newer one."""


class Finding(NamedTuple):
    """One thing that is not as it should be. ``user_id`` and ``entry_id`` are None where it is
    about neither."""

    kind: str
    object: str
    user_id: int | None
    entry_id: int | None
    detail: str
