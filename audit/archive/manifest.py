"""What a file of entries holds, for whoever finds it: JSON beside it."""

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from audit.seals import Receipt
from audit.seals.archived import Month

from .files import named, write

FORMAT = 1


def file_of(month: datetime, again: int | None) -> str:
    """The name of a month's file. Where the month was archived before, the archiving ``again``
    takes what was written into it since, by a clock that was wrong."""
    return f"user_state_audit_{month:%Y_%m}{f'.{again}' if again else ''}.parquet"


def manifest_of(file: Path) -> Path:
    """Its name begins so that Spark, Hive and Trino do not take it for data."""
    return file.with_name(f"_{file.stem}.json")


def write_manifest(folder: Path, site: str, month: Month, seals: Iterable[Receipt]) -> str:
    """Its SHA-256. ``seals`` are those that hold entries of the file."""
    facts = {name: value for name, value in month._asdict().items() if name != "manifest"}
    receipts = [str(each) for each in seals]
    text = json.dumps({"format": FORMAT, "site": site, **facts, "seals": receipts}, indent=1)
    return write(
        manifest_of(folder / month.file), lambda target: target.write(f"{text}\n".encode())
    )


def site_in(file: Path) -> str | None:
    """The site that the manifest of a file names; None where there is none, or it can't be read."""
    manifest = manifest_of(file)
    if not manifest.exists():
        return None
    with named(manifest, "read"):
        data = manifest.read_bytes()
    try:
        return str(json.loads(data)["site"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
