"""The page behind the integrity light: its parts with their facts, and the last verifications."""

from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.databases import primary
from audit.verifications import newest

from .integrity import light

SHOWN = 10  # verifications


@require_safe
@never_cache
@permission_required("audit.view_userstateaudit", raise_exception=True)
def integrity_view(request: HttpRequest) -> HttpResponse:
    connection = connections[primary()]
    shown = light(connection)
    context = {
        **admin.site.each_context(request),
        "title": _("Integrity"),
        "light": shown,
        "verifications": newest(connection, SHOWN) if shown.verified else [],
    }
    return TemplateResponse(request, "audit/desk/integrity.html", context)
