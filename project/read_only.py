"""Where the database only allows reading, as a standby does, pages that write say so."""

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.deprecation import MiddlewareMixin

from accounts.locks import sqlstate

READ_ONLY = "25006"


class ReadOnlyDatabaseMiddleware(MiddlewareMixin):
    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, DatabaseError) and sqlstate(error) == READ_ONLY:
            return HttpResponse(render_to_string("503.html"), status=503)
        return None
