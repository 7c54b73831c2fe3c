"""A small corpus that goes everywhere a large one went, found without a fuzzer.

An input is kept if it takes a step from one line to another in ``runner`` that no smaller one took.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from tests.fuzz.target import Target

__all__ = ["smallest", "steps"]

RUNNER = str(Path(__file__).parents[2] / "runner")

Step = tuple[CodeType, int, int]


def steps(target: Target, data: bytes) -> set[Step]:
    """Return the steps that an input takes, whatever comes of it."""
    taken: set[Step] = set()
    before: dict[FrameType, int] = {}

    def line(frame: FrameType, event: str, _: Any) -> Any:
        if event == "line":
            taken.add((frame.f_code, before.get(frame, 0), frame.f_lineno))
            before[frame] = frame.f_lineno
        elif event == "return":
            before.pop(frame, None)
        return line

    def call(frame: FrameType, event: str, argument: Any) -> Any:
        return line if frame.f_code.co_filename.startswith(RUNNER) else None

    earlier = sys.gettrace()
    sys.settrace(call)
    try:
        target.run(data)
    except Exception:  # noqa: BLE001  # a finding has been somewhere as well
        pass
    finally:
        sys.settrace(earlier)
    return taken


def smallest(
    target: Target, given: Iterable[bytes], candidates: Iterable[bytes]
) -> tuple[list[bytes], int, int]:
    """Return the candidates that go where none before them went, smaller ones first.

    Nothing is kept for a step that ``given`` inputs take. Also gives how many steps those take and
    how many all together.
    """
    for data in given:
        steps(target, data)  # once for what is only done once: caches, imports
    known: set[Step] = set()
    for data in given:
        known |= steps(target, data)
    begun = len(known)
    chosen = []
    for data in sorted(set(candidates), key=lambda data: (len(data), data)):
        new = steps(target, data) - known
        if new:
            known |= new
            chosen.append(data)
    return chosen, begun, len(known)
