"""What the parts of the admin of users have in common."""

from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse

from ..models import User
from .lookups import LimitedLookupsAdmin
from .panels import panels


class BaseUserAdmin(LimitedLookupsAdmin, DjangoUserAdmin):
    """Each part adds what is its own to pages(), user_context() and list_context(), whatever the
    order of the parts."""

    def pages(self) -> list[URLPattern]:
        """Pages beside Django's."""
        return []

    def user_context(self, request: HttpRequest, user: User) -> dict:
        """For the template of a user's page."""
        return {"panels": [panel(request, user) for panel in panels]}

    def list_context(self, request: HttpRequest) -> dict:
        """For the template of the list."""
        return {}

    def get_urls(self):
        return [*self.pages(), *super().get_urls()]

    def change_view(self, request, object_id, form_url="", extra_context=None):
        user = self.get_object(request, unquote(object_id))
        context = {} if user is None else self.user_context(request, user)
        return super().change_view(
            request, object_id, form_url, {**context, **(extra_context or {})}
        )

    def changelist_view(self, request, extra_context=None):
        context = {**self.list_context(request), **(extra_context or {})}
        return super().changelist_view(request, context)

    def user_or_404(self, request: HttpRequest, object_id: str) -> User:
        user = self.get_object(request, unquote(object_id))
        if user is None:
            raise Http404
        if not self.has_view_permission(request, user):
            raise PermissionDenied
        return user

    def ask(
        self,
        request: HttpRequest,
        title: str,
        form: Form,
        button: str,
        original: User | None = None,
        **context: object,
    ) -> HttpResponse:
        """A page with a form, that asks before something is done."""
        context = {
            "back": page_of(original) if original else request.get_full_path(),
            **self.admin_site.each_context(request),
            "title": title,
            "form": form,
            "button": button,
            "original": original,
            "opts": self.opts,
            **context,
        }
        return TemplateResponse(request, "admin/accounts/user/confirm.html", context)

    def to_page_of(self, user: User) -> HttpResponse:
        return HttpResponseRedirect(page_of(user))


def page_of(user: User) -> str:
    return reverse("admin:accounts_user_change", args=[user.pk])
