"""A process that is killed, at whichever step of some files."""

import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from types import FrameType
from typing import NamedTuple


class Step(NamedTuple):
    """A line of a file, when it is about to run for the ``time``-th time."""

    file: str
    line: int
    time: int


class Trace:
    """``at`` is given each step in the ``files``, before it is done."""

    def __init__(self, files: Iterable[str], at: Callable[[Step], None]):
        self.files, self.at = frozenset(files), at
        self.times: Counter[tuple[str, int]] = Counter()

    def enter(self, frame: FrameType, event: str, _) -> Callable | None:
        return self.step if frame.f_code.co_filename in self.files else None

    def step(self, frame: FrameType, event: str, _) -> Callable:
        if event == "line":
            where = frame.f_code.co_filename, frame.f_lineno
            self.times[where] += 1
            self.at(Step(*where, self.times[where]))
        return self.step


def steps_of(files: Iterable[str], run: Callable[[], object]) -> list[Step]:
    """Run it. The steps that this takes in the files, of each line the first time and the last."""
    taken: list[Step] = []
    trace, before = Trace(files, taken.append), sys.gettrace()
    sys.settrace(trace.enter)
    try:
        run()
    finally:
        sys.settrace(before)
    return [each for each in taken if each.time in (1, trace.times[each[:2]])]


def killed_at(step: Step, run: Callable[[], object]) -> bool:
    """Run it in a process of its own, which is killed at that step; False when it ended before."""

    def kill(at: Step) -> None:
        if at == step:
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        try:
            sys.settrace(Trace([step.file], kill).enter)
            run()
            os._exit(0)
        finally:
            os._exit(1)
    status = os.waitpid(child, 0)[1]
    assert status in (0, signal.SIGKILL)
    return status == signal.SIGKILL
