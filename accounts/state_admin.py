"""States in the admin: the managers' buttons, their actions on many, and the superadmin's free
choice. Each asks once more, and why; the rules are the machine's (models.py)."""

import re
from collections.abc import Callable

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django_fsm import TransitionNotAllowed

from .forms import OverrideForm, ReasonForm
from .models import State, User, UserFSM
from .states import NEEDS_REASON, may_change_state

SHOWN_AT_MOST = 100  # of the people that an action is about to change
KEY = re.compile(r"\d{1,18}")  # of a user
SHOWN = re.compile(r"(\d{1,18}):(\w+)")  # a user's key, and the state that a page showed


class StateAdminMixin:
    actions = ("activate_selected", "deactivate_selected", "unlock_selected")

    def get_urls(self):
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
            *super().get_urls(),
        ]

    @admin.display(description="state", ordering="fsm__current_state")
    def state_badge(self, user: User) -> str:
        return format_html('<span class="state state-{0}">{0}</span>', user.state or "none")

    def change_view(self, request, object_id, form_url="", extra_context=None):
        user = self.get_object(request, unquote(object_id))
        if user is not None:
            extra_context = {
                "transitions": fsm_of(user).transitions_for(request.user),
                "override_form": request.user.is_superuser and OverrideForm(initial=shown(user)),
                **(extra_context or {}),
            }
        return super().change_view(request, object_id, form_url, extra_context)

    def transition_view(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        """A button: asks with GET, does with POST."""
        user = self.user_or_404(request, object_id)
        if name not in {each.name for each in UserFSM.transitions()}:
            raise Http404
        if not may_change_state(fsm_of(user), request.user):
            raise PermissionDenied
        if name not in fsm_of(user).transitions_for(request.user):
            return self.refuse(request, user, f"{user} is {user.state} now")
        form = ReasonForm(
            request.POST if request.method == "POST" else None,
            initial=shown(user),
            reason_required=name in NEEDS_REASON,
        )
        if form.is_valid():
            return self.change_state(request, user, form, lambda fsm: fsm.move(name, request.user))
        return self.ask(request, f"{name.title()} {user}?", form, name.title(), original=user)

    def override_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The superadmin's free choice."""
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
        return self.ask(request, f"Set the state of {user}", form, "Set state", original=user)

    def change_state(
        self,
        request: HttpRequest,
        user: User,
        form: ReasonForm,
        change: Callable[[UserFSM], None],
    ) -> HttpResponse:
        try:
            self.change_and_log(request, user, change, **cleaned(form))
        except TransitionNotAllowed as error:
            return self.refuse(request, user, str(error))
        self.message_user(request, f"The user {user} is now {user.state}.", messages.SUCCESS)
        return self.to_page_of(user)

    def change_and_log(self, request, user, change, reason=None, seen=None) -> None:
        with UserFSM.changing(user, seen=seen, reason=reason) as fsm:
            before = fsm.current_state
            change(fsm)
            self.log_change(request, user, f"State: {before} → {fsm.current_state}. {reason or ''}")

    def has_change_state_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.change_userfsm")

    @admin.action(permissions=["change_state"], description="Activate selected users")
    def activate_selected(self, request, queryset):
        return self.move_selected(request, queryset, "activate")

    @admin.action(permissions=["change_state"], description="Deactivate selected users")
    def deactivate_selected(self, request, queryset):
        return self.move_selected(request, queryset, "deactivate")

    @admin.action(permissions=["change_state"], description="Unlock selected users")
    def unlock_selected(self, request, queryset):
        return self.move_selected(request, queryset, "unlock")

    def response_action(self, request: HttpRequest, queryset: QuerySet):
        """Django's, which fails on a selection that no page of ours has sent."""
        if all(KEY.fullmatch(key) for key in request.POST.getlist(ACTION_CHECKBOX_NAME)):
            return super().response_action(request, queryset)
        self.message_user(request, "Nothing was changed: no such users.", messages.ERROR)
        return HttpResponseRedirect(request.get_full_path())

    def move_selected(self, request: HttpRequest, selected: QuerySet, name: str):
        """Ask about the selected; then move those who were shown, each by himself."""
        shown = request.POST.get("shown")
        form = ReasonForm(
            request.POST if shown is not None else None, reason_required=name in NEEDS_REASON
        )
        if not form.is_valid():
            if shown is None:
                shown = ",".join(f"{user.pk}:{user.state or State.INVITED}" for user in selected)
            return self.ask_about(request, shown, name, form)
        done, refused = 0, []
        for key, state in SHOWN.findall(shown):
            try:
                user = self.get_queryset(request).get(pk=key)
                change = {"reason": form.cleaned_data["reason"] or None, "seen": state}
                self.change_and_log(
                    request, user, lambda fsm: fsm.move(name, request.user), **change
                )
                done += 1
            except User.DoesNotExist:
                refused.append("somebody who is gone")
            except PermissionDenied:
                refused.append(f"{user} (not yours to {name})")
            except TransitionNotAllowed as error:
                refused.append(f"{user} ({str(error).removeprefix(f'{user} is ')})")
        if done:
            self.message_user(request, f"{name.title()}: {done} done.", messages.SUCCESS)
        if refused or not done:
            text = f"{name.title()}: nothing was changed for {', '.join(refused) or 'anybody'}."
            self.message_user(request, text, messages.ERROR)
        return None

    def ask_about(self, request: HttpRequest, shown: str, name: str, form) -> HttpResponse:
        """``shown`` are the keys of people, each with the state that the page shows."""
        keys = [key for key, _ in SHOWN.findall(shown)]
        people = self.get_queryset(request).filter(pk__in=keys).select_related("fsm")
        context = {
            "people": people[:SHOWN_AT_MOST],
            "more": max(len(keys) - SHOWN_AT_MOST, 0),
            "hidden": [
                ("action", f"{name}_selected"),
                ("shown", shown),
                *((ACTION_CHECKBOX_NAME, key) for key in keys[:1]),
            ],
        }
        title = f"{name.title()} {len(keys)} user{'s' if len(keys) != 1 else ''}?"
        return self.ask(request, title, form, name.title(), **context)

    def ask(self, request, title, form, button, original=None, **context) -> HttpResponse:
        context = {
            "back": page_of(original) if original else request.get_full_path(),
            **self.admin_site.each_context(request),
            "title": title,
            "form": form,
            "button": button,
            "original": original,
            "opts": self.opts,
            **context,
        }
        return TemplateResponse(request, "admin/accounts/user/confirm.html", context)

    def user_or_404(self, request: HttpRequest, object_id: str) -> User:
        user = self.get_object(request, unquote(object_id))
        if user is None:
            raise Http404
        if not self.has_view_permission(request, user):
            raise PermissionDenied
        return user

    def refuse(self, request: HttpRequest, user: User, why: str) -> HttpResponse:
        text = f"Nothing was changed: {why}. Look again, then decide."
        self.message_user(request, text, messages.ERROR)
        return self.to_page_of(user)

    def to_page_of(self, user: User) -> HttpResponse:
        return HttpResponseRedirect(page_of(user))


def page_of(user: User) -> str:
    return reverse("admin:accounts_user_change", args=[user.pk])


def fsm_of(user: User) -> UserFSM:
    """His state, or for somebody who was made without one, the first."""
    return getattr(user, "fsm", None) or UserFSM(user=user)


def shown(user: User) -> dict:
    """What the forms begin with: the state that the page shows."""
    return {"seen": user.state or State.INVITED, "state": user.state}


def cleaned(form: ReasonForm) -> dict:
    return {name: form.cleaned_data[name] or None for name in ("reason", "seen")}
