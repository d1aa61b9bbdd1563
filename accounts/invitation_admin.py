"""Invitations in the admin: one page, one field, one address or many."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse

from . import invitations
from .forms import InviteForm
from .locks import HeldError, bounded_waits
from .mail import NoSiteError, site_of
from .models import State, User
from .state_admin import StateAdminMixin


class InvitationAdminMixin(StateAdminMixin):
    def get_urls(self):
        view = self.admin_site.admin_view(self.invite_view)
        return [path("invite/", view, name="accounts_user_invite"), *super().get_urls()]

    def has_invite_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.invite_user")

    def changelist_view(self, request, extra_context=None):
        may_invite = {"may_invite": self.has_invite_permission(request)}
        return super().changelist_view(request, may_invite | (extra_context or {}))

    def change_view(self, request, object_id, form_url="", extra_context=None):
        user = self.get_object(request, unquote(object_id))
        if user is not None and self.may_invite_again(request, user):
            again = {"invite_again": urlencode({"addresses": user.email})}
            extra_context = again | (extra_context or {})
        return super().change_view(request, object_id, form_url, extra_context)

    def may_invite_again(self, request: HttpRequest, user: User) -> bool:
        invited = bool(user.email) and user.state == State.INVITED
        return invited and not user.outranks(request.user) and self.has_invite_permission(request)

    def invite_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_invite_permission(request):
            raise PermissionDenied
        form = InviteForm(
            request.POST if request.method == "POST" else None,
            initial={"addresses": request.GET.get("addresses", "")},
        )
        if form.is_valid():
            try:
                return self.invite(request, form.cleaned_data["addresses"])
            except ValidationError as error:
                form.add_error("addresses", error)
            except (HeldError, NoSiteError) as error:
                form.add_error("addresses", f"Nobody was invited: {str(error).rstrip('.')}.")
        return self.ask(request, "Invite people", form, "Invite", back=self.start(request))

    def invite(self, request: HttpRequest, addresses: list[str]) -> HttpResponse:
        with bounded_waits("one of these users"):
            users = invitations.invite(addresses, site_of(request), by=request.user)
            by: Any = request.user.pk  # they are signed in
            LogEntry.objects.log_actions(by, users, CHANGE, change_message="Invited.")
        names = invitations.named(addresses)
        self.message_user(request, f"A link is on its way to {names}.", messages.SUCCESS)
        return HttpResponseRedirect(self.start(request))

    def start(self, request: HttpRequest) -> str:
        """The URL of the list of users; of the page itself, for users who may not see the list."""
        name = "changelist" if self.has_view_permission(request) else "invite"
        return reverse(f"admin:accounts_user_{name}")
