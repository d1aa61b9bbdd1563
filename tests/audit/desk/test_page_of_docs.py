"""docs/desk.md lists every parameter and every kind of actor, and no other."""

import re

from audit.desk.actors import Kind
from audit.desk.listing.filters import FILTERS
from audit.desk.listing.list_view import POSITION
from audit.desk.listing.selection import WINDOW
from audit.desk.listing.window import PRESETS
from project.settings import BASE_DIR

PAGE = (BASE_DIR / "docs/desk.md").read_text()


def listed(heading: str) -> list[str]:
    """The words in code in the first column of the first table below a heading."""
    table = re.search(rf"\n#+ {heading}\n.*?\n\|(.*?)\n\n", PAGE, re.DOTALL)[1]
    cells = re.findall(r"^\|? ?(`[^|]*`) \|", table, re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]


def test_every_parameter_is_listed():
    assert set(listed("The list")) == {*FILTERS, *WINDOW, *POSITION}


def test_every_kind_of_actor_is_listed():
    assert set(listed("Kinds of actor")) == set(Kind.values)


def test_every_window_is_listed():
    row = re.search(r"\| `window` \|.*", PAGE)[0]

    assert set(re.findall(r"`(\w+)`", row)) == {"window", *PRESETS}
