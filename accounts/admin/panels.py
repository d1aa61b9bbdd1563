"""Panels that other apps add to the page of a user in the admin, below the state."""

from collections.abc import Callable

from django.http import HttpRequest
from django.utils.safestring import SafeString

from ..models import User

Panel = Callable[[HttpRequest, User], SafeString]
panels: list[Panel] = []


def register(panel: Panel) -> Panel:
    """Decorator: show what the function returns, which is empty where there is nothing to show."""
    panels.append(panel)
    return panel
