"""The wall time of a whole ``lookbook run`` on the real simulator over HTTP, against its bound.

The simulator is a process of its own, as HeyGen would be, with pictures off. The time is that of
the whole process: start-up, manifest, account, plan, looks, results and catalog. The looks stand
by themselves, so the bound is their work divided by the jobs at a time.
"""

import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from bench.command import lookbook
from bench.report import Row

GOAL = 1.10
SECONDS = 2.0
CONCURRENCY = 20


class Simulator:
    """The simulator in a process of its own."""

    def __init__(self, folder: Path, seconds: float, concurrency: int) -> None:
        command = [
            sys.executable, "-m", "runner", "simulator", "--port", "0", "--pictures", "off",
            "--latency", f"fixed:{seconds}", "--concurrency", str(concurrency),
        ]  # fmt: skip
        self._log = (folder / "simulator.log").open("w")
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self._log, text=True
        )
        assert self._process.stdout is not None
        line = next(line for line in self._process.stdout if "http://" in line)
        self.url = "http://" + line.partition("http://")[2].split()[0].rstrip("/.")

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()
        self._log.close()


def manifest(looks: int) -> str:
    """Looks that wait for nothing, not even the base; together they are in one group or in many."""
    lines = ["version: 1", "campaign: bench", "base: {name: Sarah, prompt: A woman in her 40s}"]
    lines += [f"max_looks: {looks + 1}", "looks:"]
    for number in range(looks - 1):
        lines += [f"  look-{number:04}:", f"    prompt: Wearing coat {number}, studio, soft light"]
        lines += ["    avatar_id: null"]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class Ran:
    """One whole run, in seconds: its wall time and CPU, and where the wall time went."""

    wall: float
    cpu: float
    before: float
    """From the process's start until the first look was about to be sent."""
    after: float
    """From the last look's completion until the process had ended."""
    sending: float
    """From a look's intent until its acceptance was on disk, on average."""
    noticing: float
    """From a look's acceptance until its completion was on disk, less what it took, on average."""
    refilling: float
    """From a completion until the next look was about to be sent in its place, on average."""


def run_once(folder: Path, url: str, looks: int) -> Ran:
    """Run it all in a process of its own."""
    path = folder / "bench.yaml"
    path.write_text(manifest(looks), "utf-8")
    environment = {**os.environ, "HEYGEN_API_KEY": "bench", "HEYGEN_API_BASE": url}
    environment["HEYGEN_ALLOW_HTTP"] = "1"
    clock = time.time()
    took = lookbook(*("run", path, "--yes", "--max-concurrency", str(CONCURRENCY)), env=environment)
    wall = took.wall
    moments = read_moments(next(folder.rglob("ledger.sqlite")))
    sent = sorted(of["intended"] for of in moments)
    completed = sorted(of["completed"] for of in moments)
    return Ran(
        wall,
        took.cpu,
        before=sent[0] - clock,
        after=clock + wall - completed[-1],
        sending=fmean(of["accepted"] - of["intended"] for of in moments),
        noticing=fmean(of["completed"] - of["accepted"] for of in moments) - SECONDS,
        refilling=fmean(
            later - before for before, later in zip(completed, sent[CONCURRENCY:], strict=False)
        ),
    )


def read_moments(ledger: Path) -> list[dict[str, float]]:
    """Return when each look was sent, accepted and completed, from the ledger's events."""
    found: dict[str, dict[str, float]] = {}
    with closing(sqlite3.connect(ledger)) as connection:
        query = "SELECT take, kind, at FROM events WHERE take IS NOT NULL ORDER BY seq"
        for take, kind, at in connection.execute(query):
            found.setdefault(take, {})[kind] = at
    return list(found.values())


def requests_of(url: str) -> dict[str, int]:
    import httpx

    stats = httpx.get(f"{url}/__simulator__/stats").json()
    assert stats["rejected"].get("429", 0) == 0, stats["rejected"]
    found: dict[str, int] = stats["requests"]
    return found


def measure(*, quick: bool) -> list[Row]:
    """One run, its bound, where the rest of its time went, and what it asked."""
    looks = 100 if quick else 300
    bound = looks * SECONDS / CONCURRENCY
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        simulator = Simulator(folder, SECONDS, CONCURRENCY)
        try:
            ran = run_once(folder, simulator.url, looks)
            requests = requests_of(simulator.url)
        finally:
            simulator.stop()
    lists = requests.get("GET /v3/avatars/looks", 0)
    # A look that is done is asked after once more for a link to its picture: that is no status.
    single = requests.get("GET /v3/avatars/looks/{look_id}", 0) - looks
    size = f"{looks} looks of {SECONDS:g} s, {CONCURRENCY} at a time"
    rounds = f"{looks // CONCURRENCY} in a row"
    return [
        Row(
            f"wall time of `run`, {size}, against the bound",
            ran.wall / bound,
            goal=GOAL,
            detail=f"{ran.wall:.1f} of {bound:.1f} s, {ran.cpu:.1f} s of CPU in it; "
            f"load of the machine {os.getloadavg()[0]:.1f}",
        ),
        Row("of it: until the first look is sent", ran.before, unit="s"),
        Row("of it: sending a look", ran.sending * 1000, unit="ms", detail=rounds),
        Row("of it: noticing that it is done", ran.noticing * 1000, unit="ms", detail=rounds),
        Row("of it: sending the next", ran.refilling * 1000, unit="ms", detail=rounds),
        Row("of it: after the last look", ran.after, unit="s", detail="results, catalog, exit"),
        Row(
            "status requests for each look in it",
            (lists + single) / looks,
            unit="",
            detail=f"{lists} pages, {single} single",
        ),
    ]
