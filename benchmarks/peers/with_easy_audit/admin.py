"""The page of a state's history."""

from django.contrib import admin
from easyaudit.crudhistory_admin_mixin import CRUDHistoryAdminMixin

from accounts.models import UserFSM


@admin.register(UserFSM)
class UserFSMAdmin(CRUDHistoryAdminMixin):
    list_display = ["id", "crud_history_link"]
