"""Whether changes are recorded now. What else could keep them from it, verify_audit finds."""

from functools import cache

from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.translation import gettext as _

from audit.expectation import load
from audit.findings import CannotLookError
from audit.readiness import unknown_migrations

from .catalog import Catalog
from .part import AMBER, GREEN, RED, Part


def part(connection: BaseDatabaseWrapper, catalog: Catalog) -> Part:
    if catalog.unrecorded:
        sentence = _(
            "Changes by %(statements)s are not recorded: tell whoever runs the database to run"
            " “manage.py migrate”, and then “manage.py verify_audit”."
        )
        return Part(RED, sentence % {"statements": ", ".join(catalog.unrecorded)})
    try:
        is_ours = catalog.function == expected_function()
    except CannotLookError:
        sentence = _(
            "It cannot be told whether what records changes is ours: tell whoever runs this site to"
            " run “manage.py check”."
        )
        return Part(AMBER, sentence)
    # A newer release may have changed it.
    if is_ours or unknown_migrations(connection):
        return Part(GREEN, _("Every change is recorded: the triggers are in place."))
    sentence = _(
        "What records changes was replaced: tell whoever runs the database to run"
        " “manage.py migrate”, and then “manage.py verify_audit”."
    )
    return Part(RED, sentence)


@cache
def expected_function() -> str:
    return "\n".join(load()["objects"]["function record_user_state()"])
