"""What a file of entries holds, for whoever finds it: JSON beside it."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from audit.seals import Receipt
from audit.seals.contents import Month
from audit.seals.receipt import FIELDS

from .files import WrongFileError, at_once, need_whole, opened
from .folder import Folder

FORMAT = 1


def manifest_of(file: Path) -> Path:
    """Its name begins so that Spark, Hive and Trino do not take it for data."""
    return file.with_name(f"_{file.stem}.json")


def write_manifest(folder: Folder, site: str, month: Month, seals: Iterable[Receipt]) -> str:
    """Its SHA-256. ``seals`` are those that hold entries of the file."""
    facts = {name: value for name, value in month._asdict().items() if name != "manifest"}
    receipts = [str(each) for each in seals]
    text = json.dumps({"format": FORMAT, "site": site, **facts, "seals": receipts}, indent=1)
    name = manifest_of(Path(month.file)).name
    return folder.write(name, lambda target: target.write(f"{text}\n".encode()))


def need_both(folder: Path, month: Month) -> None:
    """WrongFileError where the month's file, or its manifest, is not what it should be."""
    need_entries(folder, month)
    need_manifest(folder, month)


def need_entries(folder: Path, month: Month) -> None:
    need_whole(folder / month.file, month.sha256)


def need_manifest(folder: Path, month: Month) -> None:
    manifest = manifest_of(folder / month.file)
    with opened(manifest, month.manifest) as source:
        if facts_in(source).get("format") != FORMAT:
            raise WrongFileError(manifest, "is of a format that this release does not know")


def need_site(file: Path, site: str) -> None:
    """WrongFileError where the manifest of a file names another one; where there is none, or it
    can't be read, nothing is known."""
    try:
        with open(manifest_of(file), "rb", opener=at_once) as source:
            other = str(facts_in(source).get("site"))
    except OSError:
        return
    if re.fullmatch(FIELDS["site"], other) and other != site:
        raise WrongFileError(file, f"is of another site, {other}")


def facts_in(source: IO[bytes]) -> dict[str, Any]:
    """What a manifest says; nothing where it can't be read."""
    try:
        facts = json.load(source)
    except (ValueError, TypeError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) else {}
