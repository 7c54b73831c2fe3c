"""Many machines: a ledger in PostgreSQL against a file, and queued runs through 1, 2 and 4 workers.

Both sides of a ratio are measured in one go, and everything is a process of its own: the simulator,
PostgreSQL from its wheel, workers, and each run that they carry out. Needs the extras
``distributed`` and ``test-distributed``; without them there are no rows.
"""

import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bench.command import account_at, lookbook
from bench.report import Row
from bench.server import Simulator
from bench.studio import Studio, StudioView, write_manifest
from runner.queue.port import QueuedRun, RunState
from tests.ledger.postgres import missing, serve_postgres

AT_ONCE = 20
LIMIT = 10
LATENCY = 3.0
WITHIN = 600.0


def measure(*, quick: bool) -> list[Row]:
    """Measure CPU and requests of runs, makespans, pictures, and what a killed worker costs."""
    if (why := missing()) is not None:
        print(why, file=sys.stderr)
        return []
    parts: list[Callable[[], list[Row]]] = [
        partial(compare_ledgers, 60 if quick else 200),
        partial(compare_campaigns, 4 if quick else 12, 15),
        partial(compare_pictures, 2 if quick else 4, 15),
        *(partial(make_campaigns, n, 4 if quick else 12) for n in ((1, 2) if quick else (1, 2, 4))),
    ]
    rows = []
    for part in parts:
        begun = time.monotonic()
        rows += part()
        print(f"{rows[-1].what}: done in {time.monotonic() - begun:.0f} s", file=sys.stderr)
    return rows


@dataclass(frozen=True, slots=True)
class Used:
    """What so many looks took: seconds of processor time, and requests by their kind."""

    looks: int
    cpu: float
    requests: Counter[str]

    @property
    def cpu_each(self) -> float:
        """Return the milliseconds of processor time for each look."""
        return self.cpu / self.looks * 1e3

    @property
    def requests_each(self) -> float:
        """Return the requests for each look."""
        return self.requests.total() / self.looks

    def list_requests(self) -> str:
        """Return the requests for each look by their kind, the most frequent first."""
        counts = self.requests.most_common()
        return ", ".join(f"{kind} {count / self.looks:.2f}" for kind, count in counts)


def compare_ledgers(looks: int) -> list[Row]:
    """Run one campaign of so many looks with a ledger in a file, and with one in PostgreSQL."""
    with serve_postgres() as server:
        local, shared = (
            run_alone(looks, options, at_once=AT_ONCE, latency=1.0)
            for options in ((), ("--on", server.address()))
        )
    return compare("run on a shared ledger", "a file", shared, local)


def compare(what: str, other: str, ours: Used, theirs: Used, *, is_goal: bool = True) -> list[Row]:
    """Return the rows of processor time and requests for each look, and their goals, if any."""
    return [
        Row(
            f"{what}: CPU of a look, against {other}",
            ours.cpu_each / theirs.cpu_each,
            goal=1.5 if is_goal else None,
            detail=f"{ours.looks} looks: {ours.cpu_each:.1f} ms each, "
            f"{other} {theirs.cpu_each:.1f} ms, start-up included",
        ),
        Row(
            f"{what}: requests of a look, against {other}",
            ours.requests_each / theirs.requests_each,
            goal=1.2 if is_goal else None,
            detail=f"{ours.requests_each:.2f} ({ours.list_requests()}); "
            f"{other} {theirs.requests_each:.2f} ({theirs.list_requests()})",
        ),
    ]


def run_alone(
    looks: int, options: tuple[str, ...], *, at_once: int, latency: float, pictures: str = "off"
) -> Used:
    """Run one campaign of so many looks on an account of its own, as a command."""
    limit = ("--latency", f"fixed:{latency:g}", "--concurrency", str(at_once))
    with (
        tempfile.TemporaryDirectory() as name,
        Simulator(*limit, pictures=pictures) as simulator,
    ):
        manifest = Path(name) / "bench.yaml"
        manifest.write_text(write_manifest("bench", looks - 1), "utf-8")
        port = int(simulator.url.rpartition(":")[2])
        command = ["run", str(manifest), "--yes", "--max-concurrency", str(at_once), *options]
        spent = lookbook(*command, env=account_at(port))
        return Used(looks, spent.cpu, Counter(simulator.stats()["requests"]))


def compare_campaigns(campaigns: int, looks: int) -> list[Row]:
    """Run campaigns through one worker, against the same with ledgers in files, and one as large.

    With ledgers in files they are run one after another, and all at once: then each finds out by
    itself what the account's limit leaves to it.
    """
    every = campaigns * looks
    what = f"{campaigns} campaigns of {looks} looks on one worker"
    queued = queue_and_run(campaigns, looks)
    in_turn = run_each(campaigns, looks, beside=1)
    at_once = run_each(campaigns, looks, beside=campaigns)
    large = run_alone(every, (), at_once=LIMIT, latency=2.0)
    return [
        *compare(what, "the same in files, one after another", queued, in_turn),
        *compare(what, "the same in files, all at once", queued, at_once),
        *compare(what, f"one of {every} in a file", queued, large, is_goal=False),
    ]


