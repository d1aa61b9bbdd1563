"""A user in front of a browser."""

from urllib.parse import urlsplit

from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts.models import User


class NotMadeError(Exception):
    """A page did not answer as expected."""


class Visitor:
    """A user who is signed in to the admin in a browser of their own."""

    def __init__(self, site: str, username: str, password: str):
        self.client = browser(site)
        data = {"username": username, "password": password, "next": reverse("admin:index")}
        self.post(reverse("admin:login"), data)

    def post(self, url: str, data: dict, expected: int = 302) -> None:
        post(self.client, url, data, expected)

    def adds(self, username: str) -> None:
        """Without a password: nobody can sign in as this user."""
        passwords = {"password1": "", "password2": "", "usable_password": "false"}
        self.post(reverse("admin:accounts_user_add"), {"username": username, **passwords})

    def runs(self, transition: str, username: str, reason: str = "") -> None:
        """Run a transition with its button."""
        key = User.objects.get(username=username).pk
        url = reverse("admin:accounts_user_transition", args=[key, transition])
        self.post(url, {"reason": reason})

    def overrides(self, username: str, state: str, reason: str) -> None:
        key = User.objects.get(username=username).pk
        url = reverse("admin:accounts_user_override", args=[key])
        self.post(url, {"state": state, "reason": reason})


def attempt_wrong_passwords(site: str, username: str, times: int) -> None:
    """At the page to sign in, which answers each of them with the form again."""
    client = browser(site, "198.51.100.66")
    for _ in range(times):
        data = {"username": username, "password": "not their password"}
        post(client, reverse("login"), data, expected=200)


def browser(site: str, address: str = "127.0.0.1") -> Client:
    """One that asks for the ``site``, or for the name by which it answers."""
    asked = urlsplit(site)
    names = [host.lstrip(".") for host in settings.ALLOWED_HOSTS if host != "*"] or ["localhost"]
    host = asked.hostname if asked.hostname in names else names[0]
    return Client(HTTP_HOST=f"{host}:{asked.port}", REMOTE_ADDR=address)


def post(client: Client, url: str, data: dict, expected: int) -> None:
    response = client.post(url, data, secure=settings.SECURE_SSL_REDIRECT)
    if response.status_code != expected:
        raise NotMadeError(
            f"The demo could not be made: {url} answered with {response.status_code}."
        )
