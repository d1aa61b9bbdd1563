"""A site that is dumped, and the places where it is restored."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from audit import seals
from audit.findings import Finding
from audit.sqlfiles import text_of
from project import postgres
from project.settings import BASE_DIR
from tests.arena import KEY, MEMBERS, Arena, Attackable
from tests.audit.attacks.statements import VERIFIED
from tests.audit.seals.servers import at

from .restores import (
    DUMPS,
    MADE,
    MIGRATED,
    NEW,
    OTHER,
    SERVER,
    SERVER_FROM_15,
    USED,
    WITHOUT_CREATEROLE,
    WITHOUT_ROLES,
)

# What Carl may do is left out, for they are on no new server. The months go back by three.
PAST = """
revoke all on user_fsm, accounts_user from carl;
revoke select (id, username) on accounts_user from carl;
select set_config('user_state.first_month',
                  (date_trunc('month', now()) - interval '3 months')::date::text, false)
"""
# Zoe came three months ago, and went a month ago.
ZOE = """
insert into user_state_audit
  (username, initiated_by, start_state, end_state, datetime, ip_address, user_id, transition,
   db_user, transaction_id, subject_salt, actor_salt)
select 'zoe', 'mona', start_state, end_state, now() - make_interval(months => months), '192.0.2.1',
       9, transition, 'web', pg_current_xact_id()::text::bigint,
       decode(md5(start_state), 'hex'), decode(md5(end_state), 'hex')
  from (values (3, 'new', 'active', null), (2, 'active', 'locked', 'lock'),
               (1, 'locked', 'deleted', null)) as z (months, start_state, end_state, transition)
 order by months desc
"""
SET = "update user_fsm set current_state = '{}' where user_id = {}"
WHO_MIGRATES_CAN = """
select pg_has_role(s.tableowner, a.tableowner, 'usage') from pg_tables s, pg_tables a
 where s.tablename = 'user_fsm' and a.tablename = 'user_state_audit'
