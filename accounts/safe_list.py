"""Lists of the admin, whose address anybody can edit."""

from django.db import DataError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect


class SafeListMixin:
    """Only what the filters of a list ask can be asked, and no odd value of it is an error."""

    lookups: set[str] = set()

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup in self.lookups

    def changelist_view(self, request: HttpRequest, extra_context=None) -> HttpResponse:
        try:
            return super().changelist_view(request, extra_context)
        except (ValueError, OverflowError, DataError):
            if request.method != "GET":
                raise
            # As Django does with what it cannot look up itself.
            return HttpResponseRedirect(f"{request.path}?e=1")
