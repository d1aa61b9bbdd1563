"""Removes from a request what a client sends but must not decide, and refuses what is too large."""

from django.conf import settings
from django.contrib.admin.exceptions import DisallowedModelAdminToField
from django.contrib.admin.options import TO_FIELD_VAR
from django.core.exceptions import FieldDoesNotExist, RequestDataTooBig
from django.http import HttpRequest
from django.utils.deprecation import MiddlewareMixin

from accounts.client_address import is_trusted, parse


class RequestSanitizerMiddleware(MiddlewareMixin):
    """Runs ahead of everything that reads the request.

    - A body larger than any form is refused, whatever its type.
    - X-Forwarded-Proto, which makes a request count as sent by TLS, is removed unless one of our
      own proxies sent it.
    - Forms are read as UTF-8: with other charsets they can hold what cannot be hashed or stored.
    - Cookies with NUL are removed: they are not ours, and could not be looked up.
    """

    def process_request(self, request: HttpRequest) -> None:
        if declared_size(request) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise RequestDataTooBig("The body is too large.")
        if not is_trusted(parse(request.META.get("REMOTE_ADDR", ""))):
            request.META.pop("HTTP_X_FORWARDED_PROTO", None)
        request.encoding = settings.DEFAULT_CHARSET
        request.COOKIES = {
            name: value for name, value in request.COOKIES.items() if "\x00" not in value
        }

    def process_exception(self, request: HttpRequest, error: Exception) -> None:
        """The admin refuses a _to_field that is not allowed, and fails on an empty one."""
        given = request.POST.get(TO_FIELD_VAR, request.GET.get(TO_FIELD_VAR))
        if given == "" and isinstance(error, FieldDoesNotExist):
            raise DisallowedModelAdminToField("An empty field cannot be referenced.") from error


def declared_size(request: HttpRequest) -> int:
    size = request.META.get("CONTENT_LENGTH") or "0"
    return int(size) if size.isdecimal() else 0
