"""States in the admin: buttons for transitions, and a superadmin's override. Each asks for
confirmation and a reason. The rules are in fsm.py."""

from collections.abc import Callable

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_fsm import TransitionNotAllowed

from ..databases import primary
from ..forms import OverrideForm, ReasonForm
from ..fsm import may_change_state, why_not
from ..locks import HeldError
from ..mail import send_lock_notice
from ..models import State, User, UserFSM
from ..states import NEEDS_REASON, ChangeRefusedError, state_name
from ..templatetags.states import state_badge
from .base import BaseUserAdmin

NOTHING_CHANGED = _("Nothing was changed: %(why)s.")
CHECK_AND_TRY_AGAIN = _("Nothing was changed: %(why)s. Check the current state, and try again.")


class StateAdmin(BaseUserAdmin):
    def pages(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path(
                "<path:object_id>/transition/<slug:name>/",
                view(self.transition_view),
                name="accounts_user_transition",
            ),
            path(
                "<path:object_id>/override/",
                view(self.override_view),
                name="accounts_user_override",
            ),
            *super().pages(),
        ]

    @admin.display(description=_("state"), ordering="fsm__current_state")
    def state_badge(self, user: User) -> str:
        return state_badge(user.state)

    def user_context(self, request: HttpRequest, user: User) -> dict:
        return {
            "transitions": [
                (name, UserFSM.label_of(name))
                for name in fsm_of(user).transitions_for(request.user)
            ],
            "why_no_buttons": why_not(fsm_of(user), request.user),
            "override_form": request.user.is_superuser and OverrideForm(initial=shown(user)),
            **super().user_context(request, user),
        }

    def transition_view(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        """A button: GET asks for confirmation, POST runs the transition."""
        user = self.user_or_404(request, object_id)
        if name not in {each.name for each in UserFSM.transitions()}:
            raise Http404
        if not may_change_state(fsm_of(user), request.user):
            raise PermissionDenied
        if name not in fsm_of(user).transitions_for(request.user):
            now = ChangeRefusedError.in_state(user, user.state or State.INVITED)
            return self.refuse(request, user, now)
        form = ReasonForm(
            request.POST if request.method == "POST" else None,
            initial=shown(user),
            reason_required=name in NEEDS_REASON,
        )
        if form.is_valid():
            return self.change_state(
                request, user, form, lambda fsm: fsm.run_transition(name, request.user)
            )
        label = UserFSM.label_of(name)
        title = gettext("%(action)s %(user)s?") % {"action": label, "user": user}
        return self.ask(request, title, form, label, original=user)

    def override_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A superadmin's override."""
        user = self.user_or_404(request, object_id)
        if not request.user.is_superuser:
            raise PermissionDenied
        data = request.POST if request.method == "POST" else None
        form = OverrideForm(data, initial=shown(user))
        if form.is_valid():
            state = form.cleaned_data["state"]
            return self.change_state(
                request, user, form, lambda fsm: fsm.override(state, request.user)
            )
        title = gettext("Set the state of %(user)s") % {"user": user}
        return self.ask(request, title, form, gettext("Set state"), original=user)

    def change_state(
        self,
        request: HttpRequest,
        user: User,
        form: ReasonForm,
        change: Callable[[UserFSM], None],
    ) -> HttpResponse:
        try:
            self.change_and_log(request, user, change, **cleaned(form))
        except HeldError as error:
            return self.refuse(request, user, error, NOTHING_CHANGED)
        except TransitionNotAllowed as error:
            return self.refuse(request, user, error)
        text = gettext("The user %(user)s is now %(state)s.")
        words = {"user": user, "state": state_name(user.state)}
        self.message_user(request, text % words, messages.SUCCESS)
        return self.to_page_of(user)

    def change_and_log(self, request, user, change, **how) -> None:
        """``how`` is what changing() takes."""
        with UserFSM.changing(user, **how) as fsm:
            before = fsm.current_state
            change(fsm)
            note = f"State: {before} → {fsm.current_state}. {fsm.reason or ''}"
            self.log_change(request, user, note)
            if fsm.current_state == State.LOCKED:
                transaction.on_commit(lambda: send_lock_notice(user), using=primary(), robust=True)

    def refuse(
        self, request: HttpRequest, user: User, why: Exception, sentence=CHECK_AND_TRY_AGAIN
    ) -> HttpResponse:
        self.message_user(request, sentence % {"why": why}, messages.ERROR)
        return self.to_page_of(user)


def fsm_of(user: User) -> UserFSM:
    """The state of the user; the first one, for a user who was made without a state."""
    return getattr(user, "fsm", None) or UserFSM(user=user)


def shown(user: User) -> dict:
    """What the forms begin with: the state that the page shows."""
    return {"seen": user.state or State.INVITED, "state": user.state}


def cleaned(form: ReasonForm) -> dict:
    return {name: form.cleaned_data[name] or None for name in ("reason", "seen")}
