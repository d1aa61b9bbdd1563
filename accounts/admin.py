"""The admin's user page, made of parts: the account, its state, and invitations."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin

from .invitation_admin import InvitationAdminMixin
from .models import User
from .state_admin import StateAdminMixin


@admin.register(User)
class UserAdmin(InvitationAdminMixin, StateAdminMixin, DjangoUserAdmin):
    list_display = ("username", "email", "first_name", "last_name", "state_badge", "is_staff")
    list_filter = ("fsm__current_state", "is_staff", "is_superuser", "groups")
    list_select_related = ("fsm",)
    # As Django's, without is_active: there the state stands instead.
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Personal info", {"fields": ("first_name", "last_name", "email")}),
        ("Permissions", {"fields": ("is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Important dates", {"fields": ("last_login", "date_joined")}),
    )

    class Media:
        css = {"all": ["accounts/state.css"]}

    def get_fieldsets(self, request, obj=None):
        """Who may only look sees who it is: not a trace of the password, nor the permissions."""
        if obj is None or self.has_change_permission(request, obj):
            return super().get_fieldsets(request, obj)
        return ((None, {"fields": ("username", "first_name", "last_name", "email")}),)

    def get_readonly_fields(self, request, obj=None):
        """Nobody shuts himself out: his rank is for others to change."""
        own = ("is_staff", "is_superuser") if obj == request.user else ()
        return (*super().get_readonly_fields(request, obj), *own)

    def has_delete_permission(self, request, obj=None) -> bool:
        return obj != request.user and super().has_delete_permission(request, obj)
