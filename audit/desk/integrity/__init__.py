"""The integrity light: whether changes are recorded now, when the audit was last verified and
sealed, and what to do where one of them is not as it should be."""

from typing import NamedTuple

from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.translation import gettext as _

from audit.verifications import Verification, newest

from .catalog import Catalog
from .part import AMBER, GREEN, RED, Part
from .recording import recording
from .seal import Sealed, seal, sealed
from .verification import verification


class Light(NamedTuple):
    triggers: Part
    verification: Part
    seal: Part
    verified: Verification | None  # the newest
    sealed: Sealed | None

    @property
    def problems(self) -> list[Part]:
        """The worst first."""
        parts = (self.triggers, self.verification, self.seal)
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
    verifications = newest(connection, 1) if catalog.shows_verifications else []
    verified = verifications[0] if verifications else None
    seals = sealed(connection) if catalog.shows_seals else None
    return Light(
        recording(connection, catalog),
        verification(catalog, verified),
        seal(catalog, seals),
        verified,
        seals,
    )
