"""The audit in the admin: the desk's pages take the place of Django's. Everything can be read,
nothing can be changed."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from .desk.entry.entry_view import entry_view, proof_view
from .desk.exports.export_view import export_view, exports_view
from .desk.history.as_of_view import as_of_view
from .desk.history.timeline_view import timeline_view
from .desk.integrity.view import integrity_view
from .desk.listing.list_view import list_view
from .desk.listing.lockouts_view import lockouts_view
from .desk.listing.outside import looked, outside_view
from .desk.listing.print_view import print_view
from .desk.listing.saved_views import remove_view, save_view, saved_view
from .models import UserStateAudit
from .user_history import user_history

__all__ = ["UserStateAuditAdmin", "user_history"]

admin.site.index_template = "audit/desk/start.html"


@admin.register(UserStateAudit)
class UserStateAuditAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # not generic at run time
    def get_urls(self) -> list[URLPattern]:
        pages = [
            path("at/", as_of_view, name="audit_at"),
            path("export.<str:name>", export_view, name="audit_export"),
            path("exports/", exports_view, name="audit_exports"),
            path("integrity/", integrity_view, name="audit_integrity"),
            path("lockouts/", lockouts_view, name="audit_lockouts"),
            path("outside/", outside_view, name="audit_outside"),
            path("outside/looked/", looked, name="audit_looked"),
            path("print/", print_view, name="audit_print"),
            path("user/<str:user_id>/", timeline_view, name="audit_timeline"),
            path("views/", save_view, name="audit_save_view"),
            path("views/<int:pk>/", saved_view, name="audit_saved_view"),
            path("views/<int:pk>/remove/", remove_view, name="audit_remove_view"),
            path("<str:entry_id>/proof.json", proof_view, name="audit_proof"),
        ]
        return [*pages, *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return list_view(request)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        return entry_view(request, object_id)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Nobody changes an entry: it has no other history than itself."""
        return entry_view(request, object_id)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
