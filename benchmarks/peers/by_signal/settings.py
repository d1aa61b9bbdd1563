"""As tutorials do it: a signal, and a second insert by the ORM."""

from base import *  # noqa: F403
from base import INSTALLED_APPS, MIDDLEWARE

INSTALLED_APPS = [*INSTALLED_APPS, "by_signal"]
MIDDLEWARE = [*MIDDLEWARE, "by_signal.middleware.current_request"]
