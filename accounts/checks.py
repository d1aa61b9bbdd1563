"""System checks: what is wrong, and what mends it."""

from django.core.checks import CheckMessage, Error

from .mail import NoSiteError, site_of


def check_site(app_configs, **kwargs) -> list[CheckMessage]:
    """accounts.E001: there is no site to which the links in mails could lead."""
    try:
        site_of()
    except NoSiteError as error:
        hint = "Set SITE_URL to what the site's own pages begin with, such as https://host."
        return [Error(str(error), hint=hint, id="accounts.E001")]
    return []
