"""What came from outside the application since a supervisor last looked."""

from datetime import UTC, datetime
from typing import NamedTuple

from django.core import signing
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext

from audit.models import LastLook, UserStateAudit

from ..access import action, application, may_see, page, refusal, render
from ..actors import Application, Kind
from ..patience import GaveUpError, at_most
from .lacks import lacks
from .look import Look
from .pages import read_page
from .positions import POSITION
from .rows import Entries
from .selection import Selection

CAP = 100  # entries that are counted
PATIENCE = 50  # milliseconds for the count, which is on every page


class Banner(NamedTuple):
    """``entries`` is CAP where there are ``more``, and None where counting takes too long."""

    entries: int | None
    more: bool
    since: datetime


def banner(request: HttpRequest) -> Banner | None:
    """None where nothing came, and for whoever may not see the audit."""
    if not may_see(request):
        return None
    look = Look.last(request)
    entries = since(look, selected(QueryDict()), application(request))
    try:
        with at_most(PATIENCE, entries.db):
            count = entries.order_by()[: CAP + 1].count()
    except GaveUpError:
        return Banner(None, True, look.at)
    return Banner(min(count, CAP), count > CAP, look.at) if count else None


def since(look: Look, selection: Selection, application: Application) -> Entries:
    return selection.entries(application).filter(look.since)


def selected(given: QueryDict) -> Selection:
    """What is asked for beside that, as the list reads it."""
    outside = given.copy()
    outside["kind"], outside["window"] = Kind.OUTSIDE, "30d"
    return Selection(outside, datetime.now(UTC), *POSITION)


@page
def outside_view(request: HttpRequest) -> HttpResponseBase:
    """Nothing is noted by looking at it, for programs fetch pages ahead: the form does that."""
    look, now = Look.last(request), Look.now(UserStateAudit.objects.db)
    selection = selected(request.GET)
    entries = since(look, selection, application(request))
    shown = read_page(request.GET, selection.problems, entries, selection.window)
    return render(
        request,
        "outside",
        title=gettext("From outside the application"),
        selection=selection,
        page=shown,
        since=look.at,
        lacks=lacks(selection, entries.db),
        look=signing.dumps([now.at.isoformat(), now.snapshot], salt=salt_of(request)),
    )


@action
def looked(request: HttpRequest) -> HttpResponseBase:
    """The supervisor has seen what the page showed; what came since it was made is still new."""
    try:
        at, snapshot = signing.loads(request.POST.get("look", ""), salt=salt_of(request))
    except signing.BadSignature:
        return refusal(request, gettext("This form is damaged: go back, and load the page again."))
    LastLook.objects.update_or_create(pk=request.user.pk, defaults={"at": at, "snapshot": snapshot})
    return redirect("admin:audit_outside")


def salt_of(request: HttpRequest) -> str:
    """A form that was made for one supervisor says nothing of what another has seen."""
    return f"audit.look.{request.user.pk}"
