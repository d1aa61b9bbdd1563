"""What is recorded of forgetting a person stays for good, so it must not say who it was."""

import re
import unicodedata

from django.db.backends.base.base import BaseDatabaseWrapper

from .findings import CannotLookError

# What is recorded of what somebody says; PostgreSQL has it.
CLAIMS = {
    "reason": "user_state.reason",
    "actor": "app.user",
    "impersonator": "app.impersonator",
    "address": "app.ip",
    "request": "app.request_id",
}
SAID = """
    select c.setting, pg_catalog.current_setting(c.setting, true)
      from pg_catalog.unnest(%s::text[]) as c (setting)
"""
ACCOUNT = """
    select u.email from public.accounts_user u where u.id = %(id)s
     union
    select n.name from public.accounts_user u
     cross join lateral (values (u.first_name || ' ' || u.last_name),
                                (u.last_name || ' ' || u.first_name)) as n (name)
     where u.id = %(id)s and u.first_name <> '' and u.last_name <> ''
"""


def refuse_names(connection: BaseDatabaseWrapper, user_id: int, usernames: list[str]) -> None:
    """CannotLookError where the record says who the user is, by what they were called or by what
    their account has."""
    with connection.cursor() as cursor:
        cursor.execute(ACCOUNT, {"id": user_id})
        known = [*usernames, *(name for (name,) in cursor.fetchall())]
        names = [pattern_of(name) for name in known if name.strip()]
        cursor.execute(SAID, [[*CLAIMS.values(), "app.user_id"]])
        said = dict(cursor.fetchall())
    if re.fullmatch(f"0*{user_id}", said["app.user_id"] or ""):
        raise CannotLookError("Who is to be forgotten can't be recorded as who asks for it.")
    for what, setting in CLAIMS.items():
        text = normal(said[setting] or "")
        if any(re.search(name, text) for name in names):
            raise CannotLookError(
                f"The {what} names the user: it stays, so say it without the name."
            )


def pattern_of(name: str) -> str:
    """The words of a name, one after the other, whatever stands between them."""
    words = r"\W+".join(map(re.escape, normal(name).split()))
    return rf"(?<!\w){words}(?!\w)"


def normal(text: str) -> str:
    """As two texts are compared that look the same."""
    return unicodedata.normalize("NFKC", text).casefold()
