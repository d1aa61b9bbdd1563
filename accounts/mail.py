"""Mails: a template each, whose first line is the subject.

A mail that its reader has asked for, or caused at the page to sign in, is in the language of that
request; one that a manager has sent to them, in LANGUAGE_CODE: nothing says which they read.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage
from django.http import HttpRequest
from django.http.request import split_domain_port
from django.template.loader import render_to_string
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from .attempts import AttemptCounter
from .locks import HeldError, bounded_waits
from .models import User

logger = logging.getLogger(__name__)

MAX_MAILS = 5  # of one kind to one user, until the counter of attempts starts again


def write(template: str, user: User, **context) -> EmailMessage:
    """A mail to ``user``, not sent yet."""
    subject, _, body = render_to_string(template, {"user": user, **context}).partition("\n")
    return EmailMessage(subject.strip(), body.lstrip(), to=[user.email])


def count_mail(user: User, kind: str = "mails") -> bool:
    """Count a mail that is sent to ``user`` at the request of somebody who is not signed in;
    False when there were too many already, or the counter is held: whoever asks is not told.

    Each kind has a counter of its own: nobody uses up the mails that unlock by requesting others.
    """
    counter = format_lazy(_("the counter of mails to {user}"), user=user)
    with suppress(HeldError), bounded_waits(counter):
        return bool(AttemptCounter.count_attempt(f"{kind} to user {user.pk}", MAX_MAILS))
    return False


def send_lock_notice(user: User) -> None:
    """Tell users whom somebody has locked on purpose. It has no link: they do not overrule that."""
    if user.email:
        with override(settings.LANGUAGE_CODE):
            write("accounts/mail/locked.txt", user).send()


class NoSiteError(ImproperlyConfigured):
    """Nothing says to which site the links in mails lead."""


def site_of(request: HttpRequest | None = None) -> str:
    """Where the links in mails lead: SITE_URL, or the host of the request, or the first of
    ALLOWED_HOSTS.

    Anybody can send a request with any host that a pattern in ALLOWED_HOSTS allows, and have a
    link to it sent to somebody else: only names count. NoSiteError where there is none.
    """
    if settings.SITE_URL:
        return settings.SITE_URL
    hosts = [host.lower() for host in settings.ALLOWED_HOSTS if not host.startswith(("*", "."))]
    if request is not None and split_domain_port(request.get_host())[0] in hosts:
        return f"{request.scheme}://{request.get_host()}"
    if not hosts:
        raise NoSiteError("Set SITE_URL: ALLOWED_HOSTS has no name to which links could lead.")
    return f"{'https' if settings.SECURE_SSL_REDIRECT else 'http'}://{hosts[0]}"


@contextmanager
def unsent_is_logged() -> Iterator[None]:
    """For pages that answer whoever asks for a mail always alike."""
    try:
        yield
    except NoSiteError:
        logger.exception("A mail that was asked for could not be sent.")
