"""Limits for passwords: hashing takes long, and cannot take every text."""

import re

from django.core.exceptions import ValidationError
from django.utils.formats import number_format
from django.utils.translation import gettext

MAX_LENGTH = 1024  # characters
SURROGATE = re.compile("[\ud800-\udfff]")


def can_be_hashed(password: str) -> bool:
    """False for a very long password, and for one with lone surrogates, which have no UTF-8."""
    return len(password) <= MAX_LENGTH and not SURROGATE.search(password)


class MaximumLengthValidator:
    """For AUTH_PASSWORD_VALIDATORS."""

    def validate(self, password: str, user=None) -> None:
        if len(password) > MAX_LENGTH:
            message = gettext("This password is too long. It may have at most %(most)s characters.")
            raise ValidationError(message, code="password_too_long", params=most())

    def get_help_text(self) -> str:
        return gettext("Your password can have at most %(most)s characters.") % most()


def most() -> dict[str, str]:
    return {"most": number_format(MAX_LENGTH, force_grouping=True)}
