"""Nothing is recorded."""

from base import *  # noqa: F403
