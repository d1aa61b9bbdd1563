"""The supervisors' view of the audit: everything can be read, nothing can be changed."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils.html import format_html

from accounts.admin.lookups import LimitedLookupsAdmin

from .desk.integrity_view import integrity_view
from .models import UserStateAudit
from .user_history import user_history

__all__ = ["UserStateAuditAdmin", "user_history"]


CLAIMS = ("initiated_by", "initiator_id", "impersonator", "ip_address", "reason", "request_id")
FACTS = ("db_user", "application_name", "client_addr", "transaction_id")


class OverrideFilter(admin.SimpleListFilter):
    """As UserStateAudit.is_override."""

    title = "rules"
    parameter_name = "rules"

    def lookups(
        self, request: HttpRequest, model_admin: "admin.ModelAdmin[UserStateAudit]"
    ) -> list[tuple[str, str]]:
        return [("override", "overrides only")]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[UserStateAudit]
    ) -> QuerySet[UserStateAudit]:
        if self.value() != "override":
            return queryset
        return (
            queryset.filter(transition=None).exclude(start_state="new").exclude(end_state="deleted")
        )


@admin.register(UserStateAudit)
class UserStateAuditAdmin(LimitedLookupsAdmin):
    lookups = {
        *("datetime__gte", "datetime__lt", "datetime__isnull"),
        *("start_state__exact", "end_state__exact", "user_id", "transaction_id", "rules"),
    }
    list_display = (
        "when",
        "username",
        "change",
        "transition_name",
        # What is claimed, and beside it the fact.
        "initiated_by",
        "ip_address",
        "connection",
        "reason",
    )
    list_display_links = ("when",)
    fieldsets = (
        (None, {"fields": ("when", "username", "user_id", "change", "transition_name")}),
        ("What the application claims", {"fields": CLAIMS}),
        ("What PostgreSQL knows", {"fields": FACTS}),
    )
    list_filter = ("datetime", "start_state", "end_state", OverrideFilter)
    search_fields = ("^username", "^initiated_by")
    search_help_text = "User or initiator, from the beginning of the name."
    ordering = ("-id",)
    # A count of the whole table, beside the filtered one, costs seconds once it is large.
    show_full_result_count = False

    class Media:
        css = {"all": ["accounts/state.css"]}

    def get_urls(self) -> list[URLPattern]:
        page = path(
            "integrity/",
            self.admin_site.admin_view(integrity_view),
            name="audit_userstateaudit_integrity",
        )
        return [page, *super().get_urls()]

    @admin.display(description="time (UTC)", ordering="id")
    def when(self, row: UserStateAudit) -> str:
        moment = row.datetime.strftime("%Y-%m-%d %H:%M:%S")
        return format_html(
            '<time datetime="{}" title="{}">{}</time>',
            row.datetime.isoformat(),
            row.datetime,
            moment,
        )

    @admin.display(description="change", ordering="end_state")
    def change(self, row: UserStateAudit) -> str:
        return format_html(
            '<span class="state state-{0}">{0}</span> → <span class="state state-{1}">{1}</span>',
            row.start_state,
            row.end_state,
        )

    @admin.display(description="connection")
    def connection(self, row: UserStateAudit) -> str:
        return ", ".join(filter(None, (row.db_user, row.application_name, row.client_addr)))

    @admin.display(description="transition", ordering="transition")
    def transition_name(self, row: UserStateAudit) -> str:
        if row.is_override:
            return format_html('<strong class="override">{}</strong>', "override")
        return row.transition or "-"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
