"""django-easy-audit, for this model only."""

from base import *  # noqa: F403
from base import INSTALLED_APPS, MIDDLEWARE

INSTALLED_APPS = [*INSTALLED_APPS, "easyaudit", "with_easy_audit"]
MIDDLEWARE = [*MIDDLEWARE, "easyaudit.middleware.easyaudit.EasyAuditMiddleware"]
DJANGO_EASY_AUDIT_REGISTERED_CLASSES = ["accounts.UserFSM"]
