"""Who may see the desk, and what all its pages have in common."""

from collections.abc import Callable
from datetime import UTC
from functools import wraps
from http import HTTPStatus
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import connections
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.databases import primary
from audit.models import UserStateAudit

from . import actors
from .frames import with_room

LIST = "admin:audit_userstateaudit_changelist"
PERMISSION = "audit.view_userstateaudit"

P = ParamSpec("P")
R = TypeVar("R", bound=HttpResponseBase)
View = Callable[Concatenate[HttpRequest, P], R]


def may_see(request: HttpRequest) -> bool:
    return admin.site.has_permission(request) and request.user.has_perm(PERMISSION)


def page(view: View[P, R]) -> View[P, R]:
    """A view of the desk: for those who may see the audit, and only to read."""
    return guarded(require_safe(view))


def action(view: View[P, R]) -> View[P, R]:
    """What a form of the desk does: likewise, and only by POST."""
    return guarded(require_POST(view))


def guarded(view: View[P, R]) -> View[P, R]:
    """Whoever is not signed in is asked to. Moments are shown in UTC, wherever the site is."""

    @with_room
    @wraps(view)
    @never_cache
    def checked(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> R:
        if not may_see(request):
            raise PermissionDenied
        with timezone.override(UTC):
            response = view(request, *args, **kwargs)
            if isinstance(response, TemplateResponse):
                response.render()
        return response

    return admin.site.admin_view(checked)  # type: ignore[return-value] # it only adds the sign-in


def application(request: HttpRequest) -> actors.Application:
    """Which writes to the primary, wherever the page reads. The page, its banner and its numbers
    ask for it once."""
    kept = vars(request)
    if "application" not in kept:
        kept["application"] = actors.application(connections[primary()])
    known: actors.Application = kept["application"]
    return known


def render(request: HttpRequest, template: str, **context: Any) -> TemplateResponse:
    """``template`` is the name of one in audit/desk/, without its ending."""
    return TemplateResponse(
        request,
        f"audit/desk/{template}.html",
        {
            **admin.site.each_context(request),
            "opts": UserStateAudit._meta,
            "list_url": reverse(LIST),
            "application": application(request),
            **context,
        },
    )


def refusal(
    request: HttpRequest, *problems: str, title: str = "", status: int = HTTPStatus.BAD_REQUEST
) -> TemplateResponse:
    """A page that says in sentences why there is nothing to see, and leads back."""
    title = title or gettext("This cannot be done")
    response = render(request, "refused", title=title, problems=problems)
    response.status_code = status
    return response
