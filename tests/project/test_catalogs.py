"""Every text is there in every language, and what Django reads is what people have written."""

import os
import re
from gettext import GNUTranslations

import pytest
from django.utils import translation

from tests.catalogs import APPS, LANGUAGES, messages, path_of, read, texts, update

PLACEHOLDER = re.compile(r"%\(\w+\)s|%s|\{\w+\}|<[^>]*>")
catalogs = pytest.mark.parametrize(
    ("app", "language"), [(app, language) for language in LANGUAGES for app in APPS]
)


@catalogs
def test_every_text_of_the_sources_is_translated_and_no_other(app, language):
    if os.environ.get("WRITE_CATALOGS"):
        update(app, language)
    catalog = messages(read(app, language))

    needed = messages(texts(app)).keys()
    assert needed - catalog.keys() == set(), "Run this test with WRITE_CATALOGS=1 to add them."
    assert catalog.keys() - needed == set(), "Run this test with WRITE_CATALOGS=1 to remove them."
    assert [each.id for each in catalog.values() if each.fuzzy or not all(forms(each))] == []


@catalogs
def test_a_translation_has_the_placeholders_and_tags_of_the_text(app, language):
    for message in messages(read(app, language)).values():
        texts = message.id if isinstance(message.id, tuple) else (message.id,)
        for text, form in zip(texts, forms(message), strict=True):
            assert found_in(form) == found_in(text), text


@catalogs
def test_the_compiled_catalog_is_the_one_that_people_have_written(app, language):
    with path_of(app, language).with_suffix(".mo").open("rb") as file:
        compiled = GNUTranslations(file)._catalog

    written = {}
    for (context, text), message in messages(read(app, language)).items():
        key = f"{context}\x04" if context else ""
        if isinstance(text, tuple):
            written |= {(key + text[0], n): form for n, form in enumerate(forms(message))}
        else:
            written[key + text] = message.string
    del compiled[""]
    assert compiled == written, "Run the first test with WRITE_CATALOGS=1 to compile it."


def forms(message) -> tuple[str, ...]:
    return message.string if isinstance(message.string, tuple) else (message.string,)


def found_in(text: str) -> list[str]:
    return sorted(PLACEHOLDER.findall(text))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_other_app_says_the_same_text_in_other_words(language):
    """Django has one catalog for all apps, its own included."""
    with translation.override(language):
        said = {
            (app, text, n): (ngettext_of(context, text, n), form)
            for app in APPS
            for (context, text), message in messages(read(app, language)).items()
            for n, form in zip((1, 2), forms(message), strict=False)
        }

    assert {where: words for where, words in said.items() if words[0] != words[1]} == {}


def ngettext_of(context: str | None, text: str | tuple[str, str], number: int) -> str:
    singular, plural = text if isinstance(text, tuple) else (text, None)
    if context:
        return translation.pgettext(context, singular)
    return (
        translation.ngettext(singular, plural, number) if plural else translation.gettext(singular)
    )
