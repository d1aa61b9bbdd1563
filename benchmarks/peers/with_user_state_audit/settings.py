"""This project."""

from base import *  # noqa: F403
from base import INSTALLED_APPS, MIDDLEWARE

INSTALLED_APPS = [*INSTALLED_APPS, "pgtrigger", "audit"]
MIDDLEWARE = ["audit.middleware.AuditContextMiddleware", *MIDDLEWARE]
ACTING_AS = "audit.context.acting_as"
