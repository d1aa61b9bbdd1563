"""The pages of people: sign in, accept an invitation, unlock, reset a forgotten password."""

from django.contrib import messages
from django.contrib.auth import login, views
from django.contrib.auth.hashers import make_password
from django.contrib.auth.views import INTERNAL_RESET_SESSION_TOKEN
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.views.generic import FormView

from . import invitations
from .forms import AddressForm, ConfirmForm, ResetForm, SignInForm
from .links import invitation_tokens, unlock_tokens
from .mail import site_of
from .models import ChangeRefusedError, UserFSM


class SignInView(views.LoginView):
    form_class = SignInForm


class PasswordResetView(views.PasswordResetView):
    form_class = ResetForm

    @property
    def extra_email_context(self) -> dict:
        return {"site": site_of(self.request)}


class LinkView(views.PasswordResetConfirmView):
    """A page that a mailed link leads to, and the change of state that is made there.

    Looking at it changes nothing, for mail programs look too. What was true when the page was
    shown is looked at again under the lock: of two who push the button, one gets through.
    """

    reason: str

    def form_valid(self, form) -> HttpResponse:
        token = self.request.session.pop(INTERNAL_RESET_SESSION_TOKEN, None)
        prepared = self.prepare(form)
        try:
            with UserFSM.changing(self.user, by=self.user, reason=self.reason) as fsm:
                if not self.token_generator.check_token(self.user, token):
                    raise ChangeRefusedError("the link has ended")
                self.change(fsm, prepared)
        except ChangeRefusedError:
            self.validlink = False
            return self.render_to_response(self.get_context_data())
        return self.go_on()

    def prepare(self, form) -> object:
        """What takes long, before the state is locked."""

    def get_context_data(self, **kwargs) -> dict:
        context = super().get_context_data(account=self.user, **kwargs)
        if not self.validlink:
            context["title"] = "This link can no longer be used"
        return context


class InvitationView(LinkView):
    template_name = "accounts/invitation.html"
    title = "Choose a password"
    token_generator = invitation_tokens
    reason = "invitation accepted"

    def prepare(self, form) -> str:
        return make_password(form.cleaned_data["new_password1"])

    def change(self, fsm: UserFSM, password: str) -> None:
        fsm.activate()
        self.user.password = password
        self.user.save(update_fields=["password"])

    def go_on(self) -> HttpResponse:
        login(self.request, self.user)
        messages.success(self.request, "Welcome. Your account is active, and you are signed in.")
        return redirect("home")


class UnlockView(LinkView):
    form_class = ConfirmForm
    template_name = "accounts/unlock.html"
    title = "Unlock your account"
    token_generator = unlock_tokens
    reset_url_token = "confirm"  # noqa: S105 - a word in the URL in the token's place
    reason = "unlocked by mail"

    def change(self, fsm: UserFSM, prepared: None) -> None:
        fsm.unlock()

    def go_on(self) -> HttpResponse:
        messages.success(self.request, "Your account is unlocked. Now sign in.")
        return redirect("login")


class InvitationRequestView(FormView):
    """Asks for a new link. The answer is the same whoever asks."""

    form_class = AddressForm
    template_name = "accounts/invitation_request.html"
    success_url = reverse_lazy("login")
    extra_context = {"title": "Ask for a new invitation"}

    def form_valid(self, form) -> HttpResponse:
        invitations.renew(form.cleaned_data["email"], site_of(self.request))
        text = "If this address is invited, a new link is on its way. Look into your mailbox."
        messages.success(self.request, text)
        return super().form_valid(form)