def run_each(campaigns: int, looks: int, *, beside: int) -> Used:
    """Run campaigns of one account and folder as commands, so many ``beside`` each other.

    Before them a small one is run, as before those in a queue: its wallet shows what a look costs.
    """
    limit = ("--latency", "fixed:2", "--concurrency", str(LIMIT))
    with tempfile.TemporaryDirectory() as name, Simulator(*limit, pictures="off") as simulator:
        account = account_at(int(simulator.url.rpartition(":")[2]))

        def run(campaign: str, count: int) -> float:
            manifest = Path(name) / f"{campaign}.yaml"
            manifest.write_text(write_manifest(campaign, count - 1), "utf-8")
            return lookbook("run", manifest, "--yes", env=account).cpu

        run("first", 2)
        before = Counter(simulator.stats()["requests"])
        with ThreadPoolExecutor(beside) as threads:
            names = [f"spring-{n}" for n in range(campaigns)]
            cpu = sum(threads.map(partial(run, count=looks), names))
        stats = simulator.stats()
    check_charges((), campaigns * looks + 2, stats)
    return Used(campaigns * looks, cpu, Counter(stats["requests"]) - before)


def compare_pictures(campaigns: int, looks: int) -> list[Row]:
    """Measure what pictures cost a look where two workers share the campaigns."""
    without, with_them = (
        queue_and_run(campaigns, looks, workers=2, pictures=pictures) for pictures in ("off", "on")
    )
    return [
        Row(
            "CPU of a look's picture (download, check, thumbnail), two workers",
            with_them.cpu_each - without.cpu_each,
            unit="ms",
            detail=f"{with_them.looks} looks: {with_them.cpu_each:.1f} ms each with pictures, "
            f"{without.cpu_each:.1f} ms without",
        )
    ]


def queue_and_run(
    campaigns: int, looks: int, *, workers: int = 1, latency: float = 2.0, pictures: str = "off"
) -> Used:
    """Queue campaigns on one account and wait until workers carried them out.

    Raises RuntimeError where one fails.
    """
    with (
        tempfile.TemporaryDirectory() as name,
        Studio(Path(name), limit=LIMIT, latency=latency, pictures=pictures) as studio,
    ):
        studio.fill_queue("north", campaigns, looks - 1)
        before = Counter(studio.stats("north")["requests"])
        serving = studio.start_workers(workers)
        begun = sum(worker.measure_cpu() for worker in serving)
        *_, view = studio.watch(within=WITHIN)
        used = sum(worker.measure_cpu() for worker in serving) - begun
        stats = studio.stats("north")
    check_charges(view.runs, campaigns * looks + 2, stats)
    return Used(campaigns * looks, used, Counter(stats["requests"]) - before)


def check_charges(runs: tuple[QueuedRun, ...], looks: int, stats: dict[str, Any]) -> None:
    """Raise RuntimeError unless every run ended well and each look was charged once."""
    charges = len(stats["charges"])
    ill = [f"{run.campaign}: {run.exit_code}, {run.message}" for run in runs if run.exit_code]
    if charges != looks or ill:
        raise RuntimeError(f"{charges} charges for {looks} looks; {ill}")


def make_campaigns(workers: int, campaigns: int) -> list[Row]:
    """Start workers on so many queued campaigns; with several, one of them is killed late."""
    looks = 10
    with (
        tempfile.TemporaryDirectory() as name,
        Studio(Path(name), limit=LIMIT, latency=LATENCY) as studio,
    ):
        studio.fill_queue("north", campaigns, looks - 1)
        studio.start_workers(workers)
        kill = _Kill(studio)
        view = studio.look()
        for view in studio.watch(within=WITHIN):
            if workers > 1:
                kill.follow(view)
        stats = studio.stats("north")
    check_charges(view.runs, campaigns * looks + 2, stats)
    return [*_report(view.runs[1:], workers, looks, stats), *_report_recovery(workers, kill)]


class _Kill:
    """Kills a worker once half of the runs are done, and notes when others go on with its runs."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._had: set[str] = set()
        self._at = 0.0
        self.handed_on = 0.0
        """Seconds after which the last of its runs was begun by another worker."""

    def follow(self, view: StudioView) -> None:
        """Kill when it is time, and look for what it had."""
        running = [run for run in view.runs if run.state is RunState.RUNNING]
        done = sum(run.state is RunState.ENDED for run in view.runs) / len(view.runs)
        if not self._had and len(running) > 1 and done > 0.5:
            number = self._studio.name_worker(running[0].worker)
            self._had = {r.run for r in running if self._studio.name_worker(r.worker) == number}
            victim = next(one for one in self._studio.workers if one.number == number)
            victim.process.send_signal(signal.SIGKILL)
            self._at = time.monotonic()
        moved = [run for run in view.runs if run.run in self._had and run.attempt > 1]
        if self._had and not self.handed_on and len(moved) == len(self._had):
            self.handed_on = time.monotonic() - self._at


def _report(
    runs: tuple[QueuedRun, ...], workers: int, looks: int, stats: dict[str, Any]
) -> list[Row]:
    begun = min(run.started_at or 0.0 for run in runs)
    took = max(run.ended_at or 0.0 for run in runs) - begun
    bound = LATENCY * looks * len(runs) / LIMIT
    killed = ", one of them killed" if workers > 1 else ""
    return [
        Row(
            f"{len(runs)} campaigns of {looks} looks through {workers} "
            f"worker{'s' if workers > 1 else ''}{killed}: makespan, against the account's bound",
            took / bound,
            detail=f"{took:.1f} s, bound {bound:.1f} s; a charge for each look, "
            f"{stats['peak_in_progress']} at a time of {LIMIT}",
        )
    ]


def _report_recovery(workers: int, kill: _Kill) -> list[Row]:
    if workers == 1:
        return []
    if not kill.handed_on:
        raise RuntimeError("no run of the killed worker was handed on")
    return [
        Row(
            f"a worker of {workers} is killed: until another has begun all it had",
            kill.handed_on,
            goal=10.0,
            unit="s",
        )
    ]
