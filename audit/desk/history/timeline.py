"""A user's history as a row of stays in states, a page at a time."""

from collections.abc import Mapping
from functools import cached_property

from django.contrib.auth import get_user_model
from django.utils.translation import gettext

from accounts.models import User
from audit.models import NO_CHANGE, UserStateAudit

from ..listing.pages import PATIENCE
from ..listing.rows import Entries
from ..patience import GaveUpError, at_most
from .history_page import read_history
from .stays import Stay, stays_of, totals

MOST = 1000  # entries of a user whose time in each state is added up


class Timeline:
    """``user`` is None once they are gone: history outlives them. Nothing is shown where there are
    ``problems``."""

    def __init__(self, key: int, given: Mapping[str, str], problems: list[str]):
        self.key = key
        users = get_user_model().objects.select_related("fsm")
        self.user: User | None = users.filter(pk=key).first()
        self.entries: Entries = UserStateAudit.objects.filter(user_id=key).order_by("-pk")
        self.page = read_history(given, problems, self.entries)

    @cached_property
    def newest(self) -> UserStateAudit | None:
        """Of all changes."""
        if not self.page.newer:
            for entry in self.page.entries:
                if entry.is_change:
                    return entry
        return self.entries.exclude(NO_CHANGE).first()

    @property
    def exists(self) -> bool:
        return self.user is not None or self.newest is not None

    @property
    def name(self) -> str:
        """Today's, or the last one."""
        if self.user:
            return self.user.username
        if self.newest is None or self.newest.is_subject_erased or not self.newest.username:
            return gettext("user %s") % self.key
        return self.newest.username

    @property
    def is_recorded(self) -> bool:
        """Whether the audit says how they came to be in the state in which they are."""
        return self.newest is not None and self.newest.end_state == self.state

    @property
    def state(self) -> str:
        return (self.user.state if self.user else "deleted") or ""

    @cached_property
    def stays(self) -> list[Stay]:
        return stays_of(*self.page)

    @cached_property
    def totals(self) -> dict[str, str] | None:
        """The time in each state, in words; None where there are more than MOST entries."""
        if not self.page.newer and not self.page.older:
            return totals((each.end_state, each.datetime) for each in self.page.entries)
        try:
            with at_most(PATIENCE, self.entries.db):
                changes = self.entries.values_list("end_state", "datetime")[: MOST + 1]
                return totals(changes) if len(changes) <= MOST else None
        except GaveUpError:
            return None
