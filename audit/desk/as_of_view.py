"""The states of users at a moment in the past."""

from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext

from audit.models import UserStateAudit

from .access import page, render
from .as_of import AsOf
from .machine import ordered_states


@page
def as_of_view(request: HttpRequest) -> HttpResponse:
    as_of = AsOf(request.GET)
    found: dict[str, object] = {}
    if as_of.moment and as_of.is_of_one:
        found = {"of_one": as_of.of_one}
    elif as_of.moment:
        found = {"everybody": as_of.everybody(connections[UserStateAudit.objects.db])}
    return render(
        request,
        "as_of",
        title=gettext("States at a moment"),
        as_of=as_of,
        states=ordered_states(),
        beginning=UserStateAudit.objects.order_by("pk").first() if found else None,
        **found,
    )
