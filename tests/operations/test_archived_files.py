"""The files of archived months: whether they are those, what reads them, a month brought back."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import psycopg2
import pytest
from django.core.management import CommandError

from audit.archive.manifest import manifest_of
from project import postgres
from project.settings import BASE_DIR
from tests.arena import KEY, Arena

from .past import archive, findings, restore, sealed

pytestmark = pytest.mark.slow

PAGE = (BASE_DIR / "docs/retention.md").read_text()
FEBRUARY = "user_state_audit_2024_02.parquet"
BEFORE = "select * from user_state_audit where datetime < '2024-03-01' order by id"
LOCKOUTS = BASE_DIR / "sql/install/58_user_state_lockouts.sql"
SPARK = """
import json, sys
from pyspark.sql import SparkSession
spark = (SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
         .config("spark.driver.bindAddress", "127.0.0.1").config("spark.driver.host", "127.0.0.1")
         .config("spark.sql.session.timeZone", "UTC").getOrCreate())
spark.read.parquet(sys.argv[1]).createOrReplaceTempView("user_state_audit")
rows = spark.sql(sys.argv[2]).collect()
print(json.dumps([[str(value) for value in row] for row in rows]))
"""


@pytest.fixture(scope="module")
def past(original, django_db_blocker, tmp_path_factory) -> tuple[Arena, Path, dict]:
    """January and February 2024 are archived; what was there of them, and what the desk said."""
    folder = tmp_path_factory.mktemp("archived") / "files"
    folder.mkdir()
    with django_db_blocker.unblock(), sealed(original) as arena:
        before = {
            "entries": arena.sql("postgres", "set timezone = 'UTC'", BEFORE),
            "lockouts": arena.sql("rita", "set timezone = 'UTC'", lockouts()),
        }
        archive(arena, "2024-03-01", folder)
        yield arena, folder, before


@pytest.fixture
def arena(past, django_db_blocker) -> Arena:
    with django_db_blocker.unblock():
        yield past[0]


@pytest.fixture
def folder(past, tmp_path) -> Path:
    """A copy of the files."""
    return shutil.copytree(past[1], tmp_path / "files")


def lockouts() -> str:
    """The desk's question, of January and February 2024, also where those are archived."""
    _, body, _ = LOCKOUTS.read_text().split("$function$")
    body = re.sub(r"^.*user_state_archive.*$", "", body, flags=re.MULTILINE)
    window = {"since": "'2024-01-01'::timestamptz", "until": "'2024-03-01'::timestamptz"}
    return re.sub(r"\b(since|until)\b", lambda name: window[name[0]], body)


def test_the_files_are_those_that_were_archived(arena, folder):
    assert findings(arena, archive=folder) == []


def cut_short(folder: Path) -> None:
    os.truncate(folder / FEBRUARY, 4000)


def change_a_byte(folder: Path) -> None:
    data = bytearray((folder / FEBRUARY).read_bytes())
    data[100] ^= 1
    (folder / FEBRUARY).write_bytes(data)


def remove(folder: Path) -> None:
    (folder / FEBRUARY).unlink()


def remove_the_manifest(folder: Path) -> None:
    manifest_of(folder / FEBRUARY).unlink()


def add_another(folder: Path) -> None:
    shutil.copy(folder / FEBRUARY, folder / "user_state_audit_2023_01.parquet")


