"""The audit in the admin: the desk's pages take the place of Django's. Everything can be read,
nothing can be changed."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import path

from .desk.export_view import export_view, exports_view
from .desk.list_view import list_view
from .desk.outside import looked, outside_view
from .desk.print_view import print_view
from .desk.saved_views import remove_view, save_view, saved_view
from .models import UserStateAudit
from .user_history import user_history

__all__ = ["UserStateAuditAdmin", "user_history"]

CLAIMS = ("initiated_by", "initiator_id", "impersonator", "ip_address", "reason", "request_id")
FACTS = ("db_user", "application_name", "client_addr", "transaction_id")


@admin.register(UserStateAudit)
class UserStateAuditAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    fieldsets = (
        (None, {"fields": ("datetime", "username", "user_id", "start_state", "end_state")}),
        ("What the application claims", {"fields": CLAIMS}),
        ("What PostgreSQL knows", {"fields": FACTS}),
    )

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return list_view(request)

    def get_urls(self) -> list[Any]:
        return [
            path("export.<str:name>", export_view, name="audit_export"),
            path("exports/", exports_view, name="audit_exports"),
            path("print/", print_view, name="audit_print"),
            path("outside/", outside_view, name="audit_outside"),
            path("outside/looked/", looked, name="audit_looked"),
            path("views/", save_view, name="audit_save_view"),
            path("views/<int:pk>/", saved_view, name="audit_saved_view"),
            path("views/<int:pk>/remove/", remove_view, name="audit_remove_view"),
            *super().get_urls(),
        ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
