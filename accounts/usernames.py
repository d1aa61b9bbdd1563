"""User names that are not given to anybody any more."""

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

RESERVED = _("This user name is reserved.")
# The audit writes these in the place of a name. Nobody is called so from now on, but whoever is.
WRITTEN_BY_THE_AUDIT = re.compile(r"unreadable|erased|#[0-9]+", re.IGNORECASE)


class UsernameField(models.CharField):
    """A name that is reserved is kept, and not given."""

    def deconstruct(self) -> tuple:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs

    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        value = super().clean(value, model_instance)
        if WRITTEN_BY_THE_AUDIT.fullmatch(value) and not is_theirs(value, model_instance):
            raise ValidationError(RESERVED, code="reserved")
        return value


def is_theirs(name: str, user: models.Model | None) -> bool:
    if user is None or user._state.adding:
        return False
    return type(user)._base_manager.filter(pk=user.pk, username=name).exists()
