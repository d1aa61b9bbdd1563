"""Mails: a template each, whose first line is the subject."""

from contextlib import suppress

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage
from django.http import HttpRequest
from django.template.loader import render_to_string

from .attempts import AttemptCounter
from .locks import HeldError, bounded_waits
from .models import User

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
    with suppress(HeldError), bounded_waits(f"the counter of mails to {user}"):
        return bool(AttemptCounter.count_attempt(f"{kind} to user {user.pk}", MAX_MAILS))
    return False


def send_lock_notice(user: User) -> None:
    """Tell users whom somebody has locked on purpose. It has no link: they do not overrule that."""
    if user.email:
        write("accounts/mail/locked.txt", user).send()


def site_of(request: HttpRequest | None = None) -> str:
    """Where the links in mails lead: SITE_URL, or the host of the request; without both, the
    first of ALLOWED_HOSTS. ImproperlyConfigured when that names no host."""
    if settings.SITE_URL:
        return settings.SITE_URL
    if request is not None:
        return f"{request.scheme}://{request.get_host()}"
    host = next((host.lstrip(".") for host in settings.ALLOWED_HOSTS if host != "*"), None)
    if host is None:
        raise ImproperlyConfigured("Set SITE_URL: the links in mails need a host to lead to.")
    return f"{'https' if settings.SECURE_SSL_REDIRECT else 'http'}://{host}"
