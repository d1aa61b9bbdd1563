"""django-reversion, each request a revision, with the address as its metadata."""

from base import *  # noqa: F403
from base import INSTALLED_APPS, MIDDLEWARE

INSTALLED_APPS = [*INSTALLED_APPS, "reversion", "with_reversion"]
MIDDLEWARE = [
    *MIDDLEWARE,
    "reversion.middleware.RevisionMiddleware",
    "with_reversion.middleware.add_address",
]
