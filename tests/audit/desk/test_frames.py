"""Calls in a loop, wherever on the stack it runs, find room for their frames."""

import sys
from collections.abc import Callable
from resource import RUSAGE_SELF, getrusage

import pytest
from django.http import HttpResponse

from audit.desk.access import page
from audit.desk.frames import SLOTS, with_room

TURNS = 2000
DEPTHS = range(200)  # some of which are where a piece ends


def test_a_loop_of_calls_maps_no_memory_at_each_turn():
    assert max(page_faults(depth, rows) for depth in DEPTHS) >= TURNS  # what it is for
    assert max(page_faults(depth, with_room(rows)) for depth in DEPTHS) < TURNS / 10


def rows() -> None:
    for _ in range(TURNS):
        row()


def row() -> None:
    cell()


def cell() -> None: ...


def page_faults(depth: int, work: Callable[[], None]) -> int:
    before = getrusage(RUSAGE_SELF).ru_minflt
    beneath(depth, work)
    return getrusage(RUSAGE_SELF).ru_minflt - before


def beneath(calls: int, work: Callable[[], None]) -> None:
    if calls:
        beneath(calls - 1, work)
    else:
        work()


@pytest.mark.django_db
def test_pages_of_the_desk_have_it(rf, sue):
    request = rf.get("/")
    request.user = sue

    assert page(view)(request).content == b"roomy"


def view(request) -> HttpResponse:
    frame, stacks = sys._getframe(), []
    while frame := frame.f_back:
        stacks.append(frame.f_code.co_stacksize)
    return HttpResponse("roomy" if max(stacks) >= SLOTS else "narrow")
