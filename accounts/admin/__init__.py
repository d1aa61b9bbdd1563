"""The admin's pages of users and groups."""

from .groups import GroupAdmin
from .users import UserAdmin

__all__ = ["GroupAdmin", "UserAdmin"]
