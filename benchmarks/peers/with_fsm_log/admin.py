"""The page of a state, with its history."""

from django.contrib import admin
from django_fsm_log.admin import StateLogInline

from accounts.models import UserFSM


@admin.register(UserFSM)
class UserFSMAdmin(admin.ModelAdmin):
    inlines = [StateLogInline]
    readonly_fields = ["user", "current_state"]
