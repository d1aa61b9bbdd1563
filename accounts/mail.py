"""Mails: a template each, whose first line is the subject."""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage
from django.http import HttpRequest
from django.template.loader import render_to_string

from .models import User


def write(template: str, user: User, **context) -> EmailMessage:
    """A mail to ``user``, not sent yet."""
    subject, _, body = render_to_string(template, {"user": user, **context}).partition("\n")
    return EmailMessage(subject.strip(), body.lstrip(), to=[user.email])


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
