"""Pages and mails name durations as they are set, and none of their own."""

import re
from datetime import timedelta

import pytest
from django.template.loader import render_to_string

from accounts import forms
from accounts.attempts import WINDOW
from accounts.durations import in_words
from project.settings import BASE_DIR

TEMPLATES = BASE_DIR / "accounts/templates"


@pytest.mark.parametrize(
    ("time", "words"),
    [
        (timedelta(hours=72), "72 hours"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(minutes=90), "90 minutes"),
        (timedelta(minutes=1), "1 minute"),
    ],
)
def test_whole_hours_are_hours_and_all_else_minutes(time, words):
    assert in_words(time) == words


@pytest.mark.parametrize(
    "name",
    [
        "accounts/invitation.html",
        "accounts/unlock.html",
        "accounts/mail/invitation.txt",
        "accounts/mail/unlock.txt",
        "registration/password_reset_confirm.html",
        "registration/password_reset_email.html",
    ],
)
def test_each_page_and_mail_names_the_lifetime_of_links(settings, name):
    settings.PASSWORD_RESET_TIMEOUT = 24 * 3600

    text = render_to_string(name, {"link": "", "uid": "MQ", "token": "a-b", "site": ""})

    assert re.search(r"(within|older than) 24 hours", text)


def test_no_template_names_a_duration_of_its_own():
    for path in (*TEMPLATES.rglob("*.html"), *TEMPLATES.rglob("*.txt")):
        assert not re.search(r"\d+ (hours?|minutes?|days?)", path.read_text()), path


def test_an_address_at_its_limit_is_told_when_to_try_again():
    assert forms.TOO_MANY.endswith(f"Try again in {in_words(WINDOW)}.")
