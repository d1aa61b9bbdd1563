"""{% link_lifetime %}, for how long a mailed link can be used; {% attempt_window %}, after which
anybody may try again."""

from django import template

from accounts.durations import attempt_window, link_lifetime

register = template.Library()
register.simple_tag(attempt_window)
register.simple_tag(link_lifetime)
