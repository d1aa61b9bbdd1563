"""Which kind of actor an entry names, by its claims and by the facts beside them."""

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Q, TextChoices
from django.utils.translation import gettext_lazy as _

from audit.claims import ANONYMOUS
from audit.models import UserStateAudit

NOBODY = "CLI"  # the claim where there is none
SYSTEM = "system:"  # what the application's own rules begin with


class Kind(TextChoices):
    """The first that fits, of actors who were not erased."""

    OUTSIDE = "outside", _("outside the application")
    SYSTEM = "system", _("the system")
    SELF = "self", _("themselves")
    PERSON = "person", _("a person")
    ANONYMOUS = "anonymous", _("nobody signed in")
    JOB = "job", _("a job")
    ERASED = "erased", _("erased")


class Application(NamedTuple):
    """By which roles and program names the application connects. Whoever else writes is outside
    of it, whatever they claim."""

    roles: list[str]
    programs: list[str]

    def disagrees(self, entry: UserStateAudit) -> bool:
        """Whether the facts of the connection are known, and not the application's."""
        if entry.is_actor_erased:
            return False
        return entry.db_user not in self.roles or entry.application_name not in self.programs

    def kind_of(self, entry: UserStateAudit) -> Kind:
        if entry.is_actor_erased:
            return Kind.ERASED
        if entry.initiated_by == NOBODY or self.disagrees(entry):
            return Kind.OUTSIDE
        return next(kind for kind, (fits, _where) in CLAIMS.items() if fits(entry))

    def where(self, kind: Kind) -> Q:
        """The condition that is true for the entries of the kind."""
        known = Q(actor_digest__isnull=True)
        if kind == Kind.ERASED:
            return ~known
        if kind == Kind.OUTSIDE:
            return known & (Q(initiated_by=NOBODY) | self.others)
        here = Q(db_user__in=self.roles, application_name__in=self.programs)
        inside = known & ~Q(initiated_by=NOBODY) & here
        earlier = Q()
        for each, (_fits, condition) in CLAIMS.items():
            if each == kind:
                return inside & earlier & condition
            earlier &= ~condition
        raise AssertionError(kind)

    @property
    def others(self) -> Q:
        """The condition that is true for another role or program."""
        programs = Q(application_name__isnull=True) | beside("application_name", self.programs)
        return beside("db_user", self.roles) | Q(db_user__in=self.roles) & programs


def beside(column: str, values: list[str]) -> Q:
    """The condition that is true for what is none of the values, of which there is one at least. By
    the ranges between them an index finds it, where "not in" reads everything. PostgreSQL may have
    another order than Python, and then the ranges are more than that, and never less."""
    ordered = sorted(values)
    ranges = Q(**{f"{column}__lt": ordered[0]}) | Q(**{f"{column}__gt": ordered[-1]})
    for low, high in pairwise(ordered):
        ranges |= Q(**{f"{column}__gt": low, f"{column}__lt": high})
    return ranges & ~Q(**{f"{column}__in": ordered})


_Claim = tuple[Callable[[UserStateAudit], bool], Q]
# Of entries that came from the application; in this order, and each entry is of some kind.
CLAIMS: dict[Kind, _Claim] = {
    Kind.SYSTEM: (
        lambda entry: entry.initiated_by.startswith(SYSTEM),
        Q(initiated_by__startswith=SYSTEM),
    ),
    Kind.SELF: (
        lambda entry: entry.initiator_id == entry.user_id,
        Q(initiator_id__isnull=False, initiator_id=F("user_id")),
    ),
    Kind.PERSON: (
        lambda entry: entry.initiator_id is not None,
        Q(initiator_id__isnull=False),
    ),
    Kind.ANONYMOUS: (
        lambda entry: entry.initiated_by == ANONYMOUS,
        Q(initiated_by=ANONYMOUS),
    ),
    Kind.JOB: (lambda entry: True, Q()),
}


def application(connection: BaseDatabaseWrapper) -> Application:
    """As it is known to the database of ``connection``, which is one of the application's."""
    with connection.cursor() as cursor:
        # Whoever asks is the application, too.
        cursor.execute(
            "select current_setting('application_name'),"
            " array_append(public.user_state_roles(), session_user::text)"
        )
        program, roles = cursor.fetchone()
    return Application(roles, [*{program, *settings.AUDIT_PROGRAMS}])
