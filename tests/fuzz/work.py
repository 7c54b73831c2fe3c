"""How much work an input is, counted: the same on every machine, however busy it is."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

__all__ = ["count_work", "growth"]


def count_work(run: Callable[[], object]) -> int:
    """Return how many lines of Python a call carries out, those of libraries included."""
    lines = 0

    def line(_frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal lines
        lines += event == "line"
        return line

    before = sys.gettrace()
    sys.settrace(line)
    try:
        run()
    finally:
        sys.settrace(before)
    return lines


def growth(run: Callable[[int], object], size: int, *, times: int = 4) -> float:
    """Return how much more work an input of ``times`` the size is; about ``times`` where linear.

    The first call is for what is done once: imports and caches.
    """
    run(size)
    small, large = count_work(lambda: run(size)), count_work(lambda: run(times * size))
    return large / small
