"""How the desk shows entries."""

import unicodedata
from typing import Any
from urllib.parse import parse_qsl

from django import template
from django.template.context import Context
from django.utils.translation import gettext

from audit.desk.outside import banner
from audit.models import END_STATES, START_STATES, UserStateAudit

register = template.Library()
STATES = dict([*START_STATES, *END_STATES])


@register.simple_tag(takes_context=True)
def only(context: Context, **filters: Any) -> str:
    """The list's URL with these filters set, or taken off where they are None, beside those in
    force: ``{% only actor=entry.initiated_by %}``."""
    return f"{context['list_url']}{context['selection'].query(**filters)}"


@register.simple_tag(takes_context=True)
def kind_of(context: Context, entry: UserStateAudit) -> Any:
    """The Kind of the entry's actor."""
    return context["application"].kind_of(entry)


@register.simple_tag(takes_context=True)
def disagrees(context: Context, entry: UserStateAudit) -> bool:
    """Whether the facts of its connection are not the application's."""
    return bool(context["application"].disagrees(entry))


@register.filter
def visible(name: str | None) -> str:
    """A name with what nobody sees in it made visible: zero-width characters, changes of the
    direction of writing, control characters."""
    return "".join(
        character
        if unicodedata.category(character)[0] not in "CZ" or character == " "
        else f"[U+{ord(character):04X}]"
        for character in name or ""
    )


@register.filter
def in_words(query: str) -> str:
    """What a query string asks for."""
    asked = parse_qsl(query.removeprefix("?"))
    return ", ".join(f"{name}: {value}" for name, value in asked) or gettext("everything")


@register.simple_tag
def state_name(state: str) -> Any:
    """How a state is called; as it stands where the machine has none of that name."""
    return STATES.get(state, visible(state))


@register.inclusion_tag("audit/desk/outside_banner.html", takes_context=True)
def outside_banner(context: Context) -> dict[str, Any]:
    return {"banner": banner(context["request"])}
