"""Actions on the selected users of the list. They ask for confirmation, and then run a transition
of each user who was shown, in a transaction of its own."""

import re

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import model_ngettext
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django_fsm import TransitionNotAllowed

from .forms import ReasonForm
from .locks import AT_ONCE, HeldError
from .models import State, User
from .state_admin import StateAdminMixin
from .states import NEEDS_REASON

SHOWN_AT_MOST = 100  # of the users that an action is about to change
KEY = re.compile(r"\d{1,18}")  # of a user
SHOWN = re.compile(r"(\d{1,18}):(\w+)")  # a user's key, and the state that a page showed


class BulkAdminMixin(StateAdminMixin):
    actions = ("activate_selected", "deactivate_selected", "unlock_selected")

    def has_change_state_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.change_userfsm")

    @admin.action(permissions=["change_state"], description="Activate selected users")
    def activate_selected(self, request, queryset):
        return self.run_transition_on(request, queryset, "activate")

    @admin.action(permissions=["change_state"], description="Deactivate selected users")
    def deactivate_selected(self, request, queryset):
        return self.run_transition_on(request, queryset, "deactivate")

    @admin.action(permissions=["change_state"], description="Unlock selected users")
    def unlock_selected(self, request, queryset):
        return self.run_transition_on(request, queryset, "unlock")

    def response_action(self, request, queryset):  # type: ignore[override] # as in Django 5.2
        """As Django's, which fails on a selection that none of our pages sends."""
        if all(KEY.fullmatch(key) for key in request.POST.getlist(ACTION_CHECKBOX_NAME)):
            return super().response_action(request, queryset)
        self.message_user(
            request, "Nothing was changed: the selection is not valid.", messages.ERROR
        )
        return HttpResponseRedirect(request.get_full_path())

    def run_transition_on(self, request: HttpRequest, selected: QuerySet, name: str):
        """Ask about the selected users; then run the transition of each user who was shown."""
        shown = request.POST.get("shown")
        form = ReasonForm(
            request.POST if shown is not None else None, reason_required=name in NEEDS_REASON
        )
        if not form.is_valid():
            if shown is None:
                shown = ",".join(f"{user.pk}:{user.state or State.INVITED}" for user in selected)
            return self.ask_about(request, shown, name, form)
        reason = form.cleaned_data["reason"] or None
        self.tell(
            request, name, *self.run_on_each(request, SHOWN.findall(shown or ""), name, reason)
        )
        return None

    def run_on_each(self, request, shown: list[tuple], name: str, reason: str | None):
        """(the number of users who were changed, those who were refused and why).

        Once a user's state was waited for in vain, nobody else's is waited for: the wait would be
        the same for each, and a web server ends a request that takes long.
        """
        done, refused, wait = 0, [], None
        for key, state in shown:
            try:
                user = self.get_queryset(request).get(pk=key)
                self.change_and_log(
                    request,
                    user,
                    lambda fsm: fsm.run_transition(name, request.user),
                    **{"reason": reason, "seen": state, "wait": wait},
                )
                done += 1
            except User.DoesNotExist:
                refused.append("a deleted user")
            except PermissionDenied:
                refused.append(f"{user} (you may not {name} this user)")
            except TransitionNotAllowed as error:
                refused.append(f"{user} ({str(error).removeprefix(f'{user} is ')})")
                wait = AT_ONCE if isinstance(error, HeldError) else wait
        return done, refused

    def tell(self, request: HttpRequest, name: str, done: int, refused: list[str]) -> None:
        if done:
            text = f"{name.title()}: {done} {model_ngettext(User._meta, done)} changed."
            self.message_user(request, text, messages.SUCCESS)
        if refused or not done:
            text = f"{name.title()}: nothing was changed for {', '.join(refused) or 'any user'}."
            self.message_user(request, text, messages.ERROR)

    def ask_about(self, request: HttpRequest, shown: str, name: str, form) -> HttpResponse:
        """``shown`` holds the keys of users, each with the state that the page shows."""
        keys = [key for key, _ in SHOWN.findall(shown)]
        users = self.get_queryset(request).filter(pk__in=keys).select_related("fsm")
        context = {
            "users": users[:SHOWN_AT_MOST],
            "more": max(len(keys) - SHOWN_AT_MOST, 0),
            "hidden": [
                ("action", f"{name}_selected"),
                ("shown", shown),
                *((ACTION_CHECKBOX_NAME, key) for key in keys[:1]),
            ],
        }
        title = f"{name.title()} {len(keys)} {model_ngettext(User._meta, len(keys))}?"
        return self.ask(request, title, form, name.title(), **context)
