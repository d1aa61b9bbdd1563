"""A user's history as a row of stays in states, a page at a time."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property

from django.contrib.auth import get_user_model
from django.http import QueryDict
from django.utils.translation import gettext

from accounts.models import User
from audit.models import UserStateAudit

from .pages import PATIENCE, Entries, Page, Pager, Position, read_page
from .patience import GaveUpError, at_most
from .selection import Selection
from .stays import Stay, stays_of, totals

MOST = 1000  # entries of a user whose time in each state is added up


def of_user(key: int) -> Selection:
    """All entries of a user."""
    return Selection(QueryDict(f"window=all&user_id={key}"), datetime.now(UTC))


class Timeline:
    """``user`` is None once they are gone: history outlives them."""

    def __init__(self, key: int, given: Mapping[str, str], problems: list[str]):
        self.key, self.given = key, given
        self.user: User | None = (
            get_user_model().objects.filter(pk=key).select_related("fsm").first()
        )
        self.selection = of_user(key)
        self.selection.problems += problems
        self.entries: Entries = UserStateAudit.objects.filter(user_id=key).order_by("-pk")

    @cached_property
    def page(self) -> Page:
        problems, window = self.selection.problems, self.selection.window
        return read_page(self.given, problems, self.entries, window, grouped=False)

    @cached_property
    def newest(self) -> UserStateAudit | None:
        """Of all entries."""
        rows = self.page.rows
        return rows[0].entry if rows and not self.page.newer else self.entries.first()

    @property
    def exists(self) -> bool:
        return self.user is not None or self.newest is not None

    @property
    def name(self) -> str:
        """Today's, or the last one."""
        if self.user:
            return self.user.username
        if self.newest is None or self.newest.is_subject_erased:
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
        shown = [row.entry for row in self.page.rows]
        if not shown:
            return []
        newer = self.beside(shown[0], ascending=True) if self.page.newer else None
        older = self.beside(shown[-1], ascending=False) if self.page.older else None
        return stays_of(shown, newer, older)

    def beside(self, entry: UserStateAudit, ascending: bool) -> UserStateAudit | None:
        position = Position(entry.pk, entry.datetime)
        pager = Pager(self.entries, self.selection.window, position, ascending, grouped=False)
        return next(iter(pager.read(position, 1)), None)

    @cached_property
    def totals(self) -> dict[str, str] | None:
        """The time in each state, in words; None where there are more than MOST entries."""
        try:
            with at_most(PATIENCE, self.entries.db):
                changes = self.entries.values_list("end_state", "datetime")[: MOST + 1]
                return totals(changes) if len(changes) <= MOST else None
        except GaveUpError:
            return None
