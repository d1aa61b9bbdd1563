"""No password is too long to be hashed for nothing."""

from django.core.exceptions import ValidationError

MAX_LENGTH = 1024  # characters


class MaximumLengthValidator:
    """For AUTH_PASSWORD_VALIDATORS."""

    def validate(self, password: str, user=None) -> None:
        if len(password) > MAX_LENGTH:
            raise ValidationError(
                f"This password is too long. It may have {MAX_LENGTH} characters.",
                code="password_too_long",
            )

    def get_help_text(self) -> str:
        return f"Your password can have at most {MAX_LENGTH} characters."
