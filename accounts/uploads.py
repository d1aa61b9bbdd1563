"""Files that are sent with a form: refused, except by a view that takes one.

Django reads the files of a request before its view runs, for the token against CSRF is in the same
form, and keeps large ones on disk: anybody could fill it at the page to sign in.
"""

from collections.abc import Callable
from io import BytesIO
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler


class UploadRefusedError(RequestDataTooBig):
    """Answered with 400, as Django answers any form that is too large."""


def takes_files(most: int) -> Callable:
    """Decorator of a view, or of a method of an admin: forms with files of at most ``most`` bytes
    each may be sent to it. The whole body is limited by DATA_UPLOAD_MAX_MEMORY_SIZE."""

    def decorate(view: Any) -> Any:
        view.takes_files = most
        return view

    return decorate


class UploadHandler(FileUploadHandler):
    """Keeps files in memory, and no more of them than the view takes."""

    def new_file(self, *args, **kwargs) -> None:
        super().new_file(*args, **kwargs)
        match = self.request and self.request.resolver_match
        self.most = getattr(match and match.func, "takes_files", 0)
        if not self.most:
            raise UploadRefusedError("This page takes no file.")
        self.content = BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start + len(raw_data) > self.most:
            raise UploadRefusedError("The file is too large.")
        self.content.write(raw_data)

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        self.content.seek(0)
        return InMemoryUploadedFile(
            file=self.content,
            field_name=self.field_name,
            name=self.file_name,
            content_type=self.content_type,
            size=file_size,
            charset=self.charset,
            content_type_extra=self.content_type_extra,
        )
