"""The audit in the admin: the desk's pages take the place of Django's. Everything can be read,
nothing can be changed."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from .desk.integrity_view import integrity_view
from .desk.list_view import list_view
from .models import UserStateAudit
from .user_history import user_history

__all__ = ["UserStateAuditAdmin", "user_history"]

admin.site.index_template = "audit/desk/start.html"

CLAIMS = ("initiated_by", "initiator_id", "impersonator", "ip_address", "reason", "request_id")
FACTS = ("db_user", "application_name", "client_addr", "transaction_id")


@admin.register(UserStateAudit)
class UserStateAuditAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    fieldsets = (
        (None, {"fields": ("datetime", "username", "user_id", "start_state", "end_state")}),
        (_("What the application claims"), {"fields": CLAIMS}),
        (_("What PostgreSQL knows"), {"fields": FACTS}),
    )

    def get_urls(self) -> list[URLPattern]:
        pages = [path("integrity/", integrity_view, name="audit_integrity")]
        return [*pages, *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return list_view(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
