"""Two hundred campaigns of a hundred looks through three workers: every look, memory, tables.

It takes a quarter of an hour and more, so it runs only where it is named: ``python -m bench fleet``
(with ``--quick`` ten campaigns), and only where there is /proc.
"""

import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bench.distributed import Used, check_charges
from bench.report import Row
from bench.studio import Studio, StudioView, StudioWorker, list_tree
from tests.ledger.postgres import missing

LOOKS = 100
LIMIT = 200
LATENCY = 2.0
WORKERS = 3
WITHIN = 7_200.0
SAMPLED = 5.0
"""Seconds between two looks at the memory of all processes."""


def measure(*, quick: bool) -> list[Row]:
    """Queue everything, let the workers serve, and report what it took."""
    if (why := missing()) is not None:
        print(why, file=sys.stderr)
        return []
    campaigns = 10 if quick else 200
    with (
        tempfile.TemporaryDirectory() as name,
        Studio(Path(name), limit=LIMIT, latency=LATENCY) as studio,
    ):
        studio.fill_queue("north", campaigns, LOOKS - 1, at_once=LIMIT)
        print(f"{campaigns} runs are queued", file=sys.stderr, flush=True)
        before = Counter(studio.stats("north")["requests"])
        serving = studio.start_workers(WORKERS)
        used_by = Processors(serving)
        begun, memory = time.monotonic(), Memory()
        log = studio.measure_log()
        view = studio.look()
        for view in studio.watch(within=WITHIN, every=SAMPLED):
            serving = [one for one in serving if one.process.poll() is None]
            # One that was held up for long ends itself, and whoever manages services starts it.
            serving += studio.start_workers(WORKERS - len(serving))
            memory.sample(serving)
            used_by.sample(serving)
            _tell(view, campaigns, time.monotonic() - begun, used_by.total)
        wall = time.monotonic() - begun
        stats = studio.stats("north")
        requests = Counter(stats["requests"]) - before
        used = Used(campaigns * LOOKS, used_by.total, requests)
        check_charges(view.runs, campaigns * LOOKS + 2, stats)
        tables, log = studio.measure_tables(), studio.measure_log() - log
    return [
        *_report(used, used_by.own, wall, stats["peak_in_progress"]),
        *_report_space(used, memory, tables, log),
    ]


def _tell(view: StudioView, campaigns: int, took: float, cpu: float) -> None:
    done = sum(map(view.count_done, view.takes))
    each = cpu / done * 1e3
    print(
        f"{took:6.0f} s  {done} of {campaigns * LOOKS}, {each:.1f} ms of CPU each",
        file=sys.stderr,
        flush=True,
    )


class Processors:
    """The processor time of workers and their runs, in seconds, those that ended included."""

    def __init__(self, workers: list[StudioWorker]) -> None:
        self._idle = {worker.number: worker.measure_cpu() for worker in workers}
        self._all: dict[int, float] = {}
        self._own: dict[int, float] = {}

    def sample(self, workers: list[StudioWorker]) -> None:
        """Look at every worker now."""
        for worker in workers:
            self._all[worker.number] = worker.measure_cpu() - self._idle.get(worker.number, 0.0)
            self._own[worker.number] = worker.measure_own_cpu()

    @property
    def total(self) -> float:
        """Return what all took so far, without what the first workers took to start."""
        return sum(self._all.values())

    @property
    def own(self) -> float:
        """Return what the workers took themselves, their start included."""
        return sum(self._own.values())


@dataclass(slots=True)
class Memory:
    """The most memory that was seen, in bytes: of a worker, of a run, and of all at once."""

    worker: int = 0
    run: int = 0
    total: int = 0
    runs: int = 0

    def sample(self, workers: list[StudioWorker]) -> None:
        """Look at every process now."""
        total = runs = 0
        for worker in workers:
            for pid in list_tree(worker.pid):
                shared, alone = read_memory(pid)
                total += shared
                if pid == worker.pid:
                    self.worker = max(self.worker, alone)
                else:
                    runs += 1
                    self.run = max(self.run, alone)
        self.total, self.runs = max(self.total, total), max(self.runs, runs)


def read_memory(pid: int) -> tuple[int, int]:
    """Return a process's share of the memory that it is in (PSS), and what it is in (RSS)."""
    found = {"Pss:": 0, "Rss:": 0}
    with suppress(OSError):  # it has ended
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines():
            key, *rest = line.split()
            if key in found:
                found[key] = int(rest[0]) * 1024
    return found["Pss:"], found["Rss:"]


def _report(used: Used, own: float, wall: float, peak: int) -> list[Row]:
    what = f"{used.looks:,} looks of {used.looks // LOOKS} campaigns through {WORKERS} workers"
    return [
        Row(
            f"{what}: looks a second",
            used.looks / wall,
            unit="/s",
            better="higher",
            detail=f"{wall:.0f} s; a charge for each look, {peak} at a time of {LIMIT}",
        ),
        Row(
            f"{what}: CPU of a look",
            used.cpu_each,
            unit="ms",
            detail=f"of which the workers' own {own / used.looks * 1e3:.1f} ms",
        ),
        Row(
            f"{what}: requests of a look",
            used.requests_each,
            unit="",
            detail=used.list_requests(),
        ),
    ]


def _report_space(used: Used, memory: Memory, tables: dict[str, int], log: int) -> list[Row]:
    largest = sorted(tables.items(), key=lambda one: -one[1])[:6]
    parts = ", ".join(f"{name} {size / used.looks / 1024:.2f}" for name, size in largest)
    return [
        Row(
            "memory of all workers and runs at once",
            memory.total / 2**20,
            unit="MB",
            detail=f"{memory.runs} runs at once; a worker {memory.worker / 2**20:.0f} MB, "
            f"a run {memory.run / 2**20:.0f} MB with what they share",
        ),
        Row(
            "tables and indexes for a look",
            sum(tables.values()) / used.looks / 1024,
            unit="KiB",
            detail=f"{parts}; write-ahead log {log / used.looks / 1024:.1f} KiB",
        ),
    ]
