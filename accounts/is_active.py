"""``User.is_active``, which Django and many packages ask for: whether the state is active."""

from typing import Any

from django.core.exceptions import FieldError
from django.db import models
from django.db.models import DEFERRED
from django.db.models.expressions import Col
from django.utils.translation import gettext_lazy as _

from .states import State

READ_ONLY = (
    "is_active says what the state of the user says, and cannot be set: change the state, with"
    " UserFSM.changing() and a transition."
)


class IsActiveField(models.BooleanField):
    """A field without a column, that queries compare, order by and return like any other one."""

    def __init__(self):
        super().__init__(_("active"), editable=False)

    def deconstruct(self) -> tuple:
        name, path, *_rest = super().deconstruct()
        return name, path, [], {}

    def contribute_to_class(self, cls, name: str, private_only: bool = True) -> None:
        super().contribute_to_class(cls, name, private_only=True)
        setattr(cls, name, IsActive())

    def get_attname_column(self) -> tuple[str, None]:
        return self.name, None

    def get_col(self, alias: str, output_field: models.Field | None = None) -> Col:
        return IsActiveCol(alias, self, output_field)

    def get_prep_value(self, value: object) -> bool | None:
        return None if value is None else super().to_python(value)

    def to_python(self, value: object) -> object:
        """Of the value in a fixture, which an earlier release has written, and of the one that is
        validated: leave it out."""
        return DEFERRED

    def get_db_prep_save(self, value: object, connection) -> None:
        raise FieldError(READ_ONLY)


class IsActiveCol(Col):
    def as_sql(self, compiler, connection) -> tuple[str, tuple]:
        user = (self.alias, self.target.model._meta.pk.column)
        key = ".".join(compiler.quote_name_unless_alias(name) for name in user)
        condition = f"user_fsm.user_id = {key} and user_fsm.current_state = '{State.ACTIVE}'"
        return f"exists (select from user_fsm where {condition})", ()


class IsActive:
    """The attribute. It reads ``user.fsm``: a query, unless that was selected with the user."""

    def __get__(self, user: Any, owner: type | None = None):
        return self if user is None else user.state == State.ACTIVE

    def __set__(self, user: models.Model, value: object) -> None:
        if value is not DEFERRED:
            raise AttributeError(READ_ONLY)
