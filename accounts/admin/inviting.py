"""Invitations in the admin: one page, one field, one address or many."""

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from .. import invitations
from ..forms import InviteForm
from ..locks import HeldError, bounded_waits
from ..mail import site_of
from ..models import State, User
from .base import BaseUserAdmin


class InvitationAdmin(BaseUserAdmin):
    def pages(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.invite_view)
        return [path("invite/", view, name="accounts_user_invite"), *super().pages()]

    def has_invite_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.invite_user")

    def list_context(self, request: HttpRequest) -> dict:
        may_invite = self.has_invite_permission(request)
        return {"may_invite": may_invite, **super().list_context(request)}

    def user_context(self, request: HttpRequest, user: User) -> dict:
        context = super().user_context(request, user)
        invited = user.email and user.state == State.INVITED
        if invited and self.has_invite_permission(request) and not user.outranks(request.user):
            context["invite_again"] = urlencode({"addresses": user.email})
        return context

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
            except HeldError as error:
                form.add_error("addresses", f"Nobody was invited: {error}.")
        return self.ask(request, "Invite people", form, "Invite", back=self.start(request))

    def invite(self, request: HttpRequest, addresses: list[str]) -> HttpResponse:
        with bounded_waits("one of these users"):
            users = invitations.invite(addresses, site_of(request), by=request.user)
            LogEntry.objects.log_actions(request.user.pk, users, CHANGE, change_message="Invited.")
        names = invitations.named(addresses)
        self.message_user(request, f"A link is on its way to {names}.", messages.SUCCESS)
        return HttpResponseRedirect(self.start(request))

    def start(self, request: HttpRequest) -> str:
        """The URL of the list of users; of the page itself, for users who may not see the list."""
        name = "changelist" if self.has_view_permission(request) else "invite"
        return reverse(f"admin:accounts_user_{name}")
