"""django-fsm-log, with the decorator that records who."""

from base import *  # noqa: F403
from base import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "django_fsm_log", "with_fsm_log"]
