"""The states of users at a moment in the past."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext

from ..access import page, render
from .as_of import AsOf
from .machine import ordered_states


@page
def as_of_view(request: HttpRequest) -> HttpResponse:
    return render(
        request,
        "as_of",
        title=gettext("States at a moment"),
        as_of=AsOf(request.GET),
        states=ordered_states(),
    )
