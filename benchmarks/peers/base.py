"""The application without an audit: what all contenders start from."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from project.settings import *  # noqa: F403
from project.settings import INSTALLED_APPS, MIDDLEWARE

INSTALLED_APPS = [each for each in INSTALLED_APPS if each not in {"pgtrigger", "audit", "project"}]
INSTALLED_APPS += ["rest_framework", "rest_framework.authtoken"]
MIDDLEWARE = [each for each in MIDDLEWARE if not each.startswith("audit.")]
ROOT_URLCONF = "doors"
ALLOWED_HOSTS = ["testserver"]
# What a package catches and logs shows in what it has not recorded.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"nobody": {"class": "logging.NullHandler"}},
    "root": {"handlers": ["nobody"]},
}
# makemigrations writes those of a contender beside what is measured, and not into it.
CONTENDERS = [each.parent.name for each in Path(__file__).parent.glob("*/settings.py")]
MIGRATION_MODULES = {each: f"made_migrations.{each}" for each in CONTENDERS}


def acting_as(**who: object) -> AbstractContextManager:
    """Nobody listens."""
    return nullcontext()


ACTING_AS = "base.acting_as"
