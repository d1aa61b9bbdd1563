"""How the desk shows entries."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from django import template
from django.db import connections
from django.template.context import Context
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext

from accounts.databases import primary
from audit.desk import names, start
from audit.desk.access import LIST, application, may_see
from audit.desk.actors import Kind
from audit.desk.history.as_of import AsOf
from audit.desk.integrity import Light, light
from audit.desk.listing.outside import banner
from audit.desk.listing.rows import Row
from audit.desk.queries import UserState
from audit.models import UserStateAudit

register = template.Library()


@register.simple_tag(takes_context=True)
def only(context: Context, **filters: Any) -> str:
    """The list's URL with these filters set, or taken off where they are None, beside those in
    force: ``{% only actor=entry.initiated_by %}``. No filter asks for what is empty."""
    return f"{context['list_url']}{context['selection'].query(**filters)}"


@register.simple_tag(takes_context=True)
def linked(context: Context, **filters: str) -> str:
    """The first filter's value, as a link that filters by it; in words where it is empty, and
    everything would be left."""
    name = next(iter(filters.values()))
    if not name:
        return shown(name)
    return format_html('<a href="{}"><bdi>{}</bdi></a>', only(context, **filters), shown(name))


@register.simple_tag
def asking(as_of: AsOf, **changes: Any) -> str:
    """The query string with some parameters set, or taken off where they are None."""
    return as_of.query(**changes)


@register.simple_tag
def list_with(filters: Mapping[str, str] | None) -> str:
    """The list's URL with just these filters."""
    return reverse(LIST, query=filters or None)


@register.simple_tag(takes_context=True)
def desk_today(context: Context) -> dict[str, start.Number] | None:
    """The numbers of today, for those who may see the audit."""
    request = context["request"]
    return start.today(application(request)) if may_see(request) else None


@register.simple_tag
def integrity_light() -> Light:
    return light(connections[primary()])


# On each row, where {% blocktranslate %} takes four times as long.
@register.simple_tag
def timeline_of(entry: UserStateAudit) -> str:
    return gettext("timeline of %(name)s") % {"name": subject_name(entry)}


@register.simple_tag
def transaction_of(entry: UserStateAudit) -> str:
    return gettext("transaction %(id)s") % {"id": entry.transaction_id}


@register.simple_tag(takes_context=True)
def kind_of(context: Context, entry: UserStateAudit) -> Any:
    """The Kind of the entry's actor."""
    return context["application"].kind_of(entry)


@register.simple_tag(takes_context=True)
def kind_of_row(context: Context, row: Row) -> Any:
    """Likewise; of an actor who was one of those whom they changed, with others, a person."""
    kind = kind_of(context, row.entry)
    return Kind.PERSON if row.is_mass and kind == Kind.SELF else kind


@register.simple_tag(takes_context=True)
def disagrees(context: Context, entry: UserStateAudit) -> bool:
    """Whether the facts of its connection are not the application's."""
    return bool(context["application"].disagrees(entry))


@register.filter
def visible(name: str | None) -> str:
    """A name with what nobody sees in it made visible: zero-width characters, changes of the
    direction of writing, control characters."""
    if not name or name.isprintable():
        return name or ""
    return "".join(
        character if character.isprintable() else f"[U+{ord(character):04X}]" for character in name
    )


def shown(name: str) -> str:
    return visible(name) or gettext("(no name)")


@register.filter
def subject_name(entry: UserStateAudit | UserState) -> str:
    return gettext("erased") if entry.is_subject_erased else shown(entry.username)


@register.filter
def actor_name(entry: UserStateAudit) -> str:
    return gettext("erased") if entry.is_actor_erased else shown(entry.initiated_by)


@register.filter
def address(entry: UserStateAudit) -> str:
    return gettext("erased") if entry.is_actor_erased else visible(entry.ip_address)


@register.filter
def database_role(entry: UserStateAudit) -> str:
    return gettext("erased") if entry.is_actor_erased else visible(entry.db_user)


@register.filter
def in_words(query: str) -> str:
    """What a query string asks for."""
    asked = parse_qsl(query.removeprefix("?"))
    return ", ".join(f"{name}: {value}" for name, value in asked) or gettext("everything")


@register.simple_tag
def state_name(state: str) -> str:
    return visible(names.state_name(state))


@register.filter
def transition_name(transition: str) -> str:
    return visible(names.transition_name(transition))


@register.inclusion_tag("audit/desk/outside_banner.html", takes_context=True)
def outside_banner(context: Context) -> dict[str, Any]:
    return {"banner": banner(context["request"])}
