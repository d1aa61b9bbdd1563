"""django-pghistory, a trigger for each row, with its middleware and its page of events."""

from base import *  # noqa: F403
from base import INSTALLED_APPS, MIDDLEWARE

INSTALLED_APPS = [*INSTALLED_APPS, "pgtrigger", "pghistory", "pghistory.admin", "with_pghistory"]
MIDDLEWARE = [*MIDDLEWARE, "with_pghistory.middleware.HistoryMiddleware"]
