"""uvicorn believes X-Forwarded-For and X-Forwarded-Proto from this machine by itself. The scheme is
undone; whom it believes for the address is its own option, which the README gives it."""

from http.client import HTTPConnection

import pytest

from audit.models import UserStateAudit
from tests.conftest import make_user

from .peers import ADDRESS
from .servers import serving
from .test_servers import headers

UVICORN = ("uvicorn", "tests.peers.asgi:application", "--port={port}", "--lifespan=off")
OPTION = ("--no-proxy-headers",)


def ask(port: int, path: str, sent: dict[str, str]) -> int:
    connection = HTTPConnection("127.0.0.1", port)
    connection.request("GET", path, headers=sent)
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize(
    ("options", "trusted", "recorded"),
    [
        pytest.param(OPTION, "192.0.2.1", "127.0.0.1", id="a proxy that is not ours"),
        pytest.param(OPTION, "127.0.0.1", ADDRESS, id="a proxy of ours"),
        pytest.param((), "127.0.0.1", ADDRESS, id="without the option, a proxy of ours"),
        pytest.param((), "192.0.2.1", ADDRESS, id="without the option, anybody on this machine"),
    ],
)
def test_with_the_option_only_trusted_proxies_say_who_the_client_is(
    alice, tmp_path, trail, options, trusted, recorded
):
    make_user("carl")
    trail.forget()
    sent = headers(alice, ADDRESS)

    with serving(*UVICORN, *options, folder=tmp_path, TRUSTED_PROXIES=trusted) as port:
        assert ask(port, "/slowly/async/carl", sent) == 200

    entries = UserStateAudit.objects.filter(pk__gt=trail.start)
    assert {*entries.values_list("username", "ip_address")} == {("carl", recorded)}


@pytest.mark.parametrize(("trusted", "status"), [("192.0.2.1", 301), ("127.0.0.1", 200)])
@pytest.mark.parametrize("options", [OPTION, ()])
def test_only_a_trusted_proxy_says_that_they_came_by_tls(
    transactional_db, tmp_path, options, trusted, status
):
    variables = {"TRUSTED_PROXIES": trusted, "HTTPS": "1"}

    with serving(*UVICORN, *options, folder=tmp_path, **variables) as port:
        assert ask(port, "/accounts/login/", {"X-Forwarded-Proto": "https"}) == status
