"""The diagram of the machine, drawn from the code's transitions."""

from itertools import combinations

import pytest
from django.template.loader import render_to_string

from audit.desk.history import machine
from audit.desk.history.machine import Diagram, diagram
from audit.transitions import machine_states, transitions


def grown(monkeypatch, states: list[str], arrows: list[tuple[str, str, str]]) -> Diagram:
    """As if a team had such a machine."""
    monkeypatch.setattr(machine, "ordered_states", lambda: states)
    monkeypatch.setattr(machine, "transitions", lambda: arrows)
    return diagram()


def drawn(of: Diagram, present: str | None = None) -> str:
    return render_to_string("audit/desk/machine.html", {"diagram": of, "present": present})


def test_every_state_and_transition_of_the_code_is_drawn():
    of = diagram()

    assert {node.state for node in of.nodes} == machine_states()
    assert [(each.start, each.end, [n.text for n in each.names]) for each in of.arrows] == [
        (start, end, names.split("|")) for start, end, names in transitions()
    ]
    assert drawn(of) == drawn(diagram())


STATES = ["invited", "active", "locked", "deactivated", "suspended", "a_very_long_name_of_a_state"]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6])
def test_it_stays_readable_when_the_machine_grows(monkeypatch, count):
    states = STATES[:count]
    both_ways = [(a, b, f"{a}_{b}"[:12]) for a in states for b in states if a != b]
    of = grown(monkeypatch, states, both_ways)

    for node in of.nodes:
        assert node.left >= 0
        assert node.left + node.width <= of.width
        assert node.top >= 0
        assert node.top + node.height <= of.height
    for a, b in combinations(of.nodes, 2):
        apart = abs(a.x - b.x) >= (a.width + b.width) / 2 or abs(a.y - b.y) >= a.height
        assert apart, (a, b)
    names = [name for arrow in of.arrows for name in arrow.names]
    assert len({(name.x, name.y) for name in names}) == len(names)
    assert drawn(of).count('class="arrow') == len(both_ways)


def test_two_transitions_between_the_same_states_are_two_names_of_one_arrow(monkeypatch):
    of = grown(monkeypatch, STATES[:2], [("invited", "active", "activate|import")])

    [arrow] = of.arrows
    first, second = arrow.names
    assert (first.text, second.text) == ("activate", "import")
    assert second.y - first.y == machine.LINE


def test_it_fits_a_telephone():
    assert diagram().width <= 366


def test_a_state_that_the_machine_does_not_have_lights_nothing():
    assert "present" in drawn(diagram(), "locked")
    for present in ("deleted", "", None):
        assert "present" not in drawn(diagram(), present)


def test_numbers_are_as_svg_has_them_in_any_language(settings):
    settings.USE_THOUSAND_SEPARATOR = True
    wide = diagram()._replace(width=12345)

    assert 'width="12345"' in drawn(wide)
