"""What has to be so before anything is archived."""

from collections.abc import Sequence
from contextlib import closing

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.db.backends.base.base import BaseDatabaseWrapper

from accounts.locks import holders
from audit import summaries, verify
from audit.findings import CannotLookError
from audit.isolation import is_superuser
from audit.seals.keys import key_id
from audit.seals.newest import newest
from audit.seals.place import looking, need_primary

from .parquet import need_pyarrow


def need_all(connection: BaseDatabaseWrapper, key: Ed25519PrivateKey) -> None:
    """CannotLookError, in one sentence, where something is missing."""
    need_pyarrow()
    need_primary(connection)
    need_owner(connection)
    need_unpublished(connection)
    with looking(connection):
        last = newest(connection)
    if last is None:
        raise CannotLookError("Nothing was sealed yet: run seal_audit first.")
    if last.key != key_id(key):
        raise CannotLookError(f"Seal {last.number} was made with another key, {last.key}.")


def need_owner(connection: BaseDatabaseWrapper) -> None:
    if is_superuser(connection):
        raise CannotLookError("Run it as the role that migrates, and not as a superuser.")
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_catalog.pg_has_role(c.relowner, 'usage') from pg_catalog.pg_class c"
            " where c.oid = pg_catalog.to_regclass('public.user_state_audit')"
        )
        if cursor.fetchone() == (False,):
            raise CannotLookError("Run it as the role that migrates, which owns the audit.")


def need_unpublished(connection: BaseDatabaseWrapper) -> None:
    """A subscriber would be sent what is kept as if it were new, and stop: it has it already."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select p.pubname from pg_catalog.pg_publication_tables p"
            " where p.schemaname = 'public' and p.tablename ~ '^user_state_audit' limit 1"
        )
        for (name,) in cursor.fetchall():
            raise CannotLookError(
                f"The publication {name} publishes the audit, and its subscribers would be sent"
                " what is kept as if it were new: drop it first."
            )


def keep_up(connection: BaseDatabaseWrapper) -> None:
    """Have the days counted: of months that are gone none can be."""
    if not summaries.keep_up(connection).settled:
        writing = holders(connection, "public.user_state_audit")
        raise CannotLookError(f"Days can't be counted, for states are changed by {writing}.")


def need_green(connection: BaseDatabaseWrapper, keys: Sequence[Ed25519PublicKey]) -> None:
    """Within verifying(). ``keys`` are those that may have signed. What a wrong clock has
    done is archived as it is."""
    with closing(verify.findings(connection, keys=keys)) as found:
        first = next((each for each in found if each.kind != "clock"), None)
    if first:
        raise CannotLookError(
            "Nothing is archived while something is wrong; verify_audit finds that"
            f" {first.object} {first.detail}."
        )
