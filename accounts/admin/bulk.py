"""Actions on the selected users of the list. They ask for confirmation, and then run a transition
of each user who was shown, in a transaction of its own, and in batches."""

import re
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import model_ngettext
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django_fsm import TransitionNotAllowed

from .. import bulk
from ..forms import ReasonForm
from ..locks import AT_ONCE, HeldError
from ..models import State, User
from ..privileges import load_privileges
from ..states import NEEDS_REASON
from .states import StateAdmin, fsm_of

SHOWN_AT_MOST = 100  # of the users that an action is about to change, or to leave out
KEY = re.compile(r"\d{1,18}")  # of a user


class BulkAdmin(StateAdmin):
    actions = ("activate_selected", "deactivate_selected", "unlock_selected")

    def pages(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.bulk_view)
        return [path("bulk/<slug:name>/", view, name="accounts_user_bulk"), *super().pages()]

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

    def response_action(self, request: HttpRequest, queryset: QuerySet, *args):
        """As Django's, which fails on a selection that none of our pages sends."""
        if all(KEY.fullmatch(key) for key in request.POST.getlist(ACTION_CHECKBOX_NAME)):
            return super().response_action(request, queryset, *args)
        return self.nothing_changed(request, "the selection is not valid")

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
            most = f"more than {bulk.MAX_AT_ONCE:,} cannot be changed at once"
            return self.nothing_changed(request, most)
        return self.ask_about(request, selected, transition, form)

    def nothing_changed(self, request: HttpRequest, why: str) -> HttpResponse:
        self.message_user(request, f"Nothing was changed: {why}.", messages.ERROR)
        return HttpResponseRedirect(request.get_full_path())

    def ask_about(self, request, selected: QuerySet, transition: str, form) -> HttpResponse:
        """A page with those who can be changed, and with those who are left out and why."""
        users = list(selected.select_related("fsm"))
        load_privileges(users)
        refusals = [(fsm_of(user).refusal(transition, request.user), user) for user in users]
        able = [user for refusal, user in refusals if not refusal]
        left_out = [f"{user} ({refusal})" for refusal, user in refusals if refusal]
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
        whom = f"{len(able):,} {model_ngettext(User._meta, len(able))}?" if able else "nobody"
        title = f"{transition.title()} {whom}"
        return self.ask(request, title, form, transition.title(), **context)

    def begin(self, request, shown: str, transition: str, reason: str | None) -> HttpResponse:
        pending = bulk.parse(shown)[: bulk.MAX_AT_ONCE]
        change = bulk.BulkChange(transition, reason, request.get_full_path(), pending)
        return self.go_on(request, change)

    # Each user is changed in a transaction of its own: no lock is held for all of them.
    @transaction.non_atomic_requests
    def bulk_view(self, request: HttpRequest, name: str) -> HttpResponse:
        """GET shows what was done and what was not; POST runs the next batch."""
        change = bulk.load(request.session, name)
        if change is None:
            raise Http404
        if not self.has_change_state_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            return self.go_on(request, change, name)
        context = {
            **self.admin_site.each_context(request),
            "title": f"{change.transition.title()} {model_ngettext(User._meta, change.total)}",
            "opts": self.opts,
            "change": change,
            "stopped": "stopped" in request.GET,
        }
        return TemplateResponse(request, "admin/accounts/user/bulk.html", context)

    def go_on(self, request, change: bulk.BulkChange, name: str | None = None) -> HttpResponse:
        wait = bulk.WAIT

        def run(key: str, state: str) -> str | None:
            nonlocal wait
            try:
                return self.run_on_one(request, change, key, state, wait)
            except HeldError as error:
                # Nobody else is waited for in this batch: the wait would be the same for each.
                wait = AT_ONCE
                return str(error)

        change.run_batch(run)
        name = bulk.save(request.session, change, name)
        return HttpResponseRedirect(reverse("admin:accounts_user_bulk", args=[name]))

    def run_on_one(self, request, change, key: str, state: str, wait: str) -> str | None:
        """Why the transition was refused; None when it was not."""
        user = self.get_queryset(request).filter(pk=key).first()
        if user is None:
            return "a deleted user"
        try:
            self.change_and_log(
                request,
                user,
                lambda fsm: fsm.run_transition(change.transition, request.user),
                **{"reason": change.reason, "seen": state, "wait": wait},
            )
        except PermissionDenied as error:
            return f"{user} ({error or f'you may not {change.transition} this user'})"
        except HeldError as error:
            raise HeldError(f"{user} ({error})") from error
        except TransitionNotAllowed as error:
            if self.has_changed(request, change, user, state):
                return None
            return f"{user} ({str(error).removeprefix(f'{user} is ')})"
        return None

    def has_changed(self, request, change: bulk.BulkChange, user: User, state: str) -> bool:
        """Whether a batch that was broken off has changed the user: the log is written with the
        change, in one transaction, and the session only at the end of a batch."""
        return LogEntry.objects.filter(
            user=request.user,
            object_id=user.pk,
            content_type__app_label=User._meta.app_label,
            content_type__model=User._meta.model_name,
            action_time__gte=change.started,
            change_message__startswith=f"State: {state} → ",
        ).exists()
