"""The admin of users, made of parts: states, actions on many, invitations, and privileges."""

from django import forms
from django.contrib import admin
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from ..models import User
from .bulk import BulkAdmin
from .inviting import InvitationAdmin
from .privileges import PrivilegeAdmin


@admin.register(User)
class UserAdmin(BulkAdmin, InvitationAdmin, PrivilegeAdmin):
    list_display = ("username", "state_badge", "email", "first_name", "last_name", "is_staff")
    list_filter = ("fsm__current_state", "is_staff", "is_superuser", "groups")
    lookups = {
        *("fsm__current_state__exact", "groups__id__exact", "groups__isnull"),
        *("is_staff__exact", "is_superuser__exact"),
    }
    list_select_related = ("fsm",)
    readonly_fields = ("last_login", "date_joined")  # the application writes them
    filter_horizontal = ()  # its search has labels that no screen reader may read
    # As Django's, without is_active: the state replaces it.
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Personal info"), {"fields": ("first_name", "last_name", "email")}),
        (_("Permissions"), {"fields": ("is_staff", "is_superuser", "groups", "user_permissions")}),
        (_("Important dates"), {"fields": ("last_login", "date_joined")}),
    )

    class Media:
        css = {"all": ["accounts/state.css"]}

    # Actions change each user in a transaction of its own: no lock is held for all of them.
    @transaction.non_atomic_requests
    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(request, extra_context)

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        """Optional fields say so."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if isinstance(field, forms.CharField) and not field.required and not field.help_text:
            field.help_text = _("Optional.")
        return field

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        kwargs.setdefault("widget", forms.CheckboxSelectMultiple)
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def get_fieldsets(self, request, obj=None):
        """A user with view permission only sees who it is, and neither password nor permissions."""
        if obj is None or self.has_change_permission(request, obj):
            return super().get_fieldsets(request, obj)
        return ((None, {"fields": ("username", "first_name", "last_name", "email")}),)
