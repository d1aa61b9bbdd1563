"""Invitations in the admin: one address or many, typed, pasted or in a file."""

from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext

from .. import bulk, invitations
from ..databases import primary
from ..forms import InviteForm
from ..mail import NoSiteError, site_of
from ..models import State, User
from ..states import ChangeRefusedError
from ..uploads import takes_files
from .batches import BatchAdmin, BulkKind

INVITED = "Invited."  # in Django's log


class InvitationAdmin(BatchAdmin):
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
    @transaction.non_atomic_requests  # each address has a transaction of its own
    def invite_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_invite_permission(request):
            raise PermissionDenied
        data, files = (request.POST, request.FILES) if request.method == "POST" else (None, None)
        form = InviteForm(data, files, initial={"addresses": request.GET.get("addresses", "")})
        if form.is_valid():
            try:
                site_of(request)
                return self.go_on(request, self.invite_action(request, **form.cleaned_data))
            except NoSiteError:
                why = gettext(
                    "Nobody was invited: nothing says to which site the links in mails lead. Tell"
                    " whoever runs this site to set SITE_URL."
                )
                form.add_error(None, why)
        title, button = gettext("Invite people"), gettext("Invite")
        return self.ask(request, title, form, button, back=self.start(request))

    def invite_action(self, request, invitable: list, refused: list, **fields) -> bulk.BulkAction:
        return bulk.BulkAction("invite", self.start(request), invitable, refused=refused)

    def bulk_kinds(self) -> dict[str, BulkKind]:
        kind = BulkKind(self.has_invite_permission, self.invite_some, gettext("Invite"), "invited")
        return {"invite": kind, **super().bulk_kinds()}

    def invite_some(self, request: HttpRequest, action: bulk.BulkAction) -> None:
        """Those whom a batch invited that was broken off are invited again: they had no mail."""
        known = invitations.known_at(action.pending, request.user)
        invited = []

        def run(address: str, wait: str) -> None:
            try:
                with transaction.atomic(using=primary()):
                    user = invitations.invite(address, known[address], request.user, wait)
                    self.log_change(request, user, INVITED)
                invited.append(user)
            except ChangeRefusedError:
                if not self.was_done(request, action, known[address], INVITED):
                    raise

        action.run_batch(run)
        invitations.send_on_commit(invited, site_of(request))

    def start(self, request: HttpRequest) -> str:
        """The URL of the list of users; of the page itself, for users who may not see the list."""
        name = "changelist" if self.has_view_permission(request) else "invite"
        return reverse(f"admin:accounts_user_{name}")
