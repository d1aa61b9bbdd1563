"""The state machine as a diagram, drawn from the code's transitions: its states on a circle."""

from math import cos, hypot, pi, sin
from typing import NamedTuple

from accounts.models import UserFSM
from audit.transitions import machine_states, transitions

from ..names import state_name

LETTER, LINE = 8, 15  # pixels
PADDING, HEIGHT = 10, 34  # of a state
BEND = 32  # by which an arrow leaves the straight line, so that the one back is another one
ALONG = 0.42  # where the names stand: nearer to where the arrow begins, for the same reason
LEAST_RADIUS, RADIUS = 115, 28  # at least, and for each state


class Node(NamedTuple):
    state: str
    x: int
    y: int
    width: int
    height: int = HEIGHT

    @property
    def left(self) -> int:
        return self.x - self.width // 2

    @property
    def top(self) -> int:
        return self.y - self.height // 2

    def border(self, x: float, y: float) -> tuple[int, int]:
        """The point of its border on the way to that point."""
        dx, dy = x - self.x, y - self.y
        scale = min(
            self.width / 2 / abs(dx) if dx else 1, self.height / 2 / abs(dy) if dy else 1, 1
        )
        return round(self.x + dx * scale), round(self.y + dy * scale)


class Name(NamedTuple):
    """Of a transition, with the middle of its line of text."""

    text: str
    x: int
    y: int


class Arrow(NamedTuple):
    """``path`` is the d attribute of an SVG path."""

    start: str
    end: str
    path: str
    names: list[Name]


class Diagram(NamedTuple):
    nodes: list[Node]
    arrows: list[Arrow]
    width: int
    height: int


def diagram() -> Diagram:
    states = ordered_states()
    radius = max(LEAST_RADIUS, RADIUS * len(states))
    side = max(map(width_of, states)) // 2 + PADDING
    nodes = {
        state: Node(
            state,
            round(side + radius * (1 + sin(turn))),
            round(HEIGHT + radius * (1 - cos(turn))),
            width_of(state),
        )
        for place, state in enumerate(states)
        for turn in [2 * pi * place / len(states)]
    }
    arrows = [
        arrow(nodes[start], nodes[end], names.split("|")) for start, end, names in transitions()
    ]
    return Diagram([*nodes.values()], arrows, 2 * (radius + side), 2 * (radius + HEIGHT))


def ordered_states() -> list[str]:
    """Those of the field's choices in their order, and then what else a transition names."""
    choices = [str(value) for value, _ in UserFSM._meta.get_field("current_state").flatchoices]
    return [*choices, *sorted(machine_states() - {*choices})]


def width_of(state: str) -> int:
    return len(state_name(state)) * LETTER + 2 * PADDING


def arrow(start: Node, end: Node, names: list[str]) -> Arrow:
    """From one state to another, bent to the left of its way: outwards, where it follows the
    circle."""
    dx, dy = end.x - start.x, end.y - start.y
    length = hypot(dx, dy)
    bend_x = (start.x + end.x) / 2 + dy / length * BEND
    bend_y = (start.y + end.y) / 2 - dx / length * BEND
    begin_x, begin_y = start.border(bend_x, bend_y)
    end_x, end_y = end.border(bend_x, bend_y)
    path = f"M{begin_x} {begin_y}Q{bend_x:.0f} {bend_y:.0f} {end_x} {end_y}"
    x, y = on_curve(begin_x, bend_x, end_x), on_curve(begin_y, bend_y, end_y)
    top = y - LINE * (len(names) - 1) // 2
    lines = [Name(name, x, top + LINE * line) for line, name in enumerate(names)]
    return Arrow(start.state, end.state, path, lines)


def on_curve(begin: float, bend: float, end: float) -> int:
    """A coordinate of the point at which the names stand, of a quadratic Bézier curve."""
    rest = 1 - ALONG
    return round(rest * rest * begin + 2 * rest * ALONG * bend + ALONG * ALONG * end)
