"""The admin's pages of users."""

from .users import UserAdmin

__all__ = ["UserAdmin"]
