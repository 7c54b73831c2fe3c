"""Many machines: a ledger in PostgreSQL against a file, and queued runs through 1, 2 and 4 workers.

Both sides of a ratio are measured in one go, and everything is a process of its own: the simulator,
PostgreSQL from its wheel, workers, and each run that they carry out. Needs the extras
``distributed`` and ``test-distributed``; without them there are no rows.
"""

import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.command import account_at, lookbook
from bench.report import Row
from bench.server import Simulator
from bench.studio import Studio, write_manifest
from runner.queue.port import QueuedRun, RunState
from tests.ledger.postgres import missing, serve_postgres

AT_ONCE = 20
LIMIT = 10
LATENCY = 3.0
WITHIN = 600.0


def measure(*, quick: bool) -> list[Row]:
    """Measure a run's CPU and requests, makespans, and what a killed worker costs."""
    if (why := missing()) is not None:
        print(why, file=sys.stderr)
        return []
    rows = [*compare_ledgers(60 if quick else 200)]
    with tempfile.TemporaryDirectory() as name:
        for workers in (1, 2) if quick else (1, 2, 4):
            rows += make_campaigns(Path(name) / str(workers), workers, 4 if quick else 12)
    return rows


def compare_ledgers(looks: int) -> list[Row]:
    """Run one campaign of so many looks with a ledger in a file, and with one in PostgreSQL."""
    with serve_postgres() as server:
        local, shared = (_run_alone(looks, options) for options in ((), ("--on", server.address())))
    return [
        Row(
            "run on a shared ledger: CPU of the command, against a file",
            shared[0] / local[0],
            goal=1.5,
            detail=f"{looks} looks: {shared[0] / looks * 1e3:.1f} ms a look, a file "
            f"{local[0] / looks * 1e3:.1f} ms, start-up included",
        ),
        Row(
            "run on a shared ledger: requests to the API, against a file",
            shared[1] / local[1],
            goal=1.2,
            detail=f"{shared[1] / looks:.2f} a look, a file {local[1] / looks:.2f}",
        ),
    ]


def _run_alone(looks: int, options: tuple[str, ...]) -> tuple[float, int]:
    """Return the CPU seconds of a run, and how many requests it made."""
    limit = ("--latency", "fixed:1", "--concurrency", str(AT_ONCE))
    with tempfile.TemporaryDirectory() as name, Simulator(*limit) as simulator:
        manifest = Path(name) / "bench.yaml"
        manifest.write_text(write_manifest("bench", looks), "utf-8")
        port = int(simulator.url.rpartition(":")[2])
        command = ["run", str(manifest), "--yes", "--max-concurrency", str(AT_ONCE), *options]
        spent = lookbook(*command, env=account_at(port))
        return spent.cpu, sum(simulator.stats()["requests"].values())


def make_campaigns(folder: Path, workers: int, campaigns: int) -> list[Row]:
    """Start workers on so many queued campaigns; with several, one of them is killed late."""
    looks = 9
    with Studio(folder, limit=LIMIT, latency=LATENCY) as studio:
        studio.start_workers(1)
        studio.enqueue("north", "first", looks)  # its wallet shows what a look costs
        for _ in studio.watch(within=WITHIN):
            pass
        for worker in studio.workers:
            worker.process.terminate()
            worker.process.wait()
        studio.enqueue_all([("north", f"spring-{n}", looks) for n in range(campaigns)])
        studio.start_workers(workers)
        killed_at, had, handed_on = 0.0, set[str](), 0.0
        view = studio.look()
        for view in studio.watch(within=WITHIN):
            running = [run for run in view.runs if run.state is RunState.RUNNING]
            if workers > 1 and not had and len(running) > 1 and _share(view.runs) > 0.5:
                number = studio.name_worker(running[0].worker)
                had = {r.run for r in running if studio.name_worker(r.worker) == number}
                victim = next(one for one in studio.workers if one.number == number)
                victim.process.send_signal(signal.SIGKILL)
                killed_at = time.monotonic()
            moved = [run for run in view.runs if run.run in had and run.attempt > 1]
            if had and not handed_on and len(moved) == len(had):
                handed_on = time.monotonic() - killed_at
        stats = studio.stats("north")
    return [*_report(view.runs[1:], workers, looks, stats), *_report_recovery(workers, handed_on)]


def _share(runs: tuple[QueuedRun, ...]) -> float:
    return sum(run.state is RunState.ENDED for run in runs) / len(runs)


def _report(
    runs: tuple[QueuedRun, ...], workers: int, looks: int, stats: dict[str, Any]
) -> list[Row]:
    charges = len(stats["charges"])
    every = (looks + 1) * (len(runs) + 1)
    if charges != every or any(run.exit_code for run in runs):
        raise RuntimeError(f"{charges} charges for {every} looks, {[r.exit_code for r in runs]}")
    begun = min(run.started_at or 0.0 for run in runs)
    took = max(run.ended_at or 0.0 for run in runs) - begun
    bound = LATENCY * (looks + 1) * len(runs) / LIMIT
    killed = ", one of them killed" if workers > 1 else ""
    return [
        Row(
            f"{len(runs)} campaigns of {looks + 1} looks through {workers} "
            f"worker{'s' if workers > 1 else ''}{killed}: makespan, against the account's bound",
            took / bound,
            detail=f"{took:.1f} s, bound {bound:.1f} s; {charges} charges for {every} looks, "
            f"{stats['peak_in_progress']} at a time of {LIMIT}",
        )
    ]


def _report_recovery(workers: int, handed_on: float) -> list[Row]:
    if workers == 1:
        return []
    if not handed_on:
        raise RuntimeError("no run of the killed worker was handed on")
    return [
        Row(
            f"a worker of {workers} is killed: until another has begun all it had",
            handed_on,
            goal=10.0,
            unit="s",
        )
    ]
