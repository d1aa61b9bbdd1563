"""The WSGI application, for gunicorn: ``gunicorn project.wsgi``.

It serves the static files too, from the folders of the apps: there is no collectstatic to forget.
It is not a middleware, because a synchronous one would take every asynchronous request through a
thread.
"""

import os
from pathlib import Path

from django.apps import apps
from django.core.wsgi import get_wsgi_application
from whitenoise import WhiteNoise

# From this machine, and by Unix sockets, gunicorn believes them by itself, whoever sent them.
SCHEME_HEADERS = {f"HTTP_X_FORWARDED_{name}" for name in ("PROTO", "PROTOCOL", "SSL")}


class ProxyHeaders:
    """Undoes what the server made of proxy headers: TRUSTED_PROXIES alone says whom to believe."""

    def __init__(self, application):
        self.application = application

    def __call__(self, environ: dict, start_response):
        if environ.keys() & SCHEME_HEADERS:
            environ["wsgi.url_scheme"] = "http"  # SECURE_PROXY_SSL_HEADER decides
        if "HTTP_SCRIPT_NAME" in environ:
            environ["SCRIPT_NAME"] = os.environ.get("SCRIPT_NAME", "")
        return self.application(environ, start_response)


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
application = WhiteNoise(ProxyHeaders(get_wsgi_application()))
for app in apps.get_app_configs():
    folder = Path(app.path) / "static"
    if folder.is_dir():
        application.add_files(folder, prefix="static/")
