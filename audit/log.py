"""Log lines name the request that they belong to, as its audit rows and its response do."""

import logging

from .context import current


class RequestIDFilter(logging.Filter):
    """Gives each record a ``request_id``: "-" outside of a request."""

    def filter(self, record: logging.LogRecord) -> bool:
        context = current()
        record.request_id = (context and context.request_id) or "-"
        return True
