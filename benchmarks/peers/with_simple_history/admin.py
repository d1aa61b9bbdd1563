"""The page of a state's history."""

from django.contrib import admin
from simple_history.admin import SimpleHistoryAdmin

from accounts.models import UserFSM

admin.site.register(UserFSM, SimpleHistoryAdmin)
