"""A studio on this machine: PostgreSQL, simulated accounts and workers, each a process of its own.

Everything is on ports that were free, in a folder that was named, and ended with the block.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bench.command import WITHOUT_TESTS
from bench.server import Simulator
from runner.ledger.postgres.connection import PostgresConnection
from runner.queue.opening import open_queue
from runner.queue.port import QueuedRun, RunState
from tests.ledger.postgres import serve_postgres

KEY = "sk-studio-0123456"
LOOKBOOK = (sys.executable, "-m", "runner")
ENQUEUE = """
import sys
from runner.cli import invoke

at_once, *manifests = sys.argv[1:]
for manifest in manifests:
    code = invoke(["run", manifest, "--detach", "--yes", "--max-concurrency", at_once])
    if code:
        sys.exit(code)
"""
CONNECTIONS = 300
"""Connections that the server takes: each run has three, each worker half a dozen."""

READY = 240.0
"""Seconds in which a worker says that it serves."""

TAKES = """
SELECT campaign.account, campaign.name, take.state, count(*)
  FROM lookbook.campaigns campaign JOIN lookbook.takes take ON take.campaign = campaign.id
 GROUP BY 1, 2, 3
"""
SIZES = """
SELECT relname::text, pg_total_relation_size(pg_class.oid)
  FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
 WHERE nspname IN ('lookbook', 'lookbook_queue') AND relkind = 'r'
"""
DONE = ("completed", "fetched")


@dataclass(frozen=True, slots=True)
class StudioWorker:
    """A worker that was started; ``number`` is what people call it."""

    number: int
    process: "subprocess.Popen[bytes]"

    @property
    def pid(self) -> int:
        """Its process."""
        return self.process.pid

    def measure_cpu(self) -> float:
        """Return the processor time, in seconds, of it and of all runs that it began."""
        return sum(map(read_cpu, list_tree(self.pid)))

    def measure_own_cpu(self) -> float:
        """Return the processor time, in seconds, of it alone."""
        return read_cpu(self.pid, waited=False)


@dataclass(frozen=True, slots=True)
class StudioView:
    """What the database says at one moment: runs, and each campaign's takes by their state."""

    runs: tuple[QueuedRun, ...]
    takes: dict[str, Counter[str]]

    def count_done(self, campaign: str) -> int:
        """Return how many looks of a campaign are there."""
        return sum(self.takes.get(campaign, Counter())[state] for state in DONE)

    @property
    def is_over(self) -> bool:
        """Return whether every run has ended."""
        return all(run.state in (RunState.ENDED, RunState.CANCELLED) for run in self.runs)


