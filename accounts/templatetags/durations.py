"""{% link_lifetime %}: for how long a mailed link can be used."""

from django import template

from accounts.durations import link_lifetime

register = template.Library()
register.simple_tag(link_lifetime)
