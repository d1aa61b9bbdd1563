"""The page of a state's history."""

from django.contrib import admin
from reversion.admin import VersionAdmin

from accounts.models import UserFSM

admin.site.register(UserFSM, VersionAdmin)
