"""Actions on the selected users of the list. They ask for confirmation, and then run a transition
of each user who was shown, in a transaction of its own, and in batches."""

import re
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.actions import delete_selected
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django_fsm import TransitionNotAllowed

from .. import bulk
from ..forms import ReasonForm
from ..locks import HeldError
from ..models import State, User, UserFSM
from ..privileges import load_privileges
from ..states import NEEDS_REASON, ChangeRefusedError, refused
from .batches import BatchAdmin, BulkKind
from .states import StateAdmin, fsm_of

TRANSITIONS = ("activate", "deactivate", "unlock")  # that the list offers
SHOWN_AT_MOST = 100  # of the users that an action is about to change, or to leave out
DELETED_AT_MOST = 100  # users, with all that belongs to them, in one request
KEY = re.compile(r"\d{1,18}")  # of a user


class BulkAdmin(StateAdmin, BatchAdmin):
    actions = (*(f"{name}_selected" for name in TRANSITIONS), "delete_selected")

    def has_change_state_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.change_userfsm")

    @admin.action(permissions=["change_state"], description=_("Activate selected users"))
    def activate_selected(self, request, queryset):
        return self.run_transition_on(request, queryset, "activate")

    @admin.action(permissions=["change_state"], description=_("Deactivate selected users"))
    def deactivate_selected(self, request, queryset):
        return self.run_transition_on(request, queryset, "deactivate")

    @admin.action(permissions=["change_state"], description=_("Unlock selected users"))
    def unlock_selected(self, request, queryset):
        return self.run_transition_on(request, queryset, "unlock")

    @admin.action(permissions=["delete"], description=_("Delete selected users"))
    def delete_selected(self, request, queryset):
        """As Django's, which shows and deletes all that belongs to them in one request."""
        if queryset.count() > DELETED_AT_MOST:
            why = gettext("more than %(most)s users cannot be deleted at once")
            return self.nothing_changed(request, why % {"most": grouped(DELETED_AT_MOST)})
        return delete_selected(self, request, queryset)

    def response_action(self, request: HttpRequest, queryset: QuerySet, *args):
        """As Django's, which fails on a selection that none of our pages sends."""
        if all(KEY.fullmatch(key) for key in request.POST.getlist(ACTION_CHECKBOX_NAME)):
            return super().response_action(request, queryset, *args)
        return self.nothing_changed(request, gettext("the selection is not valid"))

    def run_transition_on(self, request: HttpRequest, selected: QuerySet, transition: str):
        """Ask about the selected users; then begin with the users who were shown."""
        shown = request.POST.get("shown")
        data = request.POST if shown is not None else None
        form = ReasonForm(data, reason_required=transition in NEEDS_REASON)
        if shown is not None:
            selected = User.objects.filter(pk__in=[key for key, _ in bulk.parse(shown)])
        if shown is not None and form.is_valid():
            return self.begin(request, shown, transition, form.cleaned_data["reason"] or None)
        if selected.count() > bulk.MAX_AT_ONCE:
            why = gettext("more than %(most)s users cannot be changed at once")
            return self.nothing_changed(request, why % {"most": grouped(bulk.MAX_AT_ONCE)})
        return self.ask_about(request, selected, transition, form)

    def nothing_changed(self, request: HttpRequest, why: str) -> HttpResponse:
        self.message_user(
            request, gettext("Nothing was changed: %(why)s.") % {"why": why}, messages.ERROR
        )
        return HttpResponseRedirect(request.get_full_path())

    def ask_about(self, request, selected: QuerySet, transition: str, form) -> HttpResponse:
        """A page with those who can be changed, and with those who are left out and why."""
        users = list(selected.select_related("fsm"))
        load_privileges(users)
        refusals = [(fsm_of(user).refusal(transition, request.user), user) for user in users]
        able = [user for why, user in refusals if not why]
        left_out = [refused(user, why) for why, user in refusals if why]
        context: dict[str, Any] = {
            "users": able[:SHOWN_AT_MOST],
            "more": max(len(able) - SHOWN_AT_MOST, 0),
            "left_out": left_out[:SHOWN_AT_MOST],
            "left_out_more": max(len(left_out) - SHOWN_AT_MOST, 0),
            "left_out_count": len(left_out),
            "nobody": not able,
            "hidden": [
                ("action", f"{transition}_selected"),
                ("shown", ",".join(f"{user.pk}:{user.state or State.INVITED}" for user in able)),
                *((ACTION_CHECKBOX_NAME, user.pk) for user in able[:1]),
            ],
        }
        label = UserFSM.label_of(transition)
        title = gettext("%(action)s nobody")
        if able:
            title = ngettext(
                "%(action)s %(number)s user?", "%(action)s %(number)s users?", len(able)
            )
        words = {"action": label, "number": grouped(len(able))}
        return self.ask(request, title % words, form, label, **context)

    def begin(self, request, shown: str, transition: str, reason: str | None) -> HttpResponse:
        pending = bulk.parse(shown)[: bulk.MAX_AT_ONCE]
        return self.go_on(
            request, bulk.BulkAction(transition, request.get_full_path(), pending, reason)
        )

    def bulk_kinds(self) -> dict[str, BulkKind]:
        may, run_batch = self.has_change_state_permission, self.run_on_some
        kinds = {
            name: BulkKind(may, run_batch, UserFSM.label_of(name), "changed")
            for name in TRANSITIONS
        }
        return {**kinds, **super().bulk_kinds()}

    def run_on_some(self, request: HttpRequest, action: bulk.BulkAction) -> None:
        action.run_batch(partial(self.run_on_one, request, action))

    def run_on_one(self, request, action: bulk.BulkAction, shown, wait: str) -> None:
        key, state = shown
        user = self.get_queryset(request).filter(pk=key).first()
        if user is None:
            raise ChangeRefusedError(gettext("a deleted user"))
        try:
            self.change_and_log(
                request,
                user,
                lambda fsm: fsm.run_transition(action.name, request.user),
                **{"reason": action.reason, "seen": state, "wait": wait},
            )
        except PermissionDenied as error:
            why = str(error) or gettext("you may not do this to this user")
            raise ChangeRefusedError(refused(user, why)) from error
        except HeldError as error:
            raise HeldError(refused(user, error)) from error
        except TransitionNotAllowed as error:
            if not self.was_done(request, action, [user], f"State: {state} → "):
                why = getattr(error, "short", None) or error
                raise ChangeRefusedError(refused(user, why)) from error


def grouped(number: int) -> str:
    return number_format(number, force_grouping=True)
