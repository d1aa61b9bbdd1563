"""The IP address of the client that sent a request."""

import ipaddress
from functools import cache

from django.conf import settings
from django.http import HttpRequest

UNKNOWN = "unknown"
UNIX = "unix"  # in TRUSTED_PROXIES: a proxy that connects by a Unix socket

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def client_address(request: HttpRequest) -> str:
    """The address that connected; or, if that is one of TRUSTED_PROXIES, the one it forwards.

    X-Forwarded-For is read from the right, because each proxy adds its peer at the end, and
    only as long as the proxies are ours: anybody may have written what stands further left.
    "unknown" when the server gives no address, as behind a Unix socket, and "unix" is not
    among TRUSTED_PROXIES.
    """
    address = parse(request.META.get("REMOTE_ADDR", ""))
    hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    while hops and is_trusted(address):
        forwarded = parse(hops.pop())
        if forwarded is None:
            break  # no address: our own proxy is the last that is known
        address = forwarded
    return str(address or UNKNOWN)


def is_trusted(address: Address | None) -> bool:
    """Whether it is the address of one of our own proxies; None is a peer without an address."""
    if address is None:
        return UNIX in settings.TRUSTED_PROXIES
    return any(address in network for network in networks(tuple(settings.TRUSTED_PROXIES)))


@cache
def networks(words: tuple[str, ...]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """TRUSTED_PROXIES, parsed. ValueError for a word that is no address and no network; the
    check audit.E001 reports it before any request does."""
    return [ipaddress.ip_network(word, strict=False) for word in words if word != UNIX]


def parse(text: str) -> Address | None:
    """An address as servers and proxies write it: with a port, brackets, quotes or a zone.
    None when it is no address. IPv4 in IPv6 becomes IPv4."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
