"""What can be sent on a connection, and stored in its database, of a text."""

import codecs
from functools import cache
from typing import Any


def storable(driver: Any, text: str) -> str:
    """``text``, with what an encoding lacks replaced: no claim makes a statement fail."""
    if text.isascii():
        return text
    server = driver.info.parameter_status("server_encoding")
    # A database of that encoding takes any bytes.
    kept = text if server == "SQL_ASCII" else replaced(text, codec(server))
    return replaced(kept, client_codec(driver))


def codec_for(driver: Any, text: str) -> str:
    """The codec with which the driver sends ``text``."""
    return "ascii" if text.isascii() else client_codec(driver)


def client_codec(driver: Any) -> str:
    """psycopg2 does not notice where the server was told of another encoding in SQL: then ASCII,
    which is the same in all."""
    told = driver.info.parameter_status("client_encoding")
    used = getattr(driver, "encoding", told)
    return codec(told) if codec(told) == codec(used) else "ascii"


@cache
def codec(name: str | None) -> str:
    """Python's for an encoding of PostgreSQL; ASCII where it has none."""
    try:
        return codecs.lookup((name or "UTF8").replace("WIN", "cp").replace("KOI8", "koi8_")).name
    except LookupError:
        return "ascii"


def replaced(text: str, codec: str) -> str:
    return text.encode(codec, "replace").decode(codec)
