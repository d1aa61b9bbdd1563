"""Room for the frames of a page: a template calls deeply, and again for each row."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

SLOTS = 2**16  # of a pointer each; as much again is left beside them

P = ParamSpec("P")
R = TypeVar("R")


def with_room(function: Callable[P, R]) -> Callable[P, R]:
    """Have all that ``function`` calls find its frames in one piece of memory.

    CPython (3.11 and later) keeps frames in pieces of 16 kB. A call that does not fit maps a new
    piece, and unmaps it when it returns: a template whose rows are rendered where a piece ends
    does so at each node, which costs several times the page. A function that says it needs a
    larger stack gets a larger piece; what it does not use of that is never touched.
    """

    def roomy(*args: P.args, **kwargs: P.kwargs) -> R:
        return function(*args, **kwargs)

    roomy.__code__ = roomy.__code__.replace(co_stacksize=SLOTS)
    return wraps(function)(roomy)
