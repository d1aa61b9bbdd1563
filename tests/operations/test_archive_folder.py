"""The folder that months are archived into: what is there stays; a new key goes on."""

import fcntl
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from audit.archive import files, parquet
from audit.archive import folder as folders
from audit.findings import CannotLookError
from audit.management.commands import archive_audit
from audit.seals import new_key
from tests.arena import KEY

from .past import archive, findings, refusal, sealed, write_late

pytestmark = pytest.mark.slow

FEBRUARY = "user_state_audit_2024_02.parquet"


@pytest.fixture
def arena(original, django_db_blocker):
    with django_db_blocker.unblock(), sealed(original) as arena:
        yield arena


def test_a_copy_of_the_site_does_not_write_over_its_files(original, arena, folder):
    archive(arena, "2024-03-01", folder)
    with sealed(original) as copy:
        archive(copy, "2024-02-01", folder)  # of January it has the same
        write_late(copy, "2024-02-29")
        copy.seal()

        said = refusal(copy, "2024-05-01", folder)

    assert said.startswith(f"{folder / FEBRUARY} is there already, with something else in it")
    assert findings(arena, archive=folder) == []


def test_only_one_archives_into_a_folder(arena, folder):
    with open(folder / folders.LOCK, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        said = refusal(arena, "2024-03-01", folder)

    assert said == f"Somebody else is archiving into {folder}: wait until they are done."
    assert "entries=" in archive(arena, "2024-03-01", folder)


def test_what_a_killed_run_has_not_finished_is_removed(arena, folder):
    (folder / ".user_state_audit_2019_01.parquet.new").write_bytes(b"PAR1")
    (folder / "._user_state_audit_2019_01.json.new").write_bytes(b"{")
    (folder / "mine.new").touch()

    archive(arena, "2024-03-01", folder)

    assert [each.name for each in folder.glob("*.new")] == ["mine.new"]


@pytest.mark.parametrize("name", [FEBRUARY, "_user_state_audit_2024_02.json"])
def test_files_are_looked_at_once_more_before_months_go(arena, folder, monkeypatch, name):
    monkeypatch.setattr(archive_audit.Command, "tell", lambda *_: os.truncate(folder / name, 100))

    said = refusal(arena, "2024-03-01", folder)

    assert said.startswith(f"{folder / name} is not what was archived")


def test_what_is_no_file_of_entries_is_said(arena, folder, monkeypatch):
    monkeypatch.setattr(parquet, "write", lambda target, entries: target.write(b"PAR1, or not"))

    said = refusal(arena, "2024-03-01", folder)

    assert said.endswith(".parquet is no Parquet file of entries, or damaged.")


def test_files_are_readable_for_whoever_has_written_them_only(arena, folder):
    archive(arena, "2024-03-01", folder)

    assert {each.stat().st_mode & 0o777 for each in folder.iterdir()} == {0o600}


@contextmanager
def nobody():
    """Who is no superuser, and owns nothing."""
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(was)


@pytest.mark.parametrize(
    ("mode", "need"),
    [
        (0o644, files.need_folder),
        (0o555, lambda folder: folders.Folder(folder).locked().__enter__()),
    ],
)
def test_a_folder_that_is_not_for_us_is_said(mode, need):
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, mode)

        with nobody(), pytest.raises(CannotLookError, match=f"the folder {name}"):
            need(Path(name))


def test_a_file_that_is_not_for_us_is_said():
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        file = Path(name) / FEBRUARY
        file.touch(mode=0o000)

        with nobody(), pytest.raises(CannotLookError, match="Permission denied") as error:
            files.need_whole(file, "")

    assert type(error.value) is CannotLookError


def test_a_new_key_goes_on_with_those_before_it(arena, folder):
    key = new_key()
    archive(arena, "2024-02-01", folder)
    arena.seal(new_epoch=True, key=key, after=arena.printed[-1])

    said = refusal(arena, "2024-03-01", folder, key=key)
    archive(arena, "2024-03-01", folder, key=key, former=[KEY])

    assert said.endswith("which was not given.")
    archive(arena, "2024-04-01", folder, key=key, former=[KEY])
    arena.become("rita")
    keys = [KEY.public_key(), key.public_key()]
    assert arena.verify(keys=keys, archive=folder) == []
