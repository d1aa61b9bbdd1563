"""The integrity light: whether changes are recorded now, when the audit was last verified and
sealed, and what to do where one of them is not as it should be."""

from typing import NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.translation import gettext as _

from audit.verifications import Verification, newest

from . import recording, sealing, verifying
from .catalog import Catalog
from .part import AMBER, GREEN, RED, Part
from .sealing import Sealed


class Light(NamedTuple):
    recording: Part
    verifying: Part
    sealing: Part
    verified: Verification | None  # the newest
    sealed: Sealed | None

    @property
    def problems(self) -> list[Part]:
        """The worst first."""
        parts = (self.recording, self.verifying, self.sealing)
        return [part for state in (RED, AMBER) for part in parts if part.state == state]

    @property
    def state(self) -> str:
        return self.problems[0].state if self.problems else GREEN

    @property
    def label(self) -> str:
        """The state in words."""
        return {
            GREEN: _("The audit is intact"),
            AMBER: _("It is not certain that the audit is intact"),
            RED: _("The audit is not intact"),
        }[self.state]


def light(connection: BaseDatabaseWrapper) -> Light:
    """Of the database in which users are written; quick enough for every page."""
    catalog = Catalog.of(connection)
    verified = newest(connection, 1) if catalog.shows_verifications else []
    last = verified[0] if verified else None
    sealed = sealing.newest(connection, catalog.now) if catalog.shows_seals else None
    return Light(
        recording.part(connection, catalog),
        verifying.part(catalog, last),
        sealing.part(catalog, sealed),
        last,
        sealed,
    )
