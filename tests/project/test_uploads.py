"""What is sent to a page is limited: files where it takes none, and bodies of any kind."""

import pytest
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import path

from accounts.uploads import takes_files
from project.asgi import application

ANYBODYS = [
    *("/accounts/login/", "/admin/login/", "/accounts/logout/", "/accounts/password_reset/"),
    *("/accounts/invitation/", "/accounts/reset/Mg/set-password/", "/accounts/unlock/Mg/confirm/"),
    *("/", "/readyz"),
]
MANAGERS = [
    "/admin/",
    "/admin/accounts/user/",
    "/admin/accounts/user/add/",
    "/admin/accounts/user/1/change/",
    "/admin/accounts/user/1/transition/lock/",
]


@takes_files(4)
def files(request) -> HttpResponse:
    return HttpResponse(b", ".join(file.read() for file in request.FILES.values()))


urlpatterns = [path("files/", files)]


def send_file(browser: Client, page: str) -> HttpResponse:
    """With a token against CSRF, which anybody can make up: Django looks for it in the form."""
    browser.handler.enforce_csrf_checks = True
    browser.cookies["csrftoken"] = 32 * "x"
    return browser.post(page, {"username": "alice", "file": a_file()})


def a_file(content: bytes = b"hello") -> SimpleUploadedFile:
    return SimpleUploadedFile("hello.csv", content)


@pytest.mark.parametrize("page", ANYBODYS)
def test_a_page_reads_no_file(transactional_db, page):
    answer = send_file(Client(), page)

    assert answer.status_code == 400
    assert "<h1>Bad request" in answer.content.decode()


@pytest.mark.parametrize("page", MANAGERS)
def test_nor_for_somebody_who_is_signed_in(mona, signed_in, page):
    assert send_file(signed_in(mona), page).status_code == 400


def test_an_empty_file_field_is_no_file(transactional_db):
    body = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename=""\r\n'
        b"Content-Type: application/octet-stream\r\n\r\n\r\n--x--\r\n"
    )

    answer = Client().post("/accounts/login/", body, "multipart/form-data; boundary=x")

    assert answer.status_code == 200


@pytest.mark.parametrize(("content", "status"), [(b"1234", 200), (b"12345", 400)])
def test_a_view_can_take_files_of_a_size(settings, content, status):
    settings.ROOT_URLCONF = __name__

    answer = Client().post("/files/", {"file": a_file(content)})

    assert answer.status_code == status
    assert (answer.content == content) == (status == 200)


@pytest.mark.parametrize(
    "kind", ["application/json", "text/plain", "application/x-www-form-urlencoded", "nonsense"]
)
def test_no_body_is_larger_than_a_form(settings, kind):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10

    assert Client().post("/nowhere/", b"a=234567890", kind).status_code == 400
    assert Client().post("/nowhere/", b"a=23456789", kind).status_code == 404


def test_nor_is_one_that_comes_in_pieces_to_an_asynchronous_server(settings):
    """Django would write it to a file before anything looks at the request."""
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10

    async def answer() -> dict:
        scope = {"type": "http", "method": "POST", "path": "/nowhere/", "headers": []}
        server = ApplicationCommunicator(application, scope)
        for piece in (b"12345678", b"90", b"1"):
            await server.send_input({"type": "http.request", "body": piece, "more_body": True})
        return await server.receive_output()

    assert async_to_sync(answer)()["status"] == 413
