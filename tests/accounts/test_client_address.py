"""The client's address: what a client writes is never believed."""

import pytest
from django.test import RequestFactory

from accounts.client_address import client_address, parse

PROXY, OTHER_PROXY, CLIENT, FORGED = "10.0.0.1", "10.0.0.2", "203.0.113.7", "198.51.100.9"


@pytest.fixture
def address_of(settings):
    def find(peer: str, forwarded: str | None = None, trusted: tuple = ()) -> str:
        settings.TRUSTED_PROXIES = list(trusted)
        headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
        return client_address(RequestFactory().get("/", REMOTE_ADDR=peer, headers=headers))

    return find


def test_without_proxies_it_is_the_address_of_the_peer(address_of):
    assert address_of(CLIENT) == CLIENT


def test_without_trusted_proxies_the_header_is_not_read(address_of):
    assert address_of(CLIENT, forwarded=FORGED) == CLIENT


def test_from_a_peer_that_is_no_proxy_of_ours_the_header_is_not_read(address_of):
    assert address_of(CLIENT, forwarded=FORGED, trusted=[PROXY]) == CLIENT


def test_from_our_proxy_it_is_the_address_that_the_proxy_saw(address_of):
    assert address_of(PROXY, forwarded=CLIENT, trusted=[PROXY]) == CLIENT


def test_what_the_client_wrote_in_front_is_not_believed(address_of):
    assert address_of(PROXY, forwarded=f"{FORGED}, {CLIENT}", trusted=[PROXY]) == CLIENT


def test_it_walks_through_all_of_our_proxies(address_of):
    forwarded = f"{FORGED}, {CLIENT}, {OTHER_PROXY}"
    assert address_of(PROXY, forwarded=forwarded, trusted=["10.0.0.0/8"]) == CLIENT


def test_a_client_that_claims_to_be_our_proxy_gains_nothing(address_of):
    forwarded = f"{FORGED}, {PROXY}, {CLIENT}"
    assert address_of(PROXY, forwarded=forwarded, trusted=[PROXY]) == CLIENT


@pytest.mark.parametrize("rubbish", ["", "unknown", "a, b", "999.1.1.1", ",,,", "_hidden"])
def test_behind_rubbish_the_last_proxy_of_ours_is_all_that_is_known(address_of, rubbish):
    assert address_of(PROXY, forwarded=f"{FORGED}, {rubbish}", trusted=[PROXY]) == PROXY


def test_without_the_header_it_is_the_address_of_the_proxy(address_of):
    assert address_of(PROXY, trusted=[PROXY]) == PROXY


def test_a_server_that_gives_no_address_leaves_it_unknown(address_of):
    assert address_of("") == "unknown"
    assert address_of("", forwarded=FORGED, trusted=[PROXY]) == "unknown"


def test_a_header_of_a_megabyte_is_read_at_once(address_of):
    assert address_of(PROXY, forwarded="," * 1_000_000 + CLIENT, trusted=[PROXY]) == CLIENT


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" 192.0.2.1:4711 ", "192.0.2.1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ('"[2001:db8::1]:4711"', "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("[fe80::1%25eth0]:80", "fe80::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
    ],
)
def test_addresses_are_read_in_every_form_that_occurs(text, address):
    assert str(parse(text)) == address
