"""How long a command takes to begin: ``--help`` and a small ``validate`` beside ``python -c pass``.

All three are whole processes of the same interpreter with the same flags, by turns; the least of
several rounds counts. The processor's time is compared, because a busy machine adds to the clock's.
"""

import sys
import tempfile
from pathlib import Path

from bench.command import Spent, lookbook, spent
from bench.manifest import manifest
from bench.report import Row

__all__ = ["measure"]

LOOKS = 100


def measure(*, quick: bool) -> list[Row]:
    """Both commands against the bare interpreter."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.yaml"
        path.write_text(manifest(LOOKS), "utf-8")
        bare: list[Spent] = []
        helped: list[Spent] = []
        validated: list[Spent] = []
        for _ in range(7 if quick else 25):
            bare.append(spent([sys.executable, "-c", "pass"]))
            helped.append(lookbook("--help"))
            validated.append(lookbook("validate", path))
    return [
        row("`lookbook --help`", helped, bare, goal=5),
        row(f"`lookbook validate` of {LOOKS} looks", validated, bare, goal=8),
    ]


def row(what: str, times: list[Spent], bare: list[Spent], *, goal: float) -> Row:
    """Compare the best of some runs with the bare interpreter's best."""
    ours, least = (min(one.cpu for one in some) for some in (times, bare))
    clock = min(one.wall for one in times) / min(one.wall for one in bare)
    return Row(
        f"{what}, against `python -c pass`",
        ours / least,
        goal=goal,
        detail=f"{ours * 1_000:.0f} ms of {least * 1_000:.0f} ms; by the clock {clock:.2f} x",
    )
