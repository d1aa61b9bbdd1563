"""The texts of pages and mails in other languages: a catalog for each app and language, in
APP/locale/, as gettext reads them.

Babel takes the texts from the sources, so that nobody needs the programs of gettext.
"""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

APPS = ("accounts", "audit", "project")
# The sources are in LANGUAGE_CODE.
LANGUAGES = [code for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
KEYWORDS = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}


def path_of(app: str, language: str) -> Path:
    """The file that people edit; beside it is the compiled one, which Django reads."""
    return settings.BASE_DIR / app / "locale" / language / "LC_MESSAGES" / "django.po"


def texts(app: str) -> Catalog:
    """What the sources of the app say."""
    found = Catalog()
    for path in sources(settings.BASE_DIR / app):
        where = [(str(path.relative_to(settings.BASE_DIR)), 1)]
        code = BytesIO(as_python(path).encode())
        for _line, text, comments, context in extract("python", code, KEYWORDS, ["Translators:"]):
            found.add(text, locations=where, auto_comments=comments, context=context)
    return found


def sources(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.rglob("*.py"))
    yield from sorted(path for path in folder.glob("templates/**/*") if path.is_file())


def as_python(path: Path) -> str:
    """Of a template, its texts as calls of gettext, without the indentation of HTML."""
    text = path.read_text("utf-8")
    if path.suffix == ".py":
        return text
    return "\n".join(line.strip() for line in templatize(text).splitlines())


def read(app: str, language: str) -> Catalog:
    path = path_of(app, language)
    if not path.exists():
        comment = f"# What {app} says, in the language {language}."
        return Catalog(locale=language, project=app, header_comment=comment, fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def messages(catalog: Catalog) -> dict[tuple, Message]:
    """Without the header. Texts of one spelling can have contexts that tell them apart."""
    return {(each.context, each.id): each for each in catalog if each.id}


def update(app: str, language: str) -> None:
    """Write both files: new texts without a translation, and without those that are gone."""
    catalog, path = read(app, language), path_of(app, language)
    catalog.update(texts(app), no_fuzzy_matching=True, update_creation_date=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(
            file, catalog, width=100, sort_output=True, include_lineno=False, ignore_obsolete=True
        )
    with path.with_suffix(".mo").open("wb") as file:
        write_mo(file, catalog)
