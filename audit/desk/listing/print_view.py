"""The entries of a view as one document, for the file of a case."""

from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext

from ..access import application, page, refusal, render
from ..patience import GaveUpError, at_most
from .lacks import lacks
from .positions import POSITION
from .selection import Selection

AT_MOST = 1000  # entries: twenty sheets
PATIENCE = 10_000  # milliseconds


@page
def print_view(request: HttpRequest) -> HttpResponseBase:
    selection = Selection(request.GET, datetime.now(UTC), *POSITION)
    if selection.problems:
        return refusal(request, *selection.problems)
    entries = selection.entries(application(request))
    try:
        with at_most(PATIENCE, entries.db):
            found = [*entries[: AT_MOST + 1]]
    except GaveUpError:
        return refusal(request, gettext("This takes too long: take a shorter window."))
    return render(
        request,
        "print",
        title=gettext("Changes of state"),
        selection=selection,
        entries=found[:AT_MOST],
        cut=len(found) > AT_MOST,
        at_most=AT_MOST,
        lacks=lacks(selection, entries.db),
    )
