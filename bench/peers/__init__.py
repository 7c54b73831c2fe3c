"""The same work by other tools, at the same simulator: ours beside theirs.

The work: a base, and looks in chains of three that reference it, each of a fixed duration, so many
at a time. Every contender does it three times, each on a fresh account:

* *undisturbed*, for the wall time and the CPU of the whole process tree;
* while one answer in ten is lost after the work was done, to count which looks were paid twice;
* ended by SIGKILL when half of the looks were paid for, and started again, to count what was bought
  twice.

The peers are written as such a script usually is (``look.py`` says how), with the retries that each
tool brings. What none of this can measure is in the table of docs/performance.md.
"""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from bench.peers.contenders import CONTENDERS, Contender, Place, environment_of
from bench.peers.environment import Missing
from bench.report import Row
from bench.server import Simulator

CHAIN = 3
LATENCY = 1.0
"""Seconds that a generation takes."""
LOOK_SECONDS = 0.05
"""Seconds between two looks at whether a contender has ended, or is to be ended."""
LONGEST = 300.0
"""Seconds after which a contender that hangs is ended."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How one piece of work went: seconds, CPU seconds of all its processes, its exit code."""

    wall: float
    cpu: float
    code: int
    stats: dict[str, Any]
    pictures: int

    def summary(self, looks: int) -> str:
        """Return in words how it ended."""
        return (
            f"{self.wall:.1f} s, exit {self.code}, {self.pictures} of {looks} pictures, "
            f"{len(self.stats['charges'])} charges"
        )

    def twice(self) -> int:
        """Return how many looks were charged more than once."""
        charges = Counter(charge["name"] for charge in self.stats["charges"])
        return sum(count > 1 for count in charges.values())


def work_of(looks: int, place: Place) -> None:
    """Write the work into a contender's folder, in every form that one of them reads."""
    made: list[dict[str, Any]] = [
        {
            "key": "base",
            "name": "Sarah",
            "prompt": "Woman in her 40s, warm smile, navy blazer, office, daylight",
            "reference": None,
        }
    ]
    for number in range(looks - 1):
        key = f"look-{number:03}"
        reference = made[-1]["key"] if number % CHAIN else "base"
        prompt = f"Wearing navy blazer {number}, modern office with plants, warm morning light"
        made.append({"key": key, "name": key, "prompt": prompt, "reference": reference})
    for name in ("ids", "images", "levels", "logs"):
        (place.folder / name).mkdir()
    work = {"url": place.url, "at_once": place.at_once, "looks": made}
    (place.folder / "work.json").write_text(json.dumps(work), "utf-8")
    (place.folder / "work.yaml").write_text(manifest(made), "utf-8")
    levels: dict[str | None, int] = {None: 0}
    lines: dict[int, list[str]] = {}
    for look in made:
        level = levels[look["key"]] = levels[look["reference"]] + 1
        fields = (look["key"], look["reference"] or "-", look["name"], look["prompt"])
        lines.setdefault(level, []).append("\t".join(fields) + "\n")
    for level, found in lines.items():
        (place.folder / "levels" / f"{level}.tsv").write_text("".join(found), "utf-8")


def manifest(looks: list[dict[str, Any]]) -> str:
    """The same work as ours reads it."""
    lines = ["version: 1", "campaign: bench"]
    for look in looks:
        names = f"name: {look['name']}, prompt: '{look['prompt']}'"
        if look["key"] == "base":
            lines += [f"base: {{{names}}}", "looks:"]
        else:
            lines.append(f"  {look['key']}: {{{names}, avatar_id: {{look: {look['reference']}}}}}")
    return "\n".join(lines) + "\n"


def carry_out(
    contender: Contender,
    looks: int,
    at_once: int,
    *faults: str,
    install: bool = False,
    killed: bool = False,
) -> Ended:
    """Run one contender on a fresh account. Raises Missing where it cannot."""
    options = ["--latency", f"fixed:{LATENCY}", "--concurrency", str(2 * at_once)]
    options += [part for fault in faults for part in ("--fault", fault)]
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        with Simulator(*options) as simulator:
            place = Place(folder, simulator.url, at_once)
            work_of(looks, place)
            command = contender.command(place, install)
            if killed:
                start(command, contender, place, lambda: charged(simulator) >= looks / 2)
            wall, cpu, code = start(command, contender, place)
            stats = simulator.stats()
            if os.environ.get("BENCH_SHOW"):
                print((folder / "said").read_text("utf-8", "replace"), file=sys.stderr)
        pictures = len([*folder.glob("images/*.*"), *folder.glob("work.lookbook/**/images/*.*")])
        return Ended(wall, cpu, code, stats, pictures)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def charged(simulator: Simulator) -> int:
    """Return how many generations were paid for so far."""
    return len(simulator.stats()["charges"])


def start(
    command: list[str],
    contender: Contender,
    place: Place,
    enough: Callable[[], bool] = lambda: False,
) -> tuple[float, float, int]:
    """Run a command to its end, or until it was ``enough``; then nothing of it is left.

    Return its wall time, its CPU with that of the processes that it waited for, and its exit code.
    """
    begun, used = perf_counter(), children()
    with (place.folder / "said").open("ab") as said:
        process = subprocess.Popen(
            command,
            cwd=place.folder,
            env=environment_of(contender, place),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
        while process.poll() is None and perf_counter() - begun < LONGEST and not enough():
            with suppress(subprocess.TimeoutExpired):
                process.wait(LOOK_SECONDS)
        wall = perf_counter() - begun
        with suppress(ProcessLookupError):  # the session is the contender's own
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return wall, children() - used, process.returncode


def children() -> float:
    """CPU seconds of all processes that were started here and have ended, with theirs."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def measure(*, quick: bool) -> list[Row]:
    """Measure everybody in turn; who cannot take part has a row that says why."""
    looks, at_once = (13, 4) if quick else (31, 10)
    return [
        row
        for contender in CONTENDERS
        for row in rows_of(contender, looks, at_once, install=not quick)
    ]


def rows_of(contender: Contender, looks: int, at_once: int, *, install: bool) -> list[Row]:
    """Return what one contender came to."""
    name = f"peers: {contender.name}"
    bound = LATENCY + max(CHAIN * LATENCY, (looks - 1) * LATENCY / at_once)
    try:
        calm = carry_out(contender, looks, at_once, install=install)
    except Missing as missing:
        return [Row(name, 0, unit="", detail=f"not measured: {missing}")]
    lossy = carry_out(contender, looks, at_once, "drop-response:0.1")
    killed = carry_out(contender, looks, at_once, killed=True)
    of = f"of {looks} looks"
    return [
        Row(f"{name}, wall time against the bound", calm.wall / bound, detail=calm.summary(looks)),
        Row(f"{name}, CPU of a look", calm.cpu / looks * 1e3, unit="ms"),
        Row(
            f"{name}, paid twice where one answer in ten was lost",
            lossy.twice(),
            unit="",
            detail=f"{of}; {lossy.summary(looks)}",
        ),
        Row(
            f"{name}, paid twice when killed half-way and started again",
            killed.twice(),
            unit="",
            detail=f"{of}; {killed.summary(looks)}",
        ),
    ]
