"""Which words of a page have not gone through gettext: whatever has is marked."""

import re
from html.parser import HTMLParser

import pytest
from django.utils import translation

BEGIN, END = "⟦", "⟧"
FUNCTIONS = ("gettext", "ngettext", "pgettext", "npgettext")
SPOKEN = {"alt", "aria-label", "placeholder", "title"}  # attributes that are read to people
DATA = {"bdi", "pre", "script", "style", "textarea"}  # elements that hold names and programs
WORD = re.compile(r"(?<![\w*-])[^\W\d_]{2,}(?![\w*-])")  # and no part of a key


def mark_texts(patch: pytest.MonkeyPatch) -> None:
    for name in FUNCTIONS:
        patch.setattr(translation._trans, name, marking(getattr(translation._trans, name)))


def marking(translate):
    return lambda *args: f"{BEGIN}{translate(*args)}{END}"


def unmarked(page: str) -> set[str]:
    """The words on a page that are not part of a text."""
    seen = Seen()
    seen.feed(page)
    return {word for text in seen.texts for word in WORD.findall(outside_marks(text))}


def outside_marks(text: str) -> str:
    depth, outside = 0, []
    for character in text:
        depth += (character == BEGIN) - (character == END)
        outside.append(" " if depth or character == END else character)
    return "".join(outside)


class Seen(HTMLParser):
    """What people see or hear: ``texts`` are that of the page, which tags can interrupt, and those
    of attributes."""

    def __init__(self):
        super().__init__()
        self.texts = [""]
        self.hidden = ""

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag in DATA:
            self.hidden = tag
        if tag == "input" and found.get("type") == "submit":
            self.texts.append(found["value"])
        self.texts += [value for name, value in attributes if name in SPOKEN and value]

    def handle_endtag(self, tag):
        self.hidden = "" if tag == self.hidden else self.hidden
        self.texts[0] += " "

    def handle_data(self, data):
        if not self.hidden:
            self.texts[0] += data
