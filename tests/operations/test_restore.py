"""Each way to restore, and each dump that is not the right one, ends as docs/restore.md says."""

import os
import re
import shutil

import pytest

from audit import seals
from audit.sqlfiles import SQL_DIR
from project import postgres
from tests.arena import Arena, Attackable, migrate

from .restores import (
    DOCUMENT,
    DUMPS,
    NEW,
    OTHER,
    SERVER,
    SERVER_FROM_15,
    UNTOUCHED,
    WAYS,
    WELL,
    Way,
    with_tables,
)
from .restoring import dump, dumped_site, errors, kept, kinds, place, version


def named(way: Way) -> str:
    return f"{way.role}: {'; '.join(way.commands)}, into {way.into}"


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS, ids=named)
def test_a_restore_ends_as_the_document_says(way, site, elsewhere, dumps):
    if way.into == (SERVER if version(site) < 16 else SERVER_FROM_15):
        pytest.skip("is of another version")
    with place(way.into, elsewhere, site, dumps) as there:
        before = kept(there) if way.ends == UNTOUCHED else None
        complaints = "".join(there.run(each, way.role, dumps) for each in way.commands)
        found = there.verify()
        for step in way.mended_by:
            there.mend(step)
        there.make_members()

        assert (errors(complaints), kinds(found)) == (way.errors, way.found), found
        if way.ends.startswith(WELL):
            assert there.verify() == []
            there.has_all_of(site)
        elif way.ends == UNTOUCHED:
            assert kept(there) == before
        else:
            assert kinds(there.verify()) != ""


def bad_dump(what: str, command: str, comes: str, to_do: str):
    """Marks a test of something that goes wrong, as a row of docs/restore.md."""

    def mark(test):
        return pytest.mark.slow(pytest.mark.bad_dump(what, command, comes, to_do)(test))

    return mark


@bad_dump(
    "a dump that is cut short",
    "pg_restore -d restored -1 cut.dump",
    "an error, and nothing is restored",
    "restore a whole one",
)
def test_a_dump_cut_short_in_one_transaction(new, site, dumps):
    cut(dumps, "site.dump", -200)

    complaint = new.run("pg_restore -d restored -1 cut.dump", "postgres", dumps)

    assert errors(complaint) == "could not read from input file: end of file"
    assert new.sql("postgres", "select to_regclass('user_fsm')") == [(None,)]


@bad_dump(
    "the same",
    "pg_restore -d restored cut.dump",
    "an error, and a part is restored: verify finds `constraint`, `trigger` and more",
    "drop the database, restore a whole one",
)
def test_a_dump_cut_short(new, site, dumps):
    cut(dumps, "site.dump", -200)

    complaint = new.run("pg_restore -d restored cut.dump", "postgres", dumps)

    assert errors(complaint) == "could not read from input file: end of file"
    assert {"constraint", "trigger"} <= {each.kind for each in new.verify()}


@bad_dump(
    "a plain one that is cut short after a row",
    "psql -1 -v ON_ERROR_STOP=1 -f cut.sql restored",
    "no error, and a part is restored: verify finds `constraint`, `trigger` and more",
    "drop the database, restore a whole one: its last line is `-- PostgreSQL database dump"
    " complete`",
)
def test_a_plain_dump_cut_short(new, site, dumps):
    text = (dumps / "site.sql").read_bytes()
    cut(dumps, "site.sql", text.index(b"\n", text.index(b"\tmona\t")) + 1)

    complaint = new.run("psql -1 -v ON_ERROR_STOP=1 -f cut.sql restored", "postgres", dumps)

    assert errors(complaint) == ""
    assert {"constraint", "trigger"} <= {each.kind for each in new.verify()}
    assert b"\n-- PostgreSQL database dump complete\n" in text


@bad_dump(
    "a dump of a newer release",
    "pg_restore -d restored -1 newer.dump",
    "no error; `migrate`, `verify_audit` and `seal_audit` say that the database is of a newer"
    " version, and change nothing",
    "go on with that release",
)
def test_a_dump_of_a_newer_release(new, site, dumps):
    site.sql(
        "otto",
        "insert into django_migrations (app, name, applied) values ('audit', '9999_more', now())",
    )
    dump("pg_dump -Fc -f newer.dump site", site, dumps)
    site.sql("otto", "delete from django_migrations where name = '9999_more'")

    complaint = new.run("pg_restore -d restored -1 newer.dump", "postgres", dumps)

    assert errors(complaint) == ""
    for role, command in (("otto", "migrate"), ("rita", "verify_audit"), ("sealer", "seal_audit")):
        code, said = new.manage(role, command)
        assert code in (1, 2)
        assert "the database is of a newer version, with audit.9999_more: use that" in said.lower()
    assert kept(new) == kept(site)


