"""Which lookups the URL of a list in the admin may ask for: anybody can edit it."""

from django.contrib import admin, messages
from django.db import DataError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext

MAX_SEARCH = 254  # characters: of the longest e-mail address


class LimitedLookupsAdmin(admin.ModelAdmin):
    """Only the lookups that the filters of a list use are allowed, and no value is an error."""

    lookups: set[str] = set()

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup in self.lookups

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        """Every word is looked for in several columns: without a limit, one URL could take long."""
        if len(search_term) > MAX_SEARCH:
            too_long = gettext("Search for at most %(most)s characters.") % {"most": MAX_SEARCH}
            self.message_user(request, too_long, messages.ERROR)
            return queryset.none(), False
        return super().get_search_results(request, queryset, search_term)

    def changelist_view(self, request: HttpRequest, extra_context=None) -> HttpResponse:
        try:
            return super().changelist_view(request, extra_context)
        except (ValueError, OverflowError, DataError):
            if request.method != "GET":
                raise
            # As Django does with what it cannot look up itself.
            return HttpResponseRedirect(f"{request.path}?e=1")
