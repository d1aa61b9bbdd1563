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

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
application = WhiteNoise(get_wsgi_application())
for app in apps.get_app_configs():
    folder = Path(app.path) / "static"
    if folder.is_dir():
        application.add_files(folder, prefix="static/")
