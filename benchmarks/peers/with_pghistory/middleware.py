"""Its context, with the address."""

from pghistory import middleware


class HistoryMiddleware(middleware.HistoryMiddleware):
    def get_context(self, request):
        return super().get_context(request) | {"ip_address": request.META["REMOTE_ADDR"]}
