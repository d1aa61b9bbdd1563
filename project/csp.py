"""Sends settings.SECURE_CSP with every page, as Django 6.0's middleware of this name does."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin

HEADER = "Content-Security-Policy"


class ContentSecurityPolicyMiddleware(MiddlewareMixin):
    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        directives = (f"{name} {' '.join(words)}" for name, words in settings.SECURE_CSP.items())
        response.headers.setdefault(HEADER, "; ".join(directives))
        return response
