"""Who may see the desk, and what all its pages have in common."""

from collections.abc import Callable
from datetime import UTC
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from audit.models import UserStateAudit

LIST = "admin:audit_userstateaudit_changelist"
PERMISSION = "audit.view_userstateaudit"

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def may_see(request: HttpRequest) -> bool:
    return admin.site.has_permission(request) and request.user.has_perm(PERMISSION)


def page(view: View[P]) -> View[P]:
    """A view of the desk: for those who may see the audit, and only to read; whoever is not signed
    in is asked to. Moments are shown in UTC, wherever the site is."""

    @wraps(view)
    @require_safe
    @never_cache
    def checked(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not may_see(request):
            raise PermissionDenied
        with timezone.override(UTC):
            response = view(request, *args, **kwargs)
            return response.render() if isinstance(response, TemplateResponse) else response

    return admin.site.admin_view(checked)  # type: ignore[return-value] # it only adds the sign-in


def render(request: HttpRequest, template: str, **context: Any) -> TemplateResponse:
    """``template`` is the name of one in audit/desk/, without its ending."""
    return TemplateResponse(
        request,
        f"audit/desk/{template}.html",
        {
            **admin.site.each_context(request),
            "opts": UserStateAudit._meta,
            "list_url": reverse(LIST),
            **context,
        },
    )


def tell(request: HttpRequest, title: str, sentence: str, status: int = 404) -> TemplateResponse:
    """A page that says why there is nothing to see, and leads back."""
    response = render(request, "sentence", title=title, sentence=sentence)
    response.status_code = status
    return response
