"""From which addresses users were locked, and who else came from there."""

from datetime import UTC, datetime

from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from audit.models import UserStateAudit

from .. import queries
from ..access import page, render
from ..archived import archived_since
from ..patience import GaveUpError, at_most
from .selection import WINDOW, Selection
from .window import PRESETS

PATIENCE = 2000  # milliseconds


@page
def lockouts_view(request: HttpRequest) -> HttpResponse:
    now, connection = datetime.now(UTC), connections[UserStateAudit.objects.db]
    selection = Selection(request.GET, now)
    if beside := [name for name in selection.given if name not in WINDOW]:
        selection.problems.append(_("This page has no filter %s.") % repr(beside[0]))
    since, until = selection.window.ends(now)
    found: list[queries.Lockouts] = []
    archived = None
    if not selection.problems:
        archived = archived_since(selection.window.since)
        try:
            with at_most(PATIENCE, connection.alias):
                found = queries.lockouts_by_address(connection, archived or since, until)
        except GaveUpError:
            selection.problems.append(_("This takes too long: take a shorter window."))
    return render(
        request,
        "lockouts",
        title=_("Lockouts by address"),
        selection=selection,
        lockouts=found,
        archived=archived,
        presets=PRESETS,
    )
