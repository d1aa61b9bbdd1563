"""What stands beside the filters of the list: the view as SQL, and the saved views."""

from typing import Any

from django.http import HttpRequest

from audit.models import SavedView

from ..exports.as_sql import as_sql
from .lacks import Lack
from .rows import Entries
from .saved_views import may_remove
from .selection import Selection


def tools(
    request: HttpRequest, selection: Selection, entries: Entries, lacking: list[Lack]
) -> dict[str, Any]:
    comments = "".join(f"-- {lack.sentence}\n" for lack in lacking)
    return {
        "sql": "" if selection.problems else f"{comments}{as_sql(entries)};",
        "saved_views": [(view, may_remove(request, view)) for view in SavedView.objects.all()],
    }
