"""The forms of the pages. The rules are in the functions that they call."""

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.contrib.auth.forms import (
    AdminPasswordChangeForm,
    AuthenticationForm,
    PasswordChangeForm,
    PasswordResetForm,
    SetPasswordMixin,
    SetUnusablePasswordMixin,
)
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.http import HttpRequest
from django.utils.formats import number_format
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from . import invitations, lockout, passwords
from .databases import primary
from .durations import attempt_window_lazy
from .locks import HeldError
from .mail import count_mail
from .models import State, User
from .states import MAX_REASON

# It says nothing about any account, and nobody's name.
TRY_AGAIN = _("This is not possible at the moment, and nothing was changed. Try again in a minute.")
TOO_MANY = format_lazy(
    _("There were too many wrong passwords from your address. Try again in {time}."),
    time=attempt_window_lazy(),
)


def limit(field: forms.Field, most: Any) -> None:
    """Refuse more characters than what the field asks for can have."""
    field.validators.append(MaxLengthValidator(most))


class SignInForm(AuthenticationForm):
    """Whatever was wrong, the message is the same. Only an address at its attempt limit gets
    another one, and a text that is too long: they say nothing about any account."""

    error_messages = {
        "invalid_login": format_lazy(
            _(
                "Please enter a correct user name and password. After {limit} wrong passwords an"
                " account is locked: if you then receive no mail with a link to unlock it, ask an"
                " account manager."
            ),
            limit=lockout.ATTEMPT_LIMIT,
        ),
    }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        limit(self.fields["username"], self.username_field.max_length)
        limit(self.fields["password"], passwords.MAX_LENGTH)

    def clean(self) -> dict:
        with try_again_where_held():
            return super().clean()

    def get_invalid_login_error(self) -> ValidationError:
        if self.request and lockout.address_is_at_limit(self.request):
            return ValidationError(TOO_MANY, code="address")
        return super().get_invalid_login_error()


@contextmanager
def try_again_where_held() -> Iterator[None]:
    """For a password that was not checked, or is right but of a user who can't be let in now."""
    try:
        yield
    except HeldError as error:
        raise ValidationError(TRY_AGAIN, code="held") from error


class PasswordOnly(SetPasswordMixin):
    """Saves the password and nothing else: hashing takes long, and meanwhile others may have
    revoked privileges of the user, or deleted them."""

    def set_password_and_save(self, user, *args, commit=True, **kwargs):
        # Whatever else the form beside this mixin takes.
        kwargs["commit"] = False
        user = super().set_password_and_save(user, *args, **kwargs)
        if commit:
            User.objects.filter(pk=user.pk).update(password=user.password)
        return user


class AdminPasswordForm(PasswordOnly, AdminPasswordChangeForm):
    """The password of another user, in the admin."""

    # As Django's, whose second sentence has no translation.
    usable_password_help_text = format_lazy(  # type: ignore[assignment] # lazy, as labels may be
        '{}<ul id="id_unusable_warning" class="messagelist"><li class="warning">{}</li></ul>',
        SetUnusablePasswordMixin.usable_password_help_text,
        _("If disabled, the current password for this user will be lost."),
    )


class ChangeForm(PasswordOnly, PasswordChangeForm):
    """The old password is an attempt like any other. Otherwise, in a session that was left open,
    the password could be tried without a limit."""

    def __init__(self, *args, request: HttpRequest, **kwargs):
        super().__init__(*args, **kwargs)
        self.request = request
        limit(self.fields["old_password"], passwords.MAX_LENGTH)

    def clean_old_password(self) -> str:
        old = self.cleaned_data["old_password"]
        with try_again_where_held():
            user = authenticate(self.request, username=self.user.username, password=old)
        if user is not None:
            return old
        if lockout.address_is_at_limit(self.request):
            raise ValidationError(TOO_MANY, code="address")
        message = self.error_messages["password_incorrect"]
        raise ValidationError(message, code="password_incorrect")


class ResetForm(PasswordResetForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("E-mail address")

    def get_users(self, email: str):
        """Users who had a password: a reset does not let in anybody who was not before.

        As Django's, which asks for active users only: those who are locked choose one too.
        """
        had_one = {State.ACTIVE, State.LOCKED}
        users = User.objects.using(primary())
        users = users.filter(email__iexact=email, fsm__current_state__in=had_one)
        return [
            user
            for user in users
            if is_same_address(user.email, email)
            and user.has_usable_password()
            and count_mail(user)
        ]


def is_same_address(one: str, other: str) -> bool:
    """PostgreSQL's upper case takes some letters for others, which have mailboxes of their own."""
    return (
        unicodedata.normalize("NFKC", one).casefold()
        == unicodedata.normalize("NFKC", other).casefold()
    )


class AddressForm(forms.Form):
    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=User._meta.get_field("email").max_length,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


class ConfirmForm(forms.Form):
    """Nothing to fill in, only a button, for the user of a link."""

    def __init__(self, user: User, *args, **kwargs):
        super().__init__(*args, **kwargs)


class InviteForm(forms.Form):
    """``cleaned_data`` has the ``invitable`` addresses, and what was ``refused`` and why."""

    addresses = forms.CharField(
        label=_("E-mail addresses"),
        required=False,
        max_length=invitations.MAX_TEXT,
        help_text=_(
            "One or more, separated by white space, commas or semicolons, if they are not in a"
            " file. Each gets a link to choose a password."
        ),
        widget=forms.Textarea(attrs={"rows": 8, "autocomplete": "off", "autofocus": True}),
    )
    file = forms.FileField(
        label=_("File with addresses"),
        required=False,
        help_text=_("Text or CSV in UTF-8. Columns without an address are passed over."),
        widget=forms.FileInput(attrs={"accept": ".txt,.csv,text/plain,text/csv"}),
    )

    def clean_file(self) -> str:
        file = self.cleaned_data["file"]
        if file is None:
            return ""
        if file.size > invitations.MAX_TEXT:
            most = {"size": number_format(invitations.MAX_TEXT // 1000)}
            message = gettext("The file is too large. It may have at most %(size)s kB.")
            raise ValidationError(message, params=most)
        try:
            text = file.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            text = "\0"
        if "\0" in text:
            raise ValidationError(gettext("The file is not text in UTF-8."))
        return invitations.parse_lines(text)

    def clean(self) -> dict:
        if not self.errors:
            text = f"{self.cleaned_data['addresses']} {self.cleaned_data['file']}"
            invitable, refused = invitations.parse(text)
            self.cleaned_data |= {"invitable": invitable, "refused": refused}
        return self.cleaned_data


class ReasonForm(forms.Form):
    """Confirms a change of state and asks why. ``seen`` is the state that the page showed."""

    seen = forms.CharField(required=False, max_length=32, widget=forms.HiddenInput)
    reason = forms.CharField(
        label=_("Reason"),
        max_length=MAX_REASON,
        help_text=_("It is recorded with the change."),
        widget=forms.TextInput(attrs={"size": 60, "autocomplete": "off"}),
    )

    def __init__(self, *args, reason_required: bool = True, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = reason_required


class OverrideForm(ReasonForm):
    state = forms.ChoiceField(label=_("State"), choices=State.choices)
    field_order = ("state", "reason")
