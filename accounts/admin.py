"""The admin's user page: the state, the managers' buttons and the superadmin's free choice."""

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.views.decorators.http import require_POST
from django_fsm import TransitionNotAllowed

from .models import State, User, UserFSM


class StaleStateError(Exception):
    """The state is no longer the one that the page showed."""


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
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

    @admin.display(description="state", ordering="fsm__current_state")
    def state_badge(self, user: User) -> str:
        return format_html('<span class="state state-{0}">{0}</span>', user.state or "none")

    def get_urls(self):
        change_state = self.admin_site.admin_view(require_POST(self.change_state_view))
        return [
            path("<path:object_id>/state/", change_state, name="accounts_user_state"),
            *super().get_urls(),
        ]

    def change_view(self, request, object_id, form_url="", extra_context=None):
        user = self.get_object(request, unquote(object_id))
        if user is not None:
            fsm = getattr(user, "fsm", None) or UserFSM(user_id=user.pk)
            extra_context = {
                "transitions": fsm.transitions_for(request.user),
                "states": State.values if request.user.is_superuser else [],
                **(extra_context or {}),
            }
        return super().change_view(request, object_id, form_url, extra_context)

    def change_state_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Push a button (``transition``) or choose freely (``state``).

        ``seen`` is the state that the page showed: when somebody else was faster, nothing
        happens.
        """
        user = self.get_object(request, unquote(object_id))
        if user is None:
            raise Http404
        if not self.has_view_permission(request, user):
            raise PermissionDenied
        try:
            self.change_state(request, user)
        except (StaleStateError, TransitionNotAllowed) as error:
            text = f"Nothing was changed: {user} is {error}. Look again, then decide."
            self.message_user(request, text, messages.ERROR)
        except ValueError:
            self.message_user(request, "Nothing was changed: no such state.", messages.ERROR)
        except IntegrityError:
            self.message_user(request, f"Nothing was changed: {user} is gone.", messages.ERROR)
            return HttpResponseRedirect(reverse("admin:accounts_user_changelist"))
        else:
            self.message_user(request, f"The user {user} is now {user.state}.", messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:accounts_user_change", args=[user.pk]))

    def change_state(self, request: HttpRequest, user: User) -> None:
        with UserFSM.changing(user) as fsm:
            before = fsm.current_state
            if request.POST.get("seen") != before:
                raise StaleStateError(f"{before} now")
            if "transition" in request.POST:
                fsm.move(request.POST["transition"], by=request.user)
            else:
                fsm.override(request.POST.get("state", ""), by=request.user)
            self.log_change(request, user, f"State: {before} → {fsm.current_state}.")
