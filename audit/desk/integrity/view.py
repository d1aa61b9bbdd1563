"""The page behind the integrity light: its parts with their facts, and the last verifications."""

from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from accounts.databases import primary
from audit.verifications import newest

from ..access import page, render
from . import light

SHOWN = 10  # verifications


@page
def integrity_view(request: HttpRequest) -> HttpResponse:
    connection = connections[primary()]
    shown = light(connection)
    return render(
        request,
        "integrity",
        title=_("Integrity"),
        light=shown,
        verifications=newest(connection, SHOWN) if shown.verified else [],
    )
