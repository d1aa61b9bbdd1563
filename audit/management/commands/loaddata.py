"""manage.py loaddata, which leaves entries of the audit out: PostgreSQL writes them, for what is
loaded too. States come after their users, so that their entries have names."""

from functools import partial
from types import SimpleNamespace

from django.core.management import CommandError
from django.core.management.commands import loaddata
from django.db import DatabaseError

from accounts.locks import INSUFFICIENT_PRIVILEGE, sqlstate
from accounts.models import UserFSM
from audit.management.base import first_line
from audit.models import UserStateAudit


class Command(loaddata.Command):
    left_out = 0

    def handle(self, *args, **options):
        try:
            super().handle(*args, **options)
        except DatabaseError as error:
            if not self._called_from_command_line:
                raise  # a program may want to know which one it is
            may_not = sqlstate(error) == INSUFFICIENT_PRIVILEGE
            hint = " Load it as the role that migrates." if may_not else ""
            raise CommandError(f"Nothing was loaded: {first_line(error)}.{hint}") from error
        if self.left_out and self.verbosity:
            entries = "1 entry" if self.left_out == 1 else f"{self.left_out:,} entries"
            self.stderr.write(
                f"{entries} of user_state_audit left out: only pg_dump and pg_restore move history."
            )

    def save_obj(self, obj) -> bool:
        if isinstance(obj.object, UserStateAudit):
            self.left_out += 1
            return False
        if isinstance(obj.object, UserFSM):
            # Django goes through these when everything else is loaded.
            later = SimpleNamespace(save_deferred_fields=partial(self.save_state, obj))
            self.objs_with_deferred_fields.append(later)
            return True
        return super().save_obj(obj)

    def save_state(self, obj, using: str) -> None:
        if obj.deferred_fields:  # the user, by name, who had still to come
            obj.save_deferred_fields(using)
        else:
            super().save_obj(obj)
