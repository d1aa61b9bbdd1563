"""Tombstones and files that somebody has forged: each is found, and keeps nothing from being."""

import io
import json
import os
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pytest
from django.core.management import CommandError
from django.db import connections
from pyarrow import parquet as pq

from audit.archive import parquet
from audit.archive.entries import Entry
from audit.archive.manifest import manifest_of
from audit.findings import CannotLookError
from audit.seals import new_key, public_hex
from audit.seals.place import looking
from audit.seals.proof import prove
from audit.seals.tombstone import parse
from tests.arena import KEY, Arena, execute
from tests.audit.attacks.statements import GUARDED, UNGUARDED

from .past import archive, refusal, restore, sealed

pytestmark = pytest.mark.slow

JANUARY = "user_state_audit_2024_01.parquet"
FILE = {"month": "2024-01", "file": JANUARY, "entries": 1, "first": 1, "last": 1}
DIGESTS = {"sha256": "0" * 64, "manifest": "0" * 64}
EMPTY = {"months": [], "whole": [], "partly": []}
ILLEGIBLE = "archive 1 has contents that can't be read"
TABLE = "user_state_audit_2024_01_archived"


@pytest.fixture(scope="module")
def archived(original, django_db_blocker, tmp_path_factory):
    """January and February 2024 are archived."""
    folder = tmp_path_factory.mktemp("archived") / "files"
    folder.mkdir()
    with django_db_blocker.unblock(), sealed(original) as arena:
        archive(arena, "2024-03-01", folder)
        yield arena, folder


@pytest.fixture
def folder(archived, tmp_path) -> Path:
    """A copy of the files."""
    folder = tmp_path / "files"
    folder.mkdir()
    for each in archived[1].iterdir():
        (folder / each.name).write_bytes(each.read_bytes())
    return folder


@pytest.fixture
def arena(archived, django_db_blocker):
    with django_db_blocker.unblock(), sealed(archived[0]) as arena:
        yield arena


def forge(arena: Arena, contents: str, key=KEY) -> None:
    """Have the tombstone bind these contents."""
    [(text,)] = arena.sql("postgres", "select receipt from user_state_archive")
    forged = parse(text)._replace(contents=sha256(contents.encode()).hexdigest()).signed(key)
    with arena.session("postgres") as session:
        execute(session, "begin", UNGUARDED)
        with session.cursor() as cursor:
            cursor.execute(
                "update user_state_archive set contents = %s, receipt = %s",
                [contents, str(forged)],
            )
        execute(session, GUARDED, "commit")


def forge_file(arena: Arena, folder: Path, **manifest) -> None:
    """Have it bind January's file as it is now, and its manifest with these facts."""
    [(text,)] = arena.sql("postgres", "select contents from user_state_archive")
    contents, file = json.loads(text), folder / JANUARY
    facts = json.loads(manifest_of(file).read_text()) | manifest
    manifest_of(file).write_text(json.dumps(facts))
    for name, each in (("sha256", file), ("manifest", manifest_of(file))):
        contents["months"][0][name] = sha256(each.read_bytes()).hexdigest()
    forge(arena, json.dumps(contents))


def found(arena: Arena, **options) -> list[str]:
    try:
        return [f"{each.object} {each.detail}" for each in arena.verify(**options)]
    finally:
        arena.django.close()


def unrestored(arena: Arena, folder: Path, *arguments: str) -> str:
    with pytest.raises(CommandError) as error:
        restore(arena, "2024-01", "--from", str(folder), *arguments)
    assert error.value.returncode == 2
    return str(error.value)


@pytest.mark.parametrize(
    "contents",
    [
        "{}",
        "[]",
        "null",
        "no JSON",
        "[" * 100_000,
        EMPTY | {"months": [FILE]},
        EMPTY | {"months": [FILE | DIGESTS | {"file": f"../files/{JANUARY}"}]},
        EMPTY | {"months": [FILE | DIGESTS | {"file": "/etc/passwd"}]},
        EMPTY | {"months": [FILE | DIGESTS | {"month": "2024-02"}]},
        EMPTY | {"months": [FILE | DIGESTS | {"file": 1}]},
        EMPTY | {"months": [FILE | DIGESTS | {"sha256": None}]},
        EMPTY | {"months": [FILE | DIGESTS | {"first": "1"}]},
        EMPTY | {"months": [FILE | DIGESTS | {"another": 1}]},
        EMPTY | {"whole": [["1", 2]]},
        EMPTY | {"whole": [1]},
        EMPTY | {"partly": [{"number": [], "nodes": []}]},
        EMPTY | {"partly": [{"number": 1, "nodes": [[0, 10**30, "0" * 64]]}]},
        EMPTY | {"partly": [{"number": 1, "nodes": [[0, 0, "0" * 64]]}]},
        EMPTY | {"partly": [{"number": 1, "nodes": [[0, 1, "0"]]}]},
    ],
    ids=range(19),
)
def test_contents_that_cannot_be_read_are_found_among_all_else(arena, folder, contents):
    forge(arena, contents if isinstance(contents, str) else json.dumps(contents))
    holds = arena.printed[0]

    wrong = found(arena, archive=folder)

    assert ILLEGIBLE in wrong
    assert any("; now there are" in each for each in wrong)
    assert unrestored(arena, folder) == ILLEGIBLE.capitalize() + ": see verify_audit."
    said = refusal(arena, "2024-04-01", folder)
    assert said.startswith("Nothing is archived while something is wrong")
    arena.become("rita")
    with looking(connections["arena"]), pytest.raises(CannotLookError):
        prove(connections["arena"], 70, holds)
    arena.django.close()


