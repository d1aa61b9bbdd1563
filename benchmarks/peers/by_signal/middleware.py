"""The request of this thread, for the signals."""

from threading import local

thread = local()


def current_request(get_response):
    def middleware(request):
        thread.request = request
        try:
            return get_response(request)
        finally:
            del thread.request

    return middleware
