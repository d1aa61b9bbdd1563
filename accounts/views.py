"""The pages of users: sign in, accept an invitation, unlock, reset a forgotten password."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic, sleep
from typing import Any

from django.contrib import messages
from django.contrib.auth import login, logout, views
from django.contrib.auth.hashers import make_password
from django.contrib.auth.views import INTERNAL_RESET_SESSION_TOKEN
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils.http import urlsafe_base64_decode
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.generic import FormView

from . import invitations
from .databases import primary
from .forms import TRY_AGAIN, AddressForm, ChangeForm, ConfirmForm, ResetForm, SignInForm
from .links import invitation_tokens, unlock_tokens
from .locks import HeldError, bounded_waits
from .mail import site_of, unsent_is_logged
from .models import User, UserFSM
from .states import ChangeRefusedError

THE_ACCOUNT = _("the account")  # whose row may be held
SECONDS_TO_ANSWER = 0.25  # a request for a mail: about as long as a password takes


class SignInView(views.LoginView):
    form_class = SignInForm

    def form_valid(self, form) -> HttpResponse:
        if sign_in(self.request, form.get_user()):
            return redirect(self.get_success_url())
        return try_again(self, form)


class PasswordChangeView(views.PasswordChangeView):
    form_class = ChangeForm

    def form_valid(self, form) -> HttpResponse:
        try:
            with bounded_waits(THE_ACCOUNT):
                return super().form_valid(form)
        except HeldError:
            return try_again(self, form)

    def get_form_kwargs(self) -> dict:
        return super().get_form_kwargs() | {"request": self.request}


class PasswordResetView(views.PasswordResetView):
    form_class = ResetForm

    @property
    def extra_email_context(self) -> dict:  # type: ignore[override] # of each request
        return {"site": site_of(self.request)}

    def form_valid(self, form) -> HttpResponse:
        with at_least(SECONDS_TO_ANSWER), unsent_is_logged():
            super().form_valid(form)
        return redirect(self.get_success_url())


class LinkView(views.PasswordResetConfirmView):
    """A page that a mailed link leads to, and what its form does.

    GET changes nothing, because mail programs follow links too. What was true when the page was
    shown is checked again under the lock: of two who send the form, one succeeds.
    """

    user: User  # wherever the link is valid

    def get_user(self, uidb64: str) -> User | None:
        """As Django's, and not from a replica, which may be behind the link."""
        with suppress(TypeError, ValueError, OverflowError, ValidationError):
            key = User._meta.pk.to_python(urlsafe_base64_decode(uidb64).decode())
            return User.objects.using(primary()).filter(pk=key).first()
        return None

    def form_valid(self, form) -> HttpResponse:
        prepared = self.prepare(form)
        try:
            with bounded_waits(THE_ACCOUNT):
                self.change(prepared)
        except HeldError:
            return try_again(self, form)
        except ChangeRefusedError:
            self.validlink = False
            return self.render_to_response(self.get_context_data())
        del self.request.session[INTERNAL_RESET_SESSION_TOKEN]
        return self.go_on()

    def check_again(self) -> None:
        """Lock the user, and check that the link is still valid."""
        token = self.request.session.get(INTERNAL_RESET_SESSION_TOKEN)
        user = User.objects.select_for_update(no_key=True).filter(pk=self.user.pk).first()
        if user is None or not self.token_generator.check_token(user, token):
            raise ChangeRefusedError(gettext("the link is no longer valid"))
        self.user = user

    def prepare(self, form) -> object:
        """Do what takes long, before anything is locked, and return its result."""

    def change(self, prepared: Any) -> None:
        """Do it, under the lock; ChangeRefusedError."""
        raise NotImplementedError  # each kind of link has its own

    def go_on(self) -> HttpResponse:
        """The answer when it is done."""
        raise NotImplementedError  # likewise

    def get_context_data(self, **kwargs) -> dict:
        context = super().get_context_data(account=self.user, **kwargs)
        if not self.validlink:
            context["title"] = gettext("This link can no longer be used")
        return context


class ChoosePasswordView(LinkView):
    """For a forgotten password. It does not let in anybody who was not before."""

    success_url = reverse_lazy("password_reset_complete")

    def prepare(self, form) -> str:
        return make_password(form.cleaned_data["new_password1"])

    def change(self, password: str) -> None:
        self.check_again()
        self.user.password = password
        self.user.save(update_fields=["password"])

    def go_on(self) -> HttpResponse:
        return redirect(self.success_url)


class InvitationView(ChoosePasswordView):
    template_name = "accounts/invitation.html"
    title = _("Choose a password")
    token_generator = invitation_tokens

    def change(self, password: str) -> None:
        with UserFSM.changing(self.user, by=self.user, reason="invitation accepted") as fsm:
            super().change(password)
            fsm.activate()

    def go_on(self) -> HttpResponse:
        if sign_in(self.request, self.user):
            text = gettext("Welcome. Your account is active, and you are signed in.")
        else:
            text = gettext("Welcome. Your account is active. Sign in with your new password.")
        messages.success(self.request, text)
        return redirect("home")


class UnlockView(LinkView):
    form_class = ConfirmForm  # type: ignore[assignment] # no password
    template_name = "accounts/unlock.html"
    title = _("Unlock your account")
    token_generator = unlock_tokens
    reset_url_token = "confirm"  # noqa: S105 - a word in the URL in the token's place

    def change(self, prepared: None) -> None:
        with UserFSM.changing(self.user, by=self.user, reason="unlocked by mail") as fsm:
            self.check_again()
            fsm.unlock()

    def go_on(self) -> HttpResponse:
        messages.success(self.request, gettext("Your account is unlocked. You can sign in now."))
        return redirect("login")


class InvitationRequestView(FormView):
    """Sends a new link. The answer is the same for every address."""

    form_class = AddressForm
    template_name = "accounts/invitation_request.html"
    success_url = reverse_lazy("login")
    extra_context = {"title": _("Request a new invitation")}

    def form_valid(self, form) -> HttpResponse:
        with at_least(SECONDS_TO_ANSWER), unsent_is_logged():
            invitations.renew(form.cleaned_data["email"], site_of(self.request))
        text = gettext(
            "If this address is invited, a new link is on its way. If you do not receive it, ask"
            " an account manager."
        )
        messages.success(self.request, text)
        return super().form_valid(form)


def sign_in(request: HttpRequest, user: User) -> bool:
    """Begin a session of the user; False where somebody else holds the row in which Django notes
    the time: then there is none."""
    try:
        with bounded_waits(THE_ACCOUNT):
            login(request, user)
        return True
    except HeldError:
        logout(request)
        return False


def try_again(view: FormView, form) -> HttpResponse:
    """The page with its form again, where somebody else holds what it would have changed."""
    form.add_error(None, TRY_AGAIN)
    return view.form_invalid(form)


@contextmanager
def at_least(seconds: float) -> Iterator[None]:
    """Make the block take at least so long: its time must not tell whether there is an account."""
    end = monotonic() + seconds
    yield
    sleep(max(0, end - monotonic()))
