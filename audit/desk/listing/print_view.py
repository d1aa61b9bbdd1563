"""The entries of a view as one document, for the file of a case."""

from datetime import UTC, datetime

from django.db import connections
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext

from audit.models import UserStateAudit

from ..access import page, refusal, render
from ..actors import application
from .positions import POSITION
from .selection import Selection

AT_MOST = 1000  # entries: twenty sheets


@page
def print_view(request: HttpRequest) -> HttpResponseBase:
    selection = Selection(request.GET, datetime.now(UTC), *POSITION)
    if selection.problems:
        return refusal(request, *selection.problems)
    known = application(connections[UserStateAudit.objects.db])
    found = [*selection.entries(known)[: AT_MOST + 1]]
    return render(
        request,
        "print",
        title=gettext("Changes of state"),
        selection=selection,
        application=known,
        entries=found[:AT_MOST],
        cut=len(found) > AT_MOST,
        at_most=AT_MOST,
    )