@bad_dump(
    "a dump of another site",
    "pg_restore -d restored -1 other.dump",
    "no error, and verify finds nothing wrong with it; `seal_audit` says that it is another site,"
    " and that a key seals one",
    "restore the right one",
)
def test_a_dump_of_another_site(new, elsewhere, dumps):
    dump("pg_dump -Fc -f other.dump pristine", Arena(elsewhere, "pristine"), dumps)

    complaint = new.run("pg_restore -d restored -1 other.dump", "postgres", dumps)
    new.mend("migrate as otto")

    assert errors(complaint) == ""
    assert new.verify() == []
    for new_epoch in (False, True):
        with pytest.raises(seals.RefusedError, match="a key seals one site"):
            new.seal(new_epoch)


@bad_dump(
    "into the database of another site",
    "pg_restore -d restored -1 site.dump",
    "an error, and all is as it was",
    "restore into a new database",
)
def test_the_wrong_database_in_one_transaction(other, dumps):
    before = kept(other)

    complaint = other.run("pg_restore -d restored -1 site.dump", "postgres", dumps)

    assert errors(complaint).endswith("already exists with same argument types")
    assert kept(other) == before
    other.mend("migrate as otto")
    assert other.verify() == []


@bad_dump(
    "the same",
    "pg_restore -d restored site.dump",
    "more than a hundred errors; no entry is lost, but others are added, which verify finds:"
    " `entry`, `gap`, `seal`, `state`",
    "restore both, each into a database of its own",
)
def test_the_wrong_database(other, dumps):
    entries, *_ = kept(other)

    complaint = other.run("pg_restore -d restored site.dump", "postgres", dumps)
    other.mend("migrate as otto")

    assert complaint.count("ERROR:") > 100
    assert set(entries) < set(kept(other)[0])
    assert kinds(other.verify()) == "entry, gap, seal, state"


@bad_dump(
    "the same",
    "pg_restore -d restored --clean --if-exists site.dump",
    "the other site is gone, as was asked; `seal_audit` says that it is another site, and verify"
    " finds that its receipts are of none",
    "restore the other site from its own dump",
)
def test_the_wrong_database_that_is_cleaned(other, dumps, tmp_path):
    other.folder, other.printed = tmp_path, []  # of the other site's sealer
    other.seal()
    other.django.close()

    other.run("pg_restore -d restored --clean --if-exists site.dump", "postgres", dumps)
    other.mend("migrate as otto")

    with pytest.raises(seals.RefusedError, match="a key seals one site"):
        other.seal()
    assert kinds(other.verify(receipts=other.printed)) == "seal"


def cut(folder, name: str, end: int) -> None:
    """Into cut.dump or cut.sql, the beginning of a dump."""
    whole = folder / name
    (folder / f"cut{whole.suffix}").write_bytes(whole.read_bytes()[:end])


def test_the_document_has_the_tables_of_the_tests():
    document = DOCUMENT.read_text("utf-8")
    expected = with_tables(document)
    if os.environ.get("WRITE_RESTORES"):
        DOCUMENT.write_text(expected, "utf-8")

    assert expected == document, "Run this test with WRITE_RESTORES=1 to write it anew."


def test_the_commands_that_it_recommends_are_tested():
    tested = {*DUMPS, *(each for way in WAYS for each in way.commands)}
    recommended = re.findall(r"^\$ (pg_.*)", DOCUMENT.read_text("utf-8"), re.MULTILINE)

    assert len(recommended) > 2
    assert {*recommended} <= tested


@pytest.fixture(scope="module")
def dumps(tmp_path_factory):
    """The folder in which they are, and where all commands run."""
    folder = tmp_path_factory.mktemp("dumps")
    shutil.copy(SQL_DIR / "install/10_roles.sql", folder)
    return folder


@pytest.fixture(scope="module")
def site(attackable, dumps, django_db_blocker):
    with django_db_blocker.unblock(), dumped_site(attackable, dumps) as site:
        yield site


@pytest.fixture(scope="module")
def elsewhere(django_db_setup):
    """Another server, with the same roles, and a database that was migrated and nothing else."""
    with postgres.temporary_server(postgres.memory_folder()) as server:
        attackable = Attackable(server.url)
        Arena(attackable, "vacant").on_server("create database vacant owner otto")
        migrate(attackable.url_for("otto", "vacant"))
        yield attackable


@pytest.fixture
def new(elsewhere, site, dumps):
    with place(NEW, elsewhere, site, dumps) as there:
        yield there


@pytest.fixture
def other(elsewhere, site, dumps):
    with place(OTHER, elsewhere, site, dumps) as there:
        yield there
