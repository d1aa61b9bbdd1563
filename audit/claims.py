"""What the application claims: who is asking, from where, why and in which request."""

import re
from functools import lru_cache
from typing import Any, NamedTuple

# Longer values are cut: nobody needs them, and no message should grow because of them. The
# trigger cuts to the same lengths whatever others send it. MAX_REASON is that of the forms.
MAX_USER, MAX_IP, MAX_REQUEST_ID, MAX_USER_ID = 300, 64, 200, 18
UNKNOWN = "unknown"
ANONYMOUS = "anonymous"

# What the trigger takes for a key. No part of another text is one: it would be somebody else's.
_KEY = re.compile(rf"[0-9]{{1,{MAX_USER_ID}}}")


def clean(value: object, limit: int) -> str:
    """``value`` as text that PostgreSQL can store: without NUL and lone surrogates, at most
    ``limit`` characters."""
    text = str(value)[: limit * 2].replace("\x00", "")
    return text.encode("utf-8", "ignore").decode("utf-8")[:limit]


class Actor(NamedTuple):
    """Who asks for a change. ``user_id`` is the key of their user, which a name does not tell from
    whoever had it before; empty for jobs. ``impersonator`` is who signed in as them."""

    name: str = ""
    user_id: str = ""
    impersonator: str = ""

    @classmethod
    def of(cls, who: Any, user_id: object = None, impersonator: Any = None) -> "Actor":
        """Of a user object, a name, or another Actor. What else is given counts before what is
        known of ``who``."""
        name, key, by = parts_of(who)
        key = key if user_id is None else str(user_id)
        by = by if impersonator is None else parts_of(impersonator)[0]
        return cleaned(name, key, by)


def parts_of(who: Any) -> tuple[str, str, str]:
    if type(who) is Actor:
        return who
    get_username = None if type(who) is str else getattr(who, "get_username", None)
    if get_username is None:
        return str(who)[: MAX_USER * 2], "", ""
    key = getattr(who, "pk", None)
    return get_username() or ANONYMOUS, "" if key is None else str(key), ""


@lru_cache(maxsize=256)
def cleaned(name: str, user_id: str, impersonator: str) -> Actor:
    key = user_id if _KEY.fullmatch(user_id) else ""
    return Actor(clean(name, MAX_USER), key, clean(impersonator, MAX_USER))


class Claims(NamedTuple):
    """What is sent to PostgreSQL: each as the setting of the same place in SETTINGS.

    The short ones come first: pg_stat_activity shows the beginning of a message only.
    """

    user: str = ""
    user_id: str = ""
    impersonator: str = ""
    ip: str = ""
    request_id: str = ""
    reason: str = ""


SETTINGS = tuple(f"app.{name}" for name in Claims._fields)
NOBODY = Claims()
NO_ACTOR = Actor()
