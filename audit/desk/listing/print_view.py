"""The entries of a view as one document, for the file of a case."""

from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext

from ..access import application, page, refusal, render
from ..archived import archived_since
from .positions import POSITION
from .selection import Selection

AT_MOST = 1000  # entries: twenty sheets


@page
def print_view(request: HttpRequest) -> HttpResponseBase:
    selection = Selection(request.GET, datetime.now(UTC), *POSITION)
    if selection.problems:
        return refusal(request, *selection.problems)
    found = [*selection.entries(application(request))[: AT_MOST + 1]]
    return render(
        request,
        "print",
        title=gettext("Changes of state"),
        selection=selection,
        entries=found[:AT_MOST],
        cut=len(found) > AT_MOST,
        at_most=AT_MOST,
        archived=archived_since(selection.window.since),
    )
