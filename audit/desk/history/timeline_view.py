"""The timeline of a user: how long they were in each state, by whom and why."""

from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext

from ..access import page, refusal, render
from ..listing.filters import is_number, shown
from ..listing.positions import POSITION
from ..listing.selection import Selection, unknown
from .machine import diagram
from .timeline import MOST, Timeline


@page
def timeline_view(request: HttpRequest, user_id: str) -> HttpResponse:
    if not is_number(user_id):
        return absent(request, user_id)
    # What leads from it to the list has these filters.
    selection = Selection(QueryDict(f"window=all&user_id={user_id}"), datetime.now(UTC))
    selection.problems += unknown(request.GET, *POSITION)
    timeline = Timeline(int(user_id), request.GET.dict(), selection.problems)
    if not timeline.exists:
        return absent(request, user_id)
    return render(
        request,
        "timeline",
        title=gettext("Timeline of %s") % timeline.name,
        timeline=timeline,
        selection=selection,
        most=MOST,
        diagram=diagram(),
    )


def absent(request: HttpRequest, user_id: str) -> HttpResponse:
    sentence = gettext("There is no user %(given)s, and no entry of one.") % {
        "given": shown(user_id)
    }
    return refusal(request, sentence, title=gettext("No such user"), status=404)
