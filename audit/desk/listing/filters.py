"""The filters of the desk: by which parameter each is asked for, how its value is read, and which
entries it leaves."""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from audit.claims import MAX_USER, clean

from ..actors import Application, Kind
from ..names import state_name, transition_name

LONGEST = MAX_USER  # characters of a value: nothing that is recorded as a name is longer
SHOWN = 60  # characters of what could not be understood
NUMBER = re.compile(r"-?[0-9]{1,19}")
SAME_PREFIX = 20  # users called so today who are looked for by their keys


Values = Mapping[str, Any]


class Filter(NamedTuple):
    """``read`` gives the value of a parameter's text, or a ValueError with a sentence; ``where``
    the condition for that value, what the application is, and the values of all filters; ``words``
    what a page calls it."""

    name: str
    label: Promise
    read: Callable[[str], Any]
    where: Callable[[Any, Application, Values], Q]
    words: Callable[[str], object] = str


def text(given: str) -> str:
    """Whatever can be stored: also what looks like another name."""
    if clean(given, LONGEST) != given:
        raise ValueError(gettext("nothing has that name: %(given)s.") % {"given": shown(given)})
    return given


def shown(given: str) -> str:
    return repr(given[:SHOWN])


def is_number(given: str) -> bool:
    """Whether PostgreSQL has it as a bigint."""
    return bool(NUMBER.fullmatch(given)) and -(2**63) <= int(given) < 2**63


def number(given: str) -> int:
    if not is_number(given):
        raise ValueError(gettext("%(given)s is no number.") % {"given": shown(given)})
    return int(given)


def one_of(*known: str) -> Callable[[str], str]:
    def read(given: str) -> str:
        if given not in known:
            raise ValueError(
                gettext("%(given)s is none of %(known)s.")
                % {"given": shown(given), "known": ", ".join(known)}
            )
        return given

    return read


def equal(column: str) -> Callable[[Any, Application, Values], Q]:
    return lambda value, application, values: Q(**{column: value})


def is_override(value: str, application: Application, values: Values) -> Q:
    """As UserStateAudit.is_override."""
    return Q(transition=None) & ~Q(start_state="new") & ~Q(end_state="deleted")


class Beginning(NamedTuple):
    """Of a name: the ``keys`` of users who are called so today, and whether there are ``more``."""

    name: str
    keys: list[int]
    more: bool


def beginning(given: str) -> Beginning:
    name = text(given)
    called_so = get_user_model().objects.filter(username__startswith=name).order_by("username")
    keys = [*called_so.values_list("pk", flat=True)[: SAME_PREFIX + 1]]
    return Beginning(name, keys[:SAME_PREFIX], len(keys) > SAME_PREFIX)


def search(value: Beginning, application: Application, values: Values) -> Q:
    """By the beginning of the subject's name or the actor's, then or today; or of one of both."""
    sides = {
        "subject": Q(username__startswith=value.name) | Q(user_id__in=value.keys),
        "actor": Q(initiated_by__startswith=value.name) | Q(initiator_id__in=value.keys),
    }
    side = values.get("as")
    return sides[side] if side else sides["subject"] | sides["actor"]


def nothing(value: Any, application: Application, values: Values) -> Q:
    return Q()


NAMED = {"subject": _("the user"), "actor": _("the actor")}  # whose name is searched for
FILTERS: dict[str, Filter] = {
    each.name: each
    for each in (
        Filter("q", _("Name"), beginning, search),
        Filter("as", _("Name of"), one_of(*NAMED), nothing, NAMED.__getitem__),
        Filter("subject", pgettext_lazy("of an entry", "User"), text, equal("username")),
        Filter("user_id", _("User's key"), number, equal("user_id")),
        Filter("start_state", _("From"), text, equal("start_state"), state_name),
        Filter("end_state", _("To"), text, equal("end_state"), state_name),
        Filter("transition", _("Transition"), text, equal("transition"), transition_name),
        Filter(
            "override",
            _("Overrides only"),
            one_of("yes"),
            is_override,
            lambda value: gettext("yes"),
        ),
        Filter(
            "kind",
            _("Kind of actor"),
            one_of(*Kind.values),
            lambda value, application, values: application.where(Kind(value)),
            lambda value: Kind(value).label,
        ),
        Filter("actor", _("Actor"), text, equal("initiated_by")),
        Filter("initiator_id", _("Actor's key"), number, equal("initiator_id")),
        Filter("address", _("Address"), text, equal("ip_address")),
        Filter("db_user", _("Database role"), text, equal("db_user")),
        Filter("program", _("Program"), text, equal("application_name")),
        Filter("request", _("Request"), text, equal("request_id")),
        Filter("transaction", _("Transaction"), number, equal("transaction_id")),
    )
}
