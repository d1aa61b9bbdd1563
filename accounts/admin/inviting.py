"""Invitations in the admin: one address or many, typed, pasted or in a file."""

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from .. import invitations
from ..databases import primary
from ..forms import InviteForm
from ..mail import NoSiteError, site_of
from ..models import State, User
from ..uploads import takes_files
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

    @takes_files(2 * invitations.MAX_TEXT)  # up to the half, the form says kindly what is wrong
    def invite_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_invite_permission(request):
            raise PermissionDenied
        data, files = (request.POST, request.FILES) if request.method == "POST" else (None, None)
        form = InviteForm(data, files, initial={"addresses": request.GET.get("addresses", "")})
        if form.is_valid():
            return self.invite(
                request, form.cleaned_data["invitable"], form.cleaned_data["refused"]
            )
        return self.ask_whom(request, form)

    def invite(self, request: HttpRequest, addresses: list[str], refused: list[str]):
        """The list of users again; where somebody was not invited, the page with who and why."""
        try:
            site = site_of(request)
        except NoSiteError as error:
            form = InviteForm(initial={"addresses": "\n".join(addresses)})
            return self.ask_whom(request, form, refused=[f"Nobody was invited: {error}"])
        with transaction.atomic(using=primary()):
            users, more = invitations.invite(addresses, site, by=request.user)
            LogEntry.objects.log_actions(
                request.user.pk,  # type: ignore[arg-type]  # whoever is here has signed in
                users,
                CHANGE,
                change_message="Invited.",
            )
        if users:
            names = invitations.named([user.email for user in users])
            self.message_user(request, f"A link is on its way to {names}.", messages.SUCCESS)
        if refused := [*refused, *more]:
            return self.ask_whom(request, InviteForm(), refused=refused)
        return HttpResponseRedirect(self.start(request))

    def ask_whom(self, request: HttpRequest, form: InviteForm, **context) -> HttpResponse:
        back = self.start(request)
        return self.ask(request, "Invite people", form, "Invite", back=back, **context)

    def start(self, request: HttpRequest) -> str:
        """The URL of the list of users; of the page itself, for users who may not see the list."""
        name = "changelist" if self.has_view_permission(request) else "invite"
        return reverse(f"admin:accounts_user_{name}")