def test_a_file_that_is_left_out_of_the_contents_is_missed(arena, folder):
    [(text,)] = arena.sql("postgres", "select contents from user_state_archive")
    contents = json.loads(text)
    forge(arena, json.dumps(contents | {"months": contents["months"][1:]}))
    for file in (folder / JANUARY, manifest_of(folder / JANUARY)):
        file.unlink()

    assert "seal 1 does not hold what the files have of it" in found(arena, archive=folder)


def test_a_tombstone_of_no_month_is_said(arena, folder):
    until = "update user_state_archive set receipt = replace(receipt, '-03-01T', '-13-01T')"
    arena.sql("postgres", "begin", UNGUARDED, until, GUARDED, "commit")

    assert unrestored(arena, folder) == "Archive 1 can't be read: see verify_audit."
    assert refusal(arena, "2024-05-01", folder) == unrestored(arena, folder)
    assert any(each.startswith("archive 1 ") for each in found(arena))


def test_where_all_tombstones_were_removed_the_rest_is_found_too(arena, folder):
    arena.sql("postgres", "begin", UNGUARDED, "delete from user_state_archive", GUARDED, "commit")

    wrong = found(arena, archive=folder)

    assert any(each.startswith("folder files is given, and nothing is archived") for each in wrong)
    assert any("a tombstone was removed" in each for each in wrong)


def test_a_file_that_another_key_has_signed_is_not_restored(arena, folder):
    [(contents,)] = arena.sql("postgres", "select contents from user_state_archive")
    forge(arena, contents, key=new_key())

    said = unrestored(arena, folder, "--public-key", public_hex(KEY))

    assert said == "Archive 1 has a signature that is not of its key: see verify_audit."
    assert "(signatures not checked: no key)" in restore(arena, "2024-01", "--from", str(folder))


def test_a_tombstone_out_of_its_chain_is_not_believed(arena, folder):
    rename = "update user_state_archive set receipt = replace(receipt, 'number=1', 'number=2')"
    arena.sql("postgres", "begin", UNGUARDED, rename, GUARDED, "commit")

    assert unrestored(arena, folder).startswith("Archive 1 is not chained to the one before it")


def some_bytes() -> bytes:
    return b"PAR1 and then nothing"


def of_entries(change) -> bytes:
    """A file of entries, of which ``change`` returns others."""
    entries = [
        Entry(n, *"abcd", 0, "e", n, *[None] * 5, "f", *[None] * 2, n, *[b"1" * 16] * 4)
        for n in (1, 2)
    ]
    target = io.BytesIO()
    parquet.write(target, [change(each) for each in entries])
    return target.getvalue()


def of_another_kind() -> bytes:
    target = io.BytesIO()
    pq.write_table(pa.table({"id": [1, 2]}), target)
    return target.getvalue()


NO_ENTRIES = "is no Parquet file of entries, or damaged"
OTHERS = "does not have the entries that it should have, in order of id"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (some_bytes, NO_ENTRIES),
        (of_another_kind, NO_ENTRIES),
        (lambda: of_entries(lambda entry: entry._replace(id=None)), NO_ENTRIES),
        (lambda: of_entries(lambda entry: entry._replace(transaction_id=None)), NO_ENTRIES),
        (lambda: of_entries(lambda entry: entry._replace(id=9 - entry.id)), OTHERS),
        (lambda: of_entries(lambda entry: entry), OTHERS),
    ],
)
def test_files_that_were_signed_and_are_none_of_entries(arena, folder, data, said):
    (folder / JANUARY).write_bytes(data())
    forge_file(arena, folder)

    assert f"file {JANUARY} {said}" in found(arena, archive=folder)
    assert unrestored(arena, folder) == f"{folder / JANUARY} {said}."


def test_a_format_that_is_not_known_is_said(arena, folder):
    forge_file(arena, folder, format=2)
    said = "_user_state_audit_2024_01.json is of a format that this release does not know"

    assert f"file {said}" in found(arena, archive=folder)
    assert unrestored(arena, folder) == f"{folder / said}."


def test_what_cannot_be_opened_is_found_among_the_others(arena, folder):
    for file in (folder / JANUARY, manifest_of(folder / JANUARY)):
        file.unlink()
    (folder / JANUARY).mkdir()
    os.mkfifo(manifest_of(folder / JANUARY))
    (folder / "user_state_audit_2024_02.parquet").write_bytes(b"")

    wrong = found(arena, archive=folder)

    assert len([each for each in wrong if each.startswith("file ")]) == 3
    assert f"file {JANUARY} is no file" in wrong


def test_a_month_without_entries_is_said(arena, folder):
    archive(arena, "2024-06-01", folder)

    with pytest.raises(CommandError, match="2024-05 is archived, and had no entries"):
        restore(arena, "2024-05", "--from", str(folder))


@pytest.mark.parametrize(
    "made",
    [
        [f"create table {TABLE} (id int)"],
        [
            "create table parent (id int)",
            f"create table {TABLE} () inherits (parent)",
            f"comment on table {TABLE} is 'A copy of an archived month, for a look: restore_audit"
            " --drop takes it away.'",
        ],
    ],
)
def test_what_somebody_else_has_made_is_not_dropped(arena, made):
    arena.sql("postgres", *made, f"alter table {TABLE} owner to otto")

    with pytest.raises(CommandError, match="was made by somebody else"):
        restore(arena, "2024-01", "--drop")

    assert arena.sql("postgres", f"select count(*) from {TABLE}") == [(0,)]
