"""Sets who makes a change and why, for the audit that records it.

Accounts do not import the audit: settings.ACTING_AS names the function that it provides.
"""

from contextlib import AbstractContextManager

from django.conf import settings
from django.utils.module_loading import import_string


def acting_as(**who: object) -> AbstractContextManager:
    """Run the block as ``user``, from ``ip``, for ``reason``; what is None stays as it is."""
    return import_string(settings.ACTING_AS)(**who)
