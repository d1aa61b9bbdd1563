"""Privileges in the admin: only superadmins change superadmins, one of them always remains, and
nobody changes their own privileges."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, OperationalError, router
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .. import bulk
from ..forms import AdminPasswordForm
from ..locks import HeldError, bounded_waits
from ..superadmins import recheck_superadmin
from .base import BaseUserAdmin

PRIVILEGES = ("is_staff", "is_superuser")


class PrivilegeAdmin(BaseUserAdmin):
    change_password_form = AdminPasswordForm

    def get_readonly_fields(self, request, obj=None):
        """Nobody shuts themselves out, and only superadmins grant privileges. Nor does anybody
        change their own e-mail address: whoever reads its mails can choose a new password, and
        their own needs the old one."""
        own = ("email", *PRIVILEGES) if obj == request.user else ()
        fields = (*super().get_readonly_fields(request, obj), *own)
        if not request.user.is_superuser:
            # The audit names users by their names: renamed, one could pass for another.
            name = ("username",) if obj is not None else ()
            return (*fields, *name, *PRIVILEGES, "groups", "user_permissions")
        return fields

    def get_form(self, request, obj=None, change=False, **kwargs):
        if obj is not None and obj == request.user:
            why = gettext(
                "Somebody else has to change it: links to choose a new password go there."
            )
            kwargs["help_texts"] = {"email": why}
        return super().get_form(request, obj, change=change, **kwargs)

    def has_change_permission(self, request, obj=None) -> bool:
        may = super().has_change_permission(request, obj)
        return may and not (obj is not None and obj.outranks(request.user))

    def has_delete_permission(self, request, obj=None) -> bool:
        may = super().has_delete_permission(request, obj) and obj != request.user
        return may and not (obj is not None and obj.outranks(request.user))

    def user_change_password(self, request, id, form_url=""):
        """Users change their own password where the old one is asked for, and cannot remove it."""
        if self.get_object(request, unquote(id)) == request.user:  # "07" is 7 too
            return redirect("password_change")
        return self.bounded(request, super().user_change_password, request, id, form_url)

    def save_model(self, request, obj, form, change) -> None:
        """Save only what was edited: others may have changed the rest since the page was read,
        or deleted the user, and a whole save would undo that."""
        if not change:
            return super().save_model(request, obj, form, change)
        if "username" in form.changed_data:
            renamed = f"User name: {form.initial['username']} → {obj.username}."
            self.log_change(request, obj, renamed)
        columns = {field.name for field in obj._meta.concrete_fields}
        try:
            obj.save(update_fields=columns & set(form.changed_data))
        except OperationalError:  # such as a lock that was waited for too long
            raise
        except DatabaseError as error:
            raise Http404 from error
        return None

    # A user who grants or revokes privileges, or deletes, must still be a superadmin when it is
    # their turn: so of two who remove each other at once, one remains.

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        view = super().changeform_view
        return self.one_at_a_time(request, view, request, object_id, form_url, extra_context)

    def delete_view(self, request, object_id, extra_context=None):
        return self.one_at_a_time(request, super().delete_view, request, object_id, extra_context)

    def response_action(self, request, queryset, *args):
        view = super().response_action
        if "delete_selected" not in request.POST.getlist("action"):
            return view(request, queryset, *args)
        return self.one_at_a_time(request, view, request, queryset, *args, longest=bulk.WAIT)

    def one_at_a_time(self, request, view: Callable, *args, longest=None) -> HttpResponse:
        if request.method != "POST":
            return view(*args)
        return self.bounded(request, recheck_and_run, request.user, view, *args, longest=longest)

    def bounded(self, request, view: Callable, *args, longest: str | None = None) -> HttpResponse:
        """Run the view; where somebody else holds what it changes, say who."""
        try:
            with bounded_waits(_("the account"), router.db_for_write(self.model), longest):
                return view(*args)
        except HeldError as error:
            text = gettext("Nothing was changed: %(why)s.") % {"why": error}
            self.message_user(request, text, messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())


def recheck_and_run(by: AbstractUser, view: Callable, *args) -> HttpResponse:
    if by.is_superuser and not recheck_superadmin(by):
        raise PermissionDenied
    return view(*args)
