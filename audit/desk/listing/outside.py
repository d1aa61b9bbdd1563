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
from .selection import Selection, unknown

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
    entries = since(look, selected(), application(request))
    try:
        with at_most(PATIENCE, entries.db):
            count = entries.order_by()[: CAP + 1].count()
    except GaveUpError:
        return Banner(None, True, look.at)
    return Banner(min(count, CAP), count > CAP, look.at) if count else None


def since(look: Look, selection: Selection, application: Application) -> Entries:
    return selection.entries(application).filter(look.since)


def selected() -> Selection:
    """All of it, as the list reads it."""
    return Selection(QueryDict(f"kind={Kind.OUTSIDE}&window=30d"), datetime.now(UTC))


@page
def outside_view(request: HttpRequest) -> HttpResponseBase:
    """Nothing is noted by looking at it, for programs fetch pages ahead: the form does that. It is
    on the last page, for a supervisor who has come there from the first; and no filter leaves out
    what they would say to have seen."""
    look, begun = Look.last(request), beginning(request)
    selection = selected()
    selection.problems += unknown(request.GET, *POSITION, "look")
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
        look=begun and signed(request, begun, shown.older or ""),
    )


def beginning(request: HttpRequest) -> Look | None:
    """The look that was taken before the first page was read. Each page hands it on to the one
    behind it: None on a page to which another way has led."""
    if not any(request.GET.get(name) for name in POSITION):
        return Look.now(UserStateAudit.objects.db)
    if not (page := request.GET.get("before")):
        return None
    try:
        return handed(request, request.GET.get("look", ""), page)
    except signing.BadSignature:
        return None


@action
def looked(request: HttpRequest) -> HttpResponseBase:
    """The supervisor has seen what the pages showed; what came since the first of them was made is
    still new."""
    try:
        look = handed(request, request.POST.get("look", ""))
    except signing.BadSignature:
        return refusal(request, gettext("This form is damaged: go back, and load the page again."))
    LastLook.objects.update_or_create(pk=request.user.pk, defaults=look._asdict())
    return redirect("admin:audit_outside")


def signed(request: HttpRequest, look: Look, page: str) -> str:
    """The look, handed on to the page that begins at this token, or to the form. What was made for
    one supervisor says nothing of what another has seen; nor does a page speak for those that were
    left out."""
    return signing.dumps([look.at.isoformat(), look.snapshot], salt=salt_of(request, page))


def handed(request: HttpRequest, text: str, page: str = "") -> Look:
    """What was signed; else BadSignature."""
    at, snapshot = signing.loads(text, salt=salt_of(request, page))
    return Look(datetime.fromisoformat(at), snapshot)


def salt_of(request: HttpRequest, page: str) -> str:
    return f"audit.look.{request.user.pk}.{page}"
