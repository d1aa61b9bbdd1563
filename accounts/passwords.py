"""Limits for passwords: hashing takes long, and cannot take every text."""

import re

from django.core.exceptions import ValidationError

MAX_LENGTH = 1024  # characters
SURROGATE = re.compile("[\ud800-\udfff]")


def can_be_hashed(password: str) -> bool:
    """False for a very long password, and for one with lone surrogates, which have no UTF-8."""
    return len(password) <= MAX_LENGTH and not SURROGATE.search(password)


class MaximumLengthValidator:
    """For AUTH_PASSWORD_VALIDATORS."""

    def validate(self, password: str, user=None) -> None:
        if len(password) > MAX_LENGTH:
            raise ValidationError(
                f"This password is too long. It may have at most {MAX_LENGTH} characters.",
                code="password_too_long",
            )

    def get_help_text(self) -> str:
        return f"Your password can have at most {MAX_LENGTH} characters."
