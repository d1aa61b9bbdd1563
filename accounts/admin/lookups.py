"""Which lookups the URL of a list in the admin may ask for: anybody can edit it."""

from django.contrib import admin
from django.db import DataError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect


class LimitedLookupsAdmin(admin.ModelAdmin):
    """Only the lookups that the filters of a list use are allowed, and no value is an error."""

    lookups: set[str] = set()

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup in self.lookups

    def changelist_view(self, request: HttpRequest, extra_context=None) -> HttpResponse:
        try:
            return super().changelist_view(request, extra_context)
        except (ValueError, OverflowError, DataError):
            if request.method != "GET":
                raise
            # As Django does with what it cannot look up itself.
            return HttpResponseRedirect(f"{request.path}?e=1")
