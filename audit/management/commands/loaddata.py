"""manage.py loaddata, which leaves entries of the audit out: PostgreSQL writes them, for what is
loaded too. States come after their users, so that their entries have names."""

from typing import Any

from django.core.management import CommandError
from django.core.management.commands import loaddata
from django.core.serializers.base import DeserializationError, DeserializedObject
from django.db import DatabaseError

from accounts.locks import INSUFFICIENT_PRIVILEGE, sqlstate
from accounts.models import UserFSM
from audit.management.base import first_line
from audit.models import UserStateAudit


class Command(loaddata.Command):
    left_out = 0

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            super().handle(*args, **options)
        except (DatabaseError, DeserializationError, ValueError) as error:
            if not self._called_from_command_line:  # type: ignore[attr-defined]
                raise  # a program may want to know which one it is
            raise CommandError(f"Nothing was loaded: {reason(error)}") from error
        if self.left_out and self.verbosity:
            entries = "1 entry" if self.left_out == 1 else f"{self.left_out:,} entries"
            self.stderr.write(
                f"{entries} of user_state_audit left out: only pg_dump and pg_restore move history."
            )

    def save_obj(self, obj: DeserializedObject) -> bool:
        if isinstance(obj.object, UserStateAudit):
            self.left_out += 1
            return False
        if not isinstance(obj.object, UserFSM):
            return super().save_obj(obj)
        later = Later(obj)
        saved = super().save_obj(later)
        if saved:
            # Django goes through these when everything else is loaded.
            self.objs_with_deferred_fields.append(later)
        return saved


def reason(error: Exception) -> str:
    """What went wrong; and as whom to load it, where this one may not."""
    sentence = first_line(error)
    if sentence.endswith(":"):  # of a file that is damaged
        sentence += f" {first_line(error.__cause__ or error)}"
    may_not = isinstance(error, DatabaseError) and sqlstate(error) == INSUFFICIENT_PRIVILEGE
    return f"{sentence.rstrip('.')}.{' Load it as the role that migrates.' if may_not else ''}"


class Later(DeserializedObject):
    """A state for which Django decides whether it is loaded, and which is saved at the end."""

    def __init__(self, state: DeserializedObject):
        super().__init__(state.object)
        self.state = state

    def save(self, *args: Any, **kwargs: Any) -> None:
        pass

    def save_deferred_fields(self, using: str | None = None, save_m2m: bool = True) -> None:
        if self.state.deferred_fields:  # the user, by name, who had still to come
            self.state.save_deferred_fields(using)
        else:
            self.state.save(using=using)
