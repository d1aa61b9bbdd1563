"""Says in whose name a change is made and why, to whoever keeps a record of it.

Accounts are used without knowing of the audit: settings.ACTING_AS names what it offers.
"""

from contextlib import AbstractContextManager

from django.conf import settings
from django.utils.module_loading import import_string


def acting_as(**who: object) -> AbstractContextManager:
    """Do the block as ``user``, from ``ip``, for ``reason``; what is None stays as it is."""
    return import_string(settings.ACTING_AS)(**who)
