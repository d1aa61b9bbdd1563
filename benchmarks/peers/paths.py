"""The twelve write paths: each is run, and then the contender is asked what it has recorded."""

import os
import subprocess
from collections.abc import Callable
from typing import NamedTuple

from asking import Entry
from django.test import Client
from rest_framework.authtoken.models import Token
from ways import ASKED, lock

from accounts.models import User, UserFSM

ALICE, WORD = "alice", "correct horse battery"
ADDRESS = "203.0.113.7"  # of Alice's browser
DBA, SUPERUSER = "dba", "postgres"  # the roles of those who use psql, by a Unix socket
UPDATE = "update user_fsm set current_state = 'locked' where user_id = {}"
# As a restore of data alone does it, and whoever wants that no ordinary trigger fires.
AS_REPLICA = "set session_replication_role = replica; "


class Path(NamedTuple):
    """``write`` leaves the subject, of a key, in ``state``; right is who did it, and from where."""

    write: Callable[[User, User], object]
    state: str = "locked"
    actor: str = ALICE
    address: str | None = ADDRESS
    begins: bool = False  # the subject has no state yet


def request(way: str) -> Callable[[User, User], None]:
    """By a page, for Alice, who is signed in."""

    def write(subject: User, alice: User) -> None:
        client = Client(REMOTE_ADDR=ADDRESS)
        client.force_login(alice)
        succeeded(client.post(f"/{way}/{subject.pk}/"))

    return write


def token(subject: User, alice: User) -> None:
    key, _ = Token.objects.get_or_create(user=alice)
    client = Client(REMOTE_ADDR=ADDRESS, headers={"authorization": f"Token {key}"})
    succeeded(client.post(f"/token/{subject.pk}/"))


def sign_in(subject: User, alice: User) -> None:
    form = {"username": ALICE, "word": WORD}
    succeeded(Client(REMOTE_ADDR=ADDRESS).post(f"/sign_in/{subject.pk}/", form))


def succeeded(response) -> None:
    assert response.status_code == 200, response.status_code


def job(subject: User, alice: User) -> None:
    with ASKED.job(subject.fsm, alice, ADDRESS):
        lock(subject, alice)


def psql(role: str, before: str = "") -> Callable[[User, User], None]:
    def write(subject: User, alice: User) -> None:
        command = [os.environ["PSQL"], "-qX", "-v", "ON_ERROR_STOP=1", "-U", role]
        subprocess.run([*command, "-c", before + UPDATE.format(subject.pk)], check=True)

    return write


PATHS = {
    "transition and save()": Path(request("lock")),
    "update()": Path(request("update")),
    "bulk_update()": Path(request("bulk_update")),
    "bulk_create()": Path(request("bulk_create"), begins=True),
    "delete(), by cascade": Path(request("cascade"), "deleted"),
    "raw SQL, by the cursor": Path(request("raw")),
    "COPY, by the driver": Path(request("copy"), begins=True),
    "psql": Path(psql(DBA), actor=DBA, address=None),
    "psql, as a replica": Path(psql(SUPERUSER, AS_REPLICA), actor=SUPERUSER, address=None),
    "a token of DRF": Path(token),
    "sign-in in mid-request": Path(sign_in),
    "a job": Path(job),
}


def run_all() -> dict[str, str]:
    """Of each path, what became of it."""
    alice = User.objects.filter(username=ALICE).first()
    alice = alice or User.objects.create_superuser(ALICE, password=WORD)
    return {name: outcome(name, path, alice) for name, path in PATHS.items()}


def outcome(name: str, path: Path, alice: User) -> str:
    """Not recorded is "no", recorded rightly is "yes", and in between, what is amiss."""
    subject = subject_of(name, path)
    before = recorded(subject)
    path.write(subject, alice)
    new = recorded(subject, before)
    if not new or new[-1].state != path.state:
        return "no"
    right = {"actor": path.actor, "address": path.address}
    amiss = [
        f"wrong {part}" if found else f"no {part}"
        for part in right
        if (found := getattr(new[-1], part)) != right[part]
    ]
    return ", ".join(amiss) or "yes"


def subject_of(name: str, path: Path) -> User:
    """Somebody active, or somebody who has no state at all."""
    if path.begins:
        return User.objects.bulk_create([User(username=f"subject of {name}")])[0]
    subject = User.objects.create_user(f"subject of {name}")
    UserFSM.objects.filter(user=subject).update(current_state="active")
    subject.fsm.refresh_from_db()
    return subject


def recorded(subject: User, before: list[Entry] = ()) -> list[Entry]:
    """The entries of the subject that were not there before."""
    if not hasattr(subject, "fsm"):
        subject.refresh_from_db()
    state_pk = subject.fsm.pk if hasattr(subject, "fsm") else 0
    return ASKED.entries(state_pk, subject.pk)[len(before) :]
