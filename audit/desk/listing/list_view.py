"""The list: which changes there were, the newest first."""

from datetime import UTC, datetime

from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext

from accounts.models import State
from audit.models import UserStateAudit
from audit.transitions import transitions

from ..access import application, page, render
from ..actors import Kind
from . import bars
from .filters import FILTERS
from .lacks import lacks
from .pages import CAP, Page, counted, read_page
from .positions import POSITION
from .rows import Entries
from .selection import Selection
from .tools import tools
from .window import PRESETS

# The filters that have a field of their own in the form, beside the window; the others are typed.
FIELDS = ("q", "as", "start_state", "end_state", "transition", "kind", "override")
EXACT = [each for each in FILTERS.values() if each.name not in FIELDS]


@page
def list_view(request: HttpRequest) -> HttpResponse:
    now, connection = datetime.now(UTC), connections[UserStateAudit.objects.db]
    selection = Selection(request.GET, now, *POSITION)
    entries = selection.entries(application(request))
    grouped = "transaction" not in selection.values
    shown = read_page(request.GET, selection.problems, entries, selection.window, grouped)
    lacking = lacks(selection, entries.db)
    return render(
        request,
        "list",
        title=gettext("Changes of state"),
        selection=selection,
        page=shown,
        count=how_many(shown, entries),
        drawing=None if selection.problems else bars.of_window(connection, selection, now),
        lacks=lacking,
        presets=PRESETS,
        states=["new", *State.values, "deleted"],
        transitions=sorted({name for _start, _end, name in transitions()}),
        kinds=Kind.choices,
        **{name: request.GET.get(name) for name in POSITION},
        exact=[(each, selection.given.get(each.name, "")) for each in EXACT],
        **tools(request, selection, entries, lacking),
        exact_open=any(each.name in selection.given for each in EXACT),
    )


def how_many(shown: Page, entries: Entries) -> str:
    """In words; as far as it is known."""
    count: int | None = sum(row.entries for row in shown.rows)
    if shown.newer or shown.older or shown.searched_to:
        count = counted(entries)
    if count is None:
        return ""
    if count > CAP:
        return gettext("more than %s entries") % number_format(CAP, force_grouping=True)
    text = ngettext("%s entry", "%s entries", count)
    return text % number_format(count, force_grouping=True)
