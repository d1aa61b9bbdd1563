"""The page of a state's history."""

from auditlog.mixins import AuditlogHistoryAdminMixin
from django.contrib import admin

from accounts.models import UserFSM


@admin.register(UserFSM)
class UserFSMAdmin(AuditlogHistoryAdminMixin, admin.ModelAdmin):
    show_auditlog_history_link = True
