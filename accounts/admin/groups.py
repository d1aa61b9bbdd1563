"""Groups in the admin: only superadmins edit them, because whoever edits a group grants privileges
to its members, perhaps to themselves."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.models import Group
from django.forms import CheckboxSelectMultiple
from django.http import HttpRequest

from .lookups import LimitedLookupsAdmin

admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(LimitedLookupsAdmin, DjangoGroupAdmin):
    filter_horizontal = ()

    def formfield_for_manytomany(self, db_field, request=None, **kwargs):
        return super().formfield_for_manytomany(
            db_field, request, **{"widget": CheckboxSelectMultiple, **kwargs}
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return request.user.is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return request.user.is_superuser
