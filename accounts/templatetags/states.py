"""{% state_badge user.state %}, the state in its colours and in words."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.states import state_label

register = template.Library()


@register.simple_tag
def state_badge(state: str | None) -> SafeString:
    label = state_label(state)
    return format_html('<span class="state state-{}">{}</span>', state or "none", label)
