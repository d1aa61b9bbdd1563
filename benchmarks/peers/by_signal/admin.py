"""The entries in the admin."""

from django.contrib import admin

from .models import StateChange


@admin.register(StateChange)
class StateChangeAdmin(admin.ModelAdmin):
    list_display = ["datetime", "user_id", "start_state", "end_state", "actor", "ip_address"]
    list_select_related = ["actor"]
    search_fields = ["user_id__exact"]