"""
KEPT = (
    "select a::text from user_state_audit a order by a.id",
    "select f::text from user_fsm f order by f.id",
    "select s::text from user_state_seal s order by s.number",
    "select s::text from user_state_site s",
    "select t::text from user_state_transition t order by t::text",
    "select v::text from user_state_verification v order by v.id",
)


class Place(Arena):
    """Where one role may have to do for all."""

    def who(self, role: str) -> str:
        there = self.sql("postgres", f"select to_regrole('{role}') is not null") == [(True,)]
        return role if there else "otto"

    def become(self, role: str) -> None:
        """Where otto is meant, whoever owns the states."""
        owner = "select tableowner from pg_tables where tablename = 'user_fsm'"
        rows = self.sql("postgres", owner) if role == "otto" else []
        super().become(rows[0][0] if rows else self.who(role))

    @contextmanager
    def sealer_of(self, site: Arena) -> Iterator[None]:
        """The sealer remembers what they have sealed there."""
        with tempfile.TemporaryDirectory(prefix="user-state-audit-") as folder:
            shutil.copytree(site.folder.name, folder, dirs_exist_ok=True)
            self.folder, self.printed = folder, [*site.printed]
            yield
        self.django.close()

    def memory(self, key=KEY) -> seals.Memory:
        return seals.Memory(Path(self.folder) / f"{seals.key_id(key)}.json")

    def run(self, command: str, role: str, folder: Path) -> str:
        """What PostgreSQL's programs complain of, when they are run there."""
        return run(command, self.server.config(role, self.name), folder).stderr

    def mend(self, step: str) -> None:
        """By ``migrate as …``, or by SQL of a superuser's."""
        if step.startswith("migrate as "):
            code, said = self.manage(step.removeprefix("migrate as "), "migrate")
            assert code == 0, said
        else:
            self.sql("postgres", step)

    def manage(self, role: str, command: str) -> tuple[int, str]:
        """Its exit code, and what it says."""
        sealer = {
            "AUDIT_SEAL_KEY": KEY.private_bytes_raw().hex(),
            "AUDIT_SEAL_STATE": str(self.memory().file),
        }
        done = subprocess.run(
            [sys.executable, "manage.py", command],
            env=os.environ | sealer | {"DATABASE_URL": self.server.url_for(role, self.name)},
            cwd=BASE_DIR,
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stdout + done.stderr

    def make_members(self) -> None:
        """Who signs in, once there are the roles for it."""
        if self.who("user_state_audit_app") != "otto" and self.who("web") == "otto":
            self.sql("postgres", *filter(str.strip, MEMBERS.split(";")))

    def has_all_of(self, site: Arena) -> None:
        """What was there is as it was; what comes is recorded, once; and the sealer goes on."""
        assert kept(self) == kept(site)
        assert self.sql(
            "postgres",
            "select distinct tgenabled::text from pg_trigger"
            " where tgrelid = 'user_fsm'::regclass and not tgisinternal",
        ) == [("A",)]
        assert self.sql("postgres", WHO_MIGRATES_CAN) == [(True,)]
        self.sql(self.who("web"), SET.format("locked", 3))
        assert self.moves(3) == ["new invited", "invited active", "active locked"]
        with pytest.raises(
            seals.RefusedError, match=r"on another server .*: the database was rest"
        ):
            self.seal()
        self.seal(new_epoch=True)
        self.sql(self.who("web"), SET.format("active", 3))
        self.seal()
        assert self.verify(keys=[KEY.public_key()], receipts=self.printed) == []
        self.django.close()


def run(
    command: str, config: dict, folder: Path, programs: Path = postgres.PROGRAMS
) -> subprocess.CompletedProcess:
    name, *arguments = command.split()
    login = {"PGHOST": config["HOST"], "PGPORT": str(config["PORT"]), "PGUSER": config["USER"]}
    return subprocess.run(
        [programs / name, *arguments],
        cwd=folder,
        env=os.environ | login | {"PGPASSWORD": config["PASSWORD"], "PSQLRC": os.devnull},
        capture_output=True,
        text=True,
    )


def version(arena: Arena) -> int:
    with arena.session("postgres") as session:
        return session.info.server_version // 10000


def dump(command: str, site: Arena, folder: Path) -> None:
    """By the server's own program, where it is an older one: what some builds note of a column,
    only theirs leave out of a dump."""
    own = Path(f"/usr/lib/postgresql/{version(site)}/bin")
    programs = own if own.exists() else postgres.PROGRAMS
    done = run(command, site.server.config("postgres", site.name), folder, programs)
    assert done.returncode == 0, done.stderr


def kept(arena: Arena) -> list[list[tuple]]:
    """Whatever has to be the same after a restore."""
    return [arena.sql("postgres", statement) for statement in KEPT]


def errors(complaint: str) -> str:
    """Each once, whatever the names."""
    told = re.findall(r"ERROR:\s+(.*)|^pg_restore: error: (?!.*ERROR)(.*)", complaint, re.MULTILINE)
    return "; ".join(sorted({re.sub('"[^"]*"', '"…"', "".join(each)) for each in told}))


def kinds(findings: list[Finding]) -> str:
    """Each once. How old a dump is decides whether clocks are among them: they are left out."""
    return ", ".join(sorted({each.kind for each in findings} - {"clock"}))


@contextmanager
def dumped_site(server: Attackable, folder: Path) -> Iterator[Arena]:
    """With a past of some months and two seals; its dumps are in the folder."""
    site = Arena(server, "site")
    site.make("pristine")
    try:
        site.sql("postgres", *PAST.split(";"), text_of("maintain/months.sql"), ZOE)
        site.sql("postgres", VERIFIED)
        fill(site)
        for command in DUMPS:
            dump(command, site, folder)
        yield site
    finally:
        site.drop()


def fill(site: Arena) -> None:
    carol = "'carol', '', false, '', '', '', false, true, now()"
    site.sql(
        "web",
        "insert into accounts_user (id, username, password, is_superuser, first_name, last_name,"
        f" email, is_staff, is_active, date_joined) overriding system value values (3, {carol})",
        "insert into user_fsm (user_id, current_state) values (3, 'invited')",
        SET.format("locked", 1),
    )
    site.seal()
    site.sql("web", SET.format("active", 1), SET.format("active", 3))
    site.seal()
    site.sql("web", SET.format("deactivated", 2))  # not sealed when it was dumped
    site.django.close()


TEMPLATES = {NEW: "template0", USED: "template0", MIGRATED: "vacant", OTHER: "pristine"}
RESTORED = "create database restored template {} owner otto"
ON_SERVER = {
    WITHOUT_ROLES: ("create role otto login createrole", RESTORED.format("template0")),
    WITHOUT_CREATEROLE: ("create role otto login", RESTORED.format("template0")),
    SERVER: (f"drop database {postgres.DATABASE}",),
    SERVER_FROM_15: (f"drop database {postgres.DATABASE}",),
}


def catch_up(server: Attackable, site: Arena) -> None:
    """Transactions are numbered there as far as where the site comes from, on whichever server."""
    [[number]] = site.sql("postgres", "select pg_current_xact_id()::text::bigint")
    with server.session("postgres", "postgres") as session, session.cursor() as cursor:
        cursor.execute(
            "do $$ begin while pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
            f" <= {number} loop perform pg_current_xact_id(); commit; end loop; end $$"
        )


@contextmanager
def place(kind: str, elsewhere: Attackable, site: Arena, folder: Path) -> Iterator[Place]:
    """One of the places of restores.py; the sealer is the site's."""
    if kind in ON_SERVER:
        with postgres.temporary_server(postgres.memory_folder()) as server:
            there = Place(at(server), "site" if kind in (SERVER, SERVER_FROM_15) else "restored")
            catch_up(there.server, site)
            there.on_server(*ON_SERVER[kind])
            with there.sealer_of(site):
                yield there
        return
    catch_up(elsewhere, site)
    there = Place(elsewhere, "site" if kind == MADE else "restored")
    if kind != MADE:
        there.on_server(RESTORED.format(TEMPLATES[kind]))
    try:
        if kind == USED:
            there.run("pg_restore -d restored site.dump", "postgres", folder)
            there.sql("web", SET.format("active", 2))
        with there.sealer_of(site):
            yield there
    finally:
        there.on_server(f"drop database {there.name} with (force)")