def of_another_site(folder: Path) -> None:
    manifest = manifest_of(folder / FEBRUARY)
    site = "00000000-0000-0000-0000-000000000000"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"site": site}))


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (cut_short, f"file {FEBRUARY} is not what was archived: it was changed, or is damaged"),
        (change_a_byte, f"file {FEBRUARY} is not what was archived: it was changed, or is damaged"),
        (remove, f"file {FEBRUARY} is missing"),
        (remove_the_manifest, "file _user_state_audit_2024_02.json is missing"),
        (add_another, "file user_state_audit_2023_01.parquet is not of what is archived here"),
        (of_another_site, f"file {FEBRUARY} is of another site, 00000000-0000-0000-0000-00000000"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(arena, folder, harm: Callable, said: str):
    harm(folder)

    assert any(each.startswith(said) for each in findings(arena, archive=folder))


def verify_files(arena: Arena, folder: Path) -> subprocess.CompletedProcess:
    given = ["--public-key", KEY.public_key().public_bytes_raw().hex(), "--archive", str(folder)]
    return subprocess.run(
        [sys.executable, "manage.py", "verify_audit", *given],
        env=os.environ | {"DATABASE_URL": arena.server.url_for("rita", arena.name)},
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
    )


def test_the_command_looks_at_the_files_too(arena, folder):
    good, none = verify_files(arena, folder), verify_files(arena, folder / "none")
    remove(folder)
    missing = verify_files(arena, folder)

    assert (good.returncode, good.stdout.startswith("All is well")) == (0, True)
    assert (none.returncode, "There is no folder" in none.stderr) == (2, True)
    assert missing.returncode == 1
    assert re.search(rf"^file +file {FEBRUARY} +is missing *$", missing.stdout, re.MULTILINE)


@pytest.mark.parametrize("name", [FEBRUARY, f"_{Path(FEBRUARY).stem}.json"])
def test_what_the_system_does_not_give_is_not_judged(arena, folder, name):
    """As where it may not be read: nobody knows whether anything is wrong."""
    verified = "select count(*) from user_state_verification"
    before = arena.sql("rita", verified)
    (folder / name).unlink()
    (folder / name).symlink_to("/proc/self/mem")  # of which nobody can read the first byte

    done = verify_files(arena, folder)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.strip() == f"CommandError: Can't read {folder / name}: Input/output error."
    assert arena.sql("rita", verified) == before


def test_leaves_are_held_against_the_seals(arena, folder, monkeypatch):
    """Where somebody had the digests signed of files that hold something else."""
    monkeypatch.setattr("audit.archive.streams.leaf_of", lambda entry: bytes(32))

    found = findings(arena, archive=folder)

    assert "seal 2 does not hold what the files have of it" in found


def test_a_month_is_brought_back_for_a_look(arena, folder, past):
    table = "user_state_audit_2024_02_archived"
    key = ("--public-key", KEY.public_key().public_bytes_raw().hex())
    said = restore(arena, "2024-02", "--from", str(folder), *key)

    assert said == f"{table} has the 56 entries of 2024-02."
    assert restore(arena, "2024-02", "--from", str(folder)).endswith(
        "is there already; --drop takes it away."
    )
    rows = arena.sql("rita", "set timezone = 'UTC'", f"select * from {table} order by id")
    february = [row for row in past[2]["entries"] if row[5].month == 2]
    assert as_bytes(rows) == as_bytes(february)
    for role in ("rita", "web", "otto"):
        for statement in (
            f"delete from {table}",
            f"truncate {table}",
            f"update {table} set reason = 'x'",
            f"insert into {table} select * from {table}",
        ):
            with pytest.raises(psycopg2.Error, match=r"append-only|permission denied"):
                arena.sql(role, statement)
    assert findings(arena) == []
    assert restore(arena, "2024-02", "--drop") == f"{table} is dropped."
    assert restore(arena, "2024-02", "--drop") == f"There is no {table}."


def as_bytes(rows: list[tuple]) -> list[tuple]:
    return [tuple(bytes(v) if isinstance(v, memoryview) else v for v in row) for row in rows]


@pytest.mark.parametrize(
    ("month", "harm", "said"),
    [
        ("2024-02", remove, "is missing"),
        ("2024-02", change_a_byte, "was changed, or is damaged"),
        ("2024-02", of_another_site, f"{FEBRUARY} is of another site, 00000000-0000-0000-0000-"),
        ("2024-03", lambda folder: None, "The month 2024-03 is not archived here."),
        ("2024-13", lambda folder: None, "'2024-13' is no month"),
    ],
)
def test_why_a_month_is_not_brought_back(arena, folder, month, harm, said):
    harm(folder)

    with pytest.raises(CommandError, match=re.escape(said)) as error:
        restore(arena, month, "--from", str(folder))

    assert error.value.returncode == 2


def test_duckdb_answers_a_question_of_the_desk_from_the_files(folder, past):
    database = duckdb.connect()
    database.execute("create schema public")
    database.execute(
        f"create view public.user_state_audit as select * from read_parquet('{folder}/*.parquet')"
    )

    assert database.execute(lockouts()).fetchall() == past[2]["lockouts"]
    kinds = database.execute(
        "select typeof(id), typeof(datetime), typeof(client_addr), typeof(actor_salt)"
        " from public.user_state_audit limit 1"
    ).fetchall()
    assert kinds == [("BIGINT", "TIMESTAMP WITH TIME ZONE", "VARCHAR", "BLOB")]


def test_spark_answers_a_question_of_the_desk_from_the_files(folder, past):
    pytest.importorskip("pyspark", reason="pyspark is not installed")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    question = re.sub(r"::timestamptz", "", lockouts().replace("public.", ""))
    question = re.sub(r"'(2024-\d\d-\d\d)'", r"timestamp '\1'", question)

    done = subprocess.run(
        [sys.executable, "-c", SPARK, folder, question], capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr[-2000:]
    expected = [
        [*map(str, row[:3]), str(row[3].replace(tzinfo=None))] for row in past[2]["lockouts"]
    ]
    assert json.loads(done.stdout.splitlines()[-1]) == expected


def test_the_page_says_what_works(original, tmp_path, django_db_blocker):
    key = {"AUDIT_SEAL_KEY": KEY.private_bytes_raw().hex()}
    who = {"deployer": "otto", "auditor": "rita"}
    printed = {}
    with django_db_blocker.unblock(), sealed(original) as arena:
        arena.django.close()
        for block in re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
            for line in block.splitlines():
                if line.startswith("# as "):
                    url = arena.server.url_for(who[line.removeprefix("# as ")], arena.name)
                    continue
                program, *arguments = shlex.split(
                    line.removeprefix("$ ").replace("/archive", str(tmp_path))
                )
                started = [sys.executable, *arguments]
                if program == "psql":
                    started = [postgres.PROGRAMS / "psql", url, *arguments]
                done = subprocess.run(
                    started,
                    env=os.environ | key | {"DATABASE_URL": url},
                    cwd=BASE_DIR,
                    capture_output=True,
                    text=True,
                )
                assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"
                printed[line] = done.stdout
    archived, verified, restored, looked, dropped = printed.values()
    assert " since=2024-01-01T00:00:00Z until=2024-03-01T00:00:00Z entries=" in archived
    assert verified.startswith("All is well")
    assert "has the 56 entries of 2024-02" in restored
    assert "(5 rows)" in looked
    assert "is dropped" in dropped
