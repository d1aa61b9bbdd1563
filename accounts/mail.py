"""Mails: a template each, whose first line is the subject."""

from django.conf import settings
from django.core.mail import EmailMessage
from django.http import HttpRequest
from django.template.loader import render_to_string

from .models import User


def write(template: str, user: User, **context) -> EmailMessage:
    """A mail to ``user``, not sent yet."""
    subject, _, body = render_to_string(template, {"user": user, **context}).partition("\n")
    return EmailMessage(subject.strip(), body.lstrip(), to=[user.email])


def site_of(request: HttpRequest | None = None) -> str:
    """Where the links in mails lead: SITE_URL, or where the request came to; without both, to
    the first of ALLOWED_HOSTS."""
    if settings.SITE_URL:
        return settings.SITE_URL.rstrip("/")
    if request is not None:
        return f"{request.scheme}://{request.get_host()}"
    scheme = "https" if settings.SESSION_COOKIE_SECURE else "http"
    return f"{scheme}://{settings.ALLOWED_HOSTS[0].lstrip('.')}"
