"""For root: the site is served by the user that runs PostgreSQL."""

import os
import pwd
import shutil
import subprocess
import sys
from contextlib import suppress
from typing import Any

from project.local import LOCAL, ROOT
from project.postgres import UNPRIVILEGED

CHECK = [sys.executable, str(ROOT / "manage.py"), "check"]


def give_up_root(own_server: bool) -> str:
    """Become that user, for good. Returns a sentence: as whom the site is served, and why.

    Not where DATABASE_URL leads to another server than ours, which may ask who connects.
    """
    if not own_server:
        return "You are root, and so is this site: its database may ask who connects."
    user = pwd.getpwnam(UNPRIVILEGED)
    if not can_run(user):
        what = f"{sys.executable} and {ROOT}"
        return f"You are root, and so is this site: the user {UNPRIVILEGED} can't read {what}."
    for lock in ("lock", "users"):  # to stop PostgreSQL in the end
        shutil.chown(LOCAL / "postgres" / lock, user.pw_uid, user.pw_gid)
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    return f"You are root; this site is served as the user {UNPRIVILEGED}."


def can_run(user: pwd.struct_passwd) -> bool:
    """Whether the user can read what is still to be read: packages, templates, Python itself."""
    who: dict[str, Any] = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    with suppress(OSError):
        return subprocess.run(CHECK, capture_output=True, **who).returncode == 0
    return False
