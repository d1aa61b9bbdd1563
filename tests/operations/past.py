"""An arena with a past: users who were locked and unlocked over months that are long gone, and
seals which hold entries of two of them."""

import io
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from audit.seals import public_hex
from tests.arena import KEY, Arena

USERS = 20
PEOPLE = f"""
insert into accounts_user (id, username, password, is_superuser, first_name, last_name, email,
                           is_staff, is_active, date_joined)
overriding system value
select n, 'user' || n, '', false, '', '', '', false, true, now()
  from generate_series(101, {100 + USERS}) n;
alter table user_fsm disable trigger user;
insert into user_fsm (user_id, current_state)
select n, 'locked' from generate_series(101, {100 + USERS}) n where n % 5 <> 0;
alter table user_fsm enable always trigger pgtrigger_record_insert_dd5c0,
  enable always trigger pgtrigger_record_update_0cacf,
  enable always trigger pgtrigger_record_delete_d6efa,
  enable always trigger pgtrigger_record_truncate_0957c
"""
KEEP = "select count(*) from user_state_audit"
PARTITIONS = """
select substr(c.relname, 18) from pg_inherits i join pg_class c on c.oid = i.inhrelid
 where i.inhparent = 'user_state_audit'::regclass and c.relname ~ 'kept|2023|2024_0[1-4]' order by 1
"""
# An entry of user 101, who is locked, as if written when the clock was wrong.
LATE = """
insert into user_state_audit (username, initiated_by, start_state, end_state, datetime, ip_address,
  user_id, db_user, transaction_id, subject_salt, actor_salt)
values ('user101', 'x', 'locked', 'locked', '{}', 'x', 101, 'web',
  pg_current_xact_id()::text::bigint, uuid_send(gen_random_uuid()), uuid_send(gen_random_uuid()))
"""
# Of ten rounds, each some days after the one before. Every fifth user is deleted in the fifth.
ROUND = """
insert into user_state_audit (username, initiated_by, start_state, end_state, datetime, ip_address,
  user_id, transition, reason, request_id, initiator_id, impersonator, db_user, application_name,
  client_addr, transaction_id, subject_salt, actor_salt)
select 'user' || n, case when n % 3 = 0 then 'CLI' else E'm\\u00f6na "\\u2028"\\t' end,
       case when {r} = 1 then 'new' when {r} % 2 = 1 then 'locked' else 'active' end,
       case when {r} = 5 and n % 5 = 0 then 'deleted' when {r} % 2 = 1 then 'active'
            else 'locked' end,
       timestamptz '2024-01-05 08:00:00.123456+00' + interval '{days} days' + interval '1 ms' * n,
       '192.0.2.1', n,
       case when {r} = 1 or {r} = 5 and n % 5 = 0 then null when {r} % 2 = 1 then 'unlock'
            else 'lock' end,
       case when n % 2 = 0 then 'why' end, 'r{r}', case when n % 2 = 0 then 1 end, null, 'web',
       case when n % 4 <> 0 then '' end, case when n % 2 = 0 then inet '192.0.2.2' end,
       pg_current_xact_id()::text::bigint,
       uuid_send(gen_random_uuid()), uuid_send(gen_random_uuid())
  from generate_series({first}, {last}) n
 where {r} <= 5 or n % 5 <> 0
 order by n
"""


def give_past(arena: Arena) -> None:
    """January to April 2024, 180 entries; each seal holds one round and a half of them."""
    arena.sql("postgres", *PEOPLE.split(";\n"))
    for r in range(1, 11):
        half = 100 + USERS // 2
        for first, last in ((101, half), (half + 1, 100 + USERS)):
            arena.sql("postgres", ROUND.format(r=r, days=11 * (r - 1), first=first, last=last))
            if (r + (first > 101)) % 3 == 0:
                arena.seal()
    maintain(arena)
    arena.seal()


def maintain(arena: Arena) -> None:
    arena.become("otto")
    call_command("maintain_audit", database="arena", verbosity=0, stdout=io.StringIO())
    arena.django.close()


def archive(
    arena: Arena, before: str, folder: Path, role: str = "otto", key=KEY, former: Sequence = ()
) -> str:
    """As Otto, with the key of the sealer. What it prints."""
    arena.become(role)
    output = io.StringIO()
    key_file = folder.parent / "key"
    key_file.write_text(key.private_bytes_raw().hex())
    call_command(
        "archive_audit",
        database="arena",
        before=before,
        to=str(folder),
        key_file=str(key_file),
        public_key=[public_hex(each) for each in former],
        stdout=output,
        stderr=io.StringIO(),
    )
    arena.django.close()
    return output.getvalue().strip()


@contextmanager
def copied(original: Arena) -> Iterator[Arena]:
    """A copy of it, with the same sealer."""
    original.django.close()
    original.server.copies += 1
    copy = Arena(original.server, f"arena_{original.server.copies}")
    copy.make(original.name)
    copy.printed = [*original.printed]
    shutil.copytree(original.folder.name, copy.folder.name, dirs_exist_ok=True)
    try:
        yield copy
    finally:
        copy.drop()


@contextmanager
def sealed(original: Arena) -> Iterator[Arena]:
    """A copy of it that is sealed as one."""
    with copied(original) as copy:
        copy.seal(new_epoch=True)
        yield copy


def write_late(arena: Arena, moment: str) -> None:
    """And have days and quarters made again, as somebody has to where a clock was wrong."""
    arena.sql(
        "postgres",
        LATE.format(moment),
        f"delete from user_state_daily where day >= greatest('{moment}', (select max(until)"
        " from user_state_archive))",
        "delete from user_state_carried",
    )


def refusal(arena: Arena, before: str, folder: Path, **options) -> str:
    """Why nothing is archived; and nothing was."""
    there = arena.sql("postgres", KEEP), arena.sql("postgres", PARTITIONS)
    with pytest.raises(CommandError) as error:
        archive(arena, before, folder, **options)
    assert error.value.returncode == 2
    assert there == (arena.sql("postgres", KEEP), arena.sql("postgres", PARTITIONS))
    return str(error.value)


def restore(arena: Arena, month: str, *arguments: str) -> str:
    arena.become("otto")
    output = io.StringIO()
    try:
        call_command("restore_audit", month, *arguments, database="arena", stdout=output)
    finally:
        arena.django.close()
    return output.getvalue().strip()


def findings(arena: Arena, **options) -> list[str]:
    """By the command, with the key and without it, and by psql."""
    without = arena.verify()
    arena.django.close()
    assert sorted(arena.verify_by_psql(), key=str) == sorted(without, key=str)
    found = arena.verify(keys=[KEY.public_key()], **options)
    arena.django.close()
    return [f"{each.object} {each.detail}" for each in found]
