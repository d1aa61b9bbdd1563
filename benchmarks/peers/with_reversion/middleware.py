"""The address of a request, in its revision."""

import reversion

from .models import RevisionAddress


def add_address(get_response):
    def middleware(request):
        if reversion.is_active():
            reversion.add_meta(RevisionAddress, ip_address=request.META["REMOTE_ADDR"])
        return get_response(request)

    return middleware