class Studio:
    """A database, an account for each name, and workers that are started one by one."""

    def __init__(
        self,
        folder: Path,
        accounts: Sequence[str] = ("north",),
        *,
        limit: int = 10,
        latency: float = 2.0,
        pictures: str = "off",
        store: Path | None = None,
    ) -> None:
        self.folder = folder
        self.limit = limit
        self._stack = ExitStack()
        options = ("--latency", f"fixed:{latency:g}", "--concurrency", str(limit))
        self.simulators = {name: Simulator(*options, pictures=pictures) for name in accounts}
        self._store = store
        self.workers: list[StudioWorker] = []
        self.address = ""

    def __enter__(self) -> Self:
        # What ends the process ends what it started, as Ctrl-C does.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "sitecustomize.py").write_text(f"{WITHOUT_TESTS}\n", "utf-8")
        with ExitStack() as stack:
            server = stack.enter_context(serve_postgres(CONNECTIONS))
            self.address = server.address()
            for simulator in self.simulators.values():
                stack.enter_context(simulator)
            self._queue = stack.enter_context(closing(open_queue(self.address)))
            self._queue.migrate()
            self._rows = stack.enter_context(closing(PostgresConnection(self.address)))
            stack.callback(self._end_workers)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    # --- who works ----------------------------------------------------------------------------

    def _environment(self) -> dict[str, str]:
        ours = {"HEYGEN_", "LOOKBOOK_"}
        given = {k: v for k, v in os.environ.items() if not any(map(k.startswith, ours))}
        given.pop("PYTHONDONTWRITEBYTECODE", None)  # modules are compiled once, as when installed
        # ... and without what only our tests install
        path = [str(self.folder), *filter(None, [given.get("PYTHONPATH")])]
        given["PYTHONPATH"] = os.pathsep.join(path)
        return {**given, "LOOKBOOK_ON": self.address, "NO_COLOR": "1"}

    def client(self, account: str) -> dict[str, str]:
        """Return the environment of a command that has an account's key."""
        base = self.simulators[account].url
        return {**self._environment(), "HEYGEN_API_KEY": KEY, "HEYGEN_API_BASE": base}

    def start_workers(self, count: int) -> list[StudioWorker]:
        """Start workers for all accounts, and wait until they serve."""
        begun = [self._start_worker() for _ in range(count)]
        for worker in begun:
            self._wait_until_ready(worker)
        return begun

    def _start_worker(self) -> StudioWorker:
        number = len(self.workers) + 1
        environment = self._environment()
        for name, simulator in self.simulators.items():
            environment[f"HEYGEN_API_KEY_{name.upper()}"] = KEY
            environment[f"HEYGEN_API_BASE_{name.upper()}"] = simulator.url
        if self._store is not None:
            environment["LOOKBOOK_STORE"] = str(self._store)
        names = [word for name in self.simulators for word in ("--account", name)]
        place = self.folder / f"worker-{number}"
        log = self.folder / f"worker-{number}.log"
        with log.open("wb") as said:
            process = subprocess.Popen(
                [*LOOKBOOK, "worker", *names, "--folder", str(place)],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        worker = StudioWorker(number, process)
        self.workers.append(worker)
        return worker

    def _wait_until_ready(self, worker: StudioWorker) -> None:
        """Wait until a worker says that it serves. Raises RuntimeError."""
        log, deadline = self.folder / f"worker-{worker.number}.log", time.monotonic() + READY
        while b"serves" not in log.read_bytes():
            if worker.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"worker {worker.number}: {log.read_text('utf-8')[-2_000:]}")
            time.sleep(0.05)

    def name_worker(self, name: str | None) -> int | None:
        """Return the number of the worker that the queue knows by a name (HOST-PID-...)."""
        if name is None:
            return None
        pid = name.rsplit("-", 2)[-2]
        return next((one.number for one in self.workers if str(one.pid) == pid), None)

    def _end_workers(self) -> None:
        for worker in self.workers:
            worker.process.terminate()
        for worker in self.workers:
            try:
                worker.process.wait(20)
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()

    # --- what is to be done -------------------------------------------------------------------

    def enqueue(
        self, account: str, campaigns: Sequence[str], looks: int, *, at_once: int = 10
    ) -> None:
        """Queue runs of new campaigns, each a base and so many looks, by one process.

        Raises RuntimeError.
        """
        folder = self.folder / "manifests"
        folder.mkdir(parents=True, exist_ok=True)
        manifests = []
        for campaign in campaigns:
            manifests.append(folder / f"{campaign}.yaml")
            manifests[-1].write_text(write_manifest(campaign, looks), "utf-8")
        done = subprocess.run(
            [sys.executable, "-c", ENQUEUE, str(at_once), *manifests],
            env=self.client(account),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(done.stderr[-2_000:])

    def fill_queue(self, account: str, campaigns: int, looks: int, *, at_once: int = 10) -> None:
        """Queue runs of new campaigns while no worker serves.

        Before them a small one is run: its wallet shows what a look costs.
        """
        (worker,) = self.start_workers(1)
        self.enqueue(account, ["first"], 1, at_once=at_once)
        for _ in self.watch(within=READY):
            pass
        worker.process.terminate()
        worker.process.wait()
        names = [f"spring-{n}" for n in range(campaigns)]
        self.enqueue(account, names, looks, at_once=at_once)

    def look(self) -> StudioView:
        """Return what the database says now."""
        takes: dict[str, Counter[str]] = {}
        for _, name, state, count in self._rows.fetch(TAKES):
            takes.setdefault(name, Counter())[state] += count
        runs = sorted(self._queue.list_runs(ended=10_000), key=lambda run: run.queued_at)
        return StudioView(tuple(runs), takes)

    def watch(self, *, within: float, every: float = 0.25) -> Iterator[StudioView]:
        """Yield what the database says until every run has ended. Raises TimeoutError."""
        deadline = time.monotonic() + within
        while True:
            view = self.look()
            yield view
            if view.is_over:
                return
            if time.monotonic() > deadline:
                raise TimeoutError(f"not done within {within:g} s")
            time.sleep(every)

    def measure_tables(self) -> dict[str, int]:
        """Return how many bytes each table takes, with its indexes."""
        return dict(self._rows.fetch(SIZES))

    def measure_log(self) -> int:
        """Return how many bytes of write-ahead log there were ever."""
        return int(self._rows.fetch("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")[0][0])

    def stats(self, account: str) -> dict[str, Any]:
        """Return what an account saw."""
        return self.simulators[account].stats()


def list_tree(pid: int) -> list[int]:
    """Return a process and all that live beneath it; only where there is /proc."""
    found, ahead = [], [pid]
    while ahead:
        found.append(ahead.pop())
        with suppress(OSError):  # it has ended
            for thread in Path(f"/proc/{found[-1]}/task").iterdir():
                ahead += map(int, (thread / "children").read_text("ascii").split())
    return found


def read_cpu(pid: int, *, waited: bool = True) -> float:
    """Return the processor time, in seconds, of a process and of those that it ``waited`` for."""
    try:
        row = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(") ")[2].split()
    except OSError:  # it has ended
        return 0.0
    return sum(map(int, row[11 : 15 if waited else 13])) / os.sysconf("SC_CLK_TCK")


def write_manifest(campaign: str, looks: int) -> str:
    """Return a manifest of a base and looks that are made from it."""
    prompt = "Wearing navy blazer {}, modern office with plants, warm morning light"
    return json.dumps(
        {
            "version": 1,
            "campaign": campaign,
            "base": {
                "name": f"Sarah of {campaign}",
                "prompt": "Woman in her 40s, warm smile, navy blazer, office, daylight",
            },
            "looks": {f"look-{n:02}": {"prompt": prompt.format(n)} for n in range(looks)},
        }
    )
