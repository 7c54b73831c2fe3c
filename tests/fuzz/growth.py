"""Whether an input costs more than its size: work and memory are counted, not timed.

A slice of an input is repeated until the whole is of some size, then until it is four times that.
Four times the work and the memory is linear, and up to six are allowed. Lines of Python do not see
what C code does, so the long search measures that, too: by processor time, between sizes at which
a fast machine and a slow one agree.
"""

import random
import time
import tracemalloc
from collections.abc import Callable

from tests.fuzz.target import Broken, Target
from tests.fuzz.work import count_work

__all__ = ["COUNTED", "check_growth", "check_processor", "count_memory", "grow", "search"]

SIZES = (4_000, 16_000)
MOST = 6.0
"""Times the work that four times the input may be."""

COUNTED = ("manifest", "answers", "client", "plan", "results", "sheet", "terminal", "catalog")
"""Targets whose cost is their input's; the others carry out commands or write ledgers."""

FEW_LINES = 20_000
FEW_BYTES = 1 << 20
"""What may come on top: a cache, or a table that grows now and then."""

PROCESSOR_SIZES = (64_000, 256_000)
FEW_SECONDS = 0.5


def grow(data: bytes, start: int, end: int, size: int) -> bytes:
    """Return an input of about ``size`` bytes: the slice is repeated in its place."""
    piece = data[start:end]
    times = max(1, (size - len(data)) // max(1, len(piece)) + 1)
    return data[:start] + piece * times + data[end:]


def check_growth(run: Callable[[bytes], None], data: bytes, start: int, end: int) -> None:
    """Raise Broken where four times the input is more than six times the work or memory."""
    small, large = (grow(data, start, end, size) for size in SIZES)
    run(small)  # for what is done once: imports and caches
    for name, measure, few in (
        ("lines", count_work, FEW_LINES),
        ("bytes", count_memory, FEW_BYTES),
    ):
        less, more = measure(lambda: run(small)), measure(lambda: run(large))
        if more > MOST * less + few:
            raise Broken(f"four times the input is {less:,} → {more:,} {name}")


def check_processor(run: Callable[[bytes], None], data: bytes, start: int, end: int) -> None:
    """Raise Broken where four times the input is more than six times the processor time."""
    less, more = (
        min(_time(run, grow(data, start, end, size)) for _ in range(2)) for size in PROCESSOR_SIZES
    )
    if more > MOST * less + FEW_SECONDS:
        raise Broken(f"four times the input is {less:.2f} → {more:.2f} s of a processor")


def count_memory(run: Callable[[], object]) -> int:
    """Return the most bytes that Python had allocated at a time during a call."""
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _time(run: Callable[[bytes], None], data: bytes) -> float:
    before = time.process_time()
    run(data)
    return time.process_time() - before


def search(
    target: Target, inputs: list[bytes], *, seconds: float, seed: int
) -> tuple[int, list[str]]:
    """Grow random slices of inputs; return how many were, and what was found about which.

    Each finding says the input, the slice and how much it was, so that it can be repeated.
    """
    chance = random.Random(seed)
    until = time.monotonic() + seconds
    tried = 0
    found: list[str] = []
    while time.monotonic() < until and inputs:
        data = chance.choice(inputs)
        start = chance.randrange(len(data) + 1)
        end = min(len(data), start + chance.choice((1, 2, 3, 5, 8, 16, 40, 120)))
        if start >= end:
            continue
        tried += 1
        try:
            check_growth(target.run, data, start, end)
            check_processor(target.run, data, start, end)
        except Broken as broken:
            found.append(f"{data[start:end]!r} of {data[:200]!r}: {broken}")
    return tried, found
