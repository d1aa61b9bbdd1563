"""Exports, and the log of them."""

from datetime import UTC, datetime

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext

from accounts.databases import primary
from audit.models import Export
from audit.moments import moment

from ..access import application, page, refusal, render
from ..listing.lacks import lacks
from ..listing.positions import POSITION
from ..listing.selection import Selection, unknown
from . import copying
from .export import export, file_name
from .formats import FORMATS
from .streams import streamed

PER_PAGE = 100


@page
def export_view(request: HttpRequest, name: str) -> HttpResponseBase:
    """All entries of the view that the list shows with the same query string."""
    if name not in FORMATS:
        raise Http404
    format = FORMATS[name]
    selection = Selection(request.GET, datetime.now(UTC), *POSITION)
    if selection.problems:
        return refusal(request, *selection.problems)
    if not copying.is_possible():
        return refusal(request, gettext("Under gevent, exports need psycopg 3."))
    entries = selection.entries(application(request))
    file = file_name(selection, format, lacks(selection, entries.db))
    response: HttpResponseBase = HttpResponse()
    if request.method == "GET":  # and nothing is exported by HEAD
        response = streamed(request, export(selection, entries, format, primary()))
    response["Content-Type"] = format.content_type
    response["Content-Disposition"] = f'attachment; filename="{file}"'
    return response


@page
def exports_view(request: HttpRequest) -> HttpResponseBase:
    """Who exported what, the newest first."""
    if problems := [*unknown(request.GET, "before")]:
        return refusal(request, *problems)
    begun = Export.objects.filter(ends=None).select_related("end")
    if before := request.GET.get("before"):
        try:
            begun = begun.filter(datetime__lt=moment(before))
        except ValueError as error:
            return refusal(request, str(error))
    found = [*begun.order_by("-datetime")[: PER_PAGE + 1]]
    return render(
        request,
        "exports",
        title=gettext("Exports"),
        exports=found[:PER_PAGE],
        older=found[PER_PAGE - 1].datetime if len(found) > PER_PAGE else None,
        may_be_running_since=datetime.now(UTC) - copying.LONGEST,
    )
