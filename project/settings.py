"""Settings, read from the environment alone: importing them starts nothing.

manage.py provides what a developer's machine lacks (see local.py). A server such as gunicorn
needs DATABASE_URL and SECRET_KEY.
"""

import os
import re
from pathlib import Path
from typing import Any

import dj_database_url
import dj_email_url
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent


def required(name: str) -> str:
    """The environment variable ``name``; ImproperlyConfigured when it is missing or empty."""
    value = os.environ.get(name)
    if not value:
        raise ImproperlyConfigured(f"The environment variable {name} is not set.")
    return value


def database(url: str) -> dict[str, Any]:
    """Django's settings for a PostgreSQL ``url``; ImproperlyConfigured when it is not valid."""
    try:
        config: dict[str, Any] = {**dj_database_url.parse(url, conn_max_age=0 if DEBUG else 60)}
    except ValueError:
        config = {}
    if config.get("ENGINE") != "django.db.backends.postgresql" or not config.get("NAME"):
        raise ImproperlyConfigured(
            "DATABASE_URL is not of the form postgresql://user:password@host:port/database."
        )
    # The name of this program in the audit; DATABASE_URL and PGAPPNAME may set another one.
    config.setdefault("OPTIONS", {}).setdefault("fallback_application_name", "user-state-audit")
    return config


def email(url: str) -> dict:
    """Django's EMAIL settings for a ``url``; ImproperlyConfigured when it is not valid."""
    try:
        config = dj_email_url.parse(url)
    except ValueError:
        config = {}
    if not config.get("EMAIL_BACKEND"):
        raise ImproperlyConfigured(
            "EMAIL_URL is not of the form smtp://user:password@host:port/ or console:."
        )
    if config["EMAIL_BACKEND"] == "django.core.mail.backends.smtp.EmailBackend":
        config["EMAIL_BACKEND"] = "project.mail.BackgroundEmailBackend"
        config["EMAIL_TIMEOUT"] = config.get("EMAIL_TIMEOUT") or 30
    return {name: value for name, value in config.items() if name.isupper()}


def site_url(url: str) -> str:
    """``url`` without white space and slashes around it; ImproperlyConfigured if it is invalid."""
    url = url.strip().rstrip("/")
    if url and not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", url):
        raise ImproperlyConfigured("SITE_URL is not of the form https://host.")
    return url


def words(name: str) -> list[str]:
    """The comma-separated words of the environment variable ``name``."""
    return [word.strip() for word in os.environ.get(name, "").split(",") if word.strip()]


DEBUG = os.environ.get("DEBUG") == "1"
SECRET_KEY = required("SECRET_KEY")
ALLOWED_HOSTS = words("ALLOWED_HOSTS") or ["localhost", "127.0.0.1", "[::1]"]
# What links in mails begin with; without it, they lead where the request came to.
SITE_URL = site_url(os.environ.get("SITE_URL", ""))
# Addresses or networks of the reverse proxies whose X-Forwarded-For is believed; "unix" for one
# that connects by a Unix socket.
TRUSTED_PROXIES = words("TRUSTED_PROXIES")

# Bytes of a body, and of a form without its files: 1,000 invitations take a tenth of it.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
FILE_UPLOAD_HANDLERS = ["accounts.uploads.UploadHandler"]

# Served by TLS unless HTTPS=0: plain HTTP is redirected, and cookies are sent by TLS only.
HTTPS = (os.environ.get("HTTPS") or ("0" if DEBUG else "1")) != "0"
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^readyz$"]  # load balancers ask without TLS
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Nothing inline, nothing from other sites.
SECURE_CSP = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "font-src": ["'self'"],
    "connect-src": ["'self'"],
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
}

INSTALLED_APPS = [
    # Before the admin, whose templates for passwords it overrides.
    "accounts",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "pgtrigger",
    "audit",
    "project",
]

MIDDLEWARE = [
    # First, so that everything done for a request is recorded with its context.
    "audit.middleware.AuditContextMiddleware",
    # Ahead of whatever refuses a request, so that its page is in the language of the reader.
    "django.middleware.locale.LocaleMiddleware",
    "project.request_sanitizer.RequestSanitizerMiddleware",
    "project.read_only.ReadOnlyDatabaseMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "project.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "accounts.middleware.SessionUserMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "project.urls"
WSGI_APPLICATION = "project.wsgi.application"
ASGI_APPLICATION = "project.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": database(required("DATABASE_URL"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.ActiveStateBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
AUTH_PASSWORD_VALIDATORS.append({"NAME": "accounts.passwords.MaximumLengthValidator"})
PASSWORD_RESET_TIMEOUT = 72 * 3600  # seconds; also of invitations and of links to unlock
SESSION_ENGINE = "accounts.sessions"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
# How accounts set the context of the audit without importing it.
ACTING_AS = "audit.context.acting_as"

# Further names of programs that are the application's, as they tell PostgreSQL.
AUDIT_PROGRAMS = words("AUDIT_PROGRAMS")

globals().update(email(os.environ.get("EMAIL_URL") or "console:"))

# The browser's language, where it is one of these; otherwise, and for mails that nobody has asked
# for, the first one.
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
FORMAT_MODULE_PATH = ["project.formats"]

STATIC_URL = "static/"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "audit.log.RequestIDFilter"}},
    "formatters": {
        "line": {"format": "{asctime} {levelname} [{request_id}] {name}: {message}", "style": "{"}
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "filters": ["request_id"],
            "formatter": "line",
        }
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
}
