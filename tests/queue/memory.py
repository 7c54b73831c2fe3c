"""The queue in memory (``runner.queue.port.WorkerQueue``), for whoever tests what asks it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import count

from runner.queue.pack import Pack
from runner.queue.port import (
    PROTOCOL,
    WORKER_DEAD_AFTER,
    BegunRun,
    Output,
    QueuedRun,
    RunWaiting,
    WorkerSeen,
)
from runner.queue.schedule import Schedule, compute_next
from runner.takes import Account


class MemoryQueue:
    """A queue whose clock stands until a test moves it."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.runs: dict[str, QueuedRun] = {}
        self.packs: dict[str, Pack] = {}
        self.texts: dict[str, str] = {}
        self.killed: dict[str, set[int]] = {}
        self.silent: set[int] = set()
        self.names: dict[str, Account] = {}
        self.schedules: dict[str, tuple[Schedule, Pack]] = {}
        self._workers: dict[str, tuple[tuple[Account, ...], int, float, float]] = {}
        self._output: dict[str, list[Output]] = {}
        self._handed_over: set[str] = set()
        self._numbers = count(1)

    def close(self) -> None:
        """Keep everything."""

    def is_there(self) -> bool:
        return True

    def migrate(self) -> None:
        """Make nothing."""

    def advance(self, seconds: float) -> None:
        """Move the database's clock."""
        self.now += seconds

    def enqueue(self, pack: Pack, *, by: str) -> str:
        for there in self.runs.values():
            ours = (there.account, there.campaign) == (pack.account, pack.campaign)
            if ours and there.ended_at is None:
                raise RunWaiting(there)
        run = f"run{next(self._numbers)}"
        self.runs[run] = QueuedRun(run, pack.account, pack.campaign, self.now, by)
        self.packs[run] = pack
        return run

    def find(self, run: str) -> QueuedRun | None:
        return self.runs.get(run)

    def list_runs(self, *, ended: int = 20, campaign: str | None = None) -> list[QueuedRun]:
        meant = [run for run in self.runs.values() if campaign in (None, run.campaign)]
        over = sorted(
            (run for run in meant if run.ended_at is not None),
            key=lambda run: run.ended_at or 0.0,
        )
        waiting = [run for run in meant if run.ended_at is None]
        return [*over[max(0, len(over) - ended) :], *waiting]

    def read_output(self, run: str, *, after: int = 0) -> list[Output]:
        return [piece for piece in self._output.get(run, []) if piece.number > after]

    def cancel(self, run: str) -> QueuedRun | None:
        there = self.runs.get(run)
        if there is not None and there.ended_at is None:
            alive = {worker.name for worker in self.list_workers() if worker.is_alive}
            ended = None if there.worker in alive else self.now
            self.runs[run] = replace(there, cancelled=True, ended_at=ended)
        return there

    def add_schedule(self, pack: Pack, cron: str, zone: str, *, by: str) -> str:
        most = Decimal(pack.options["max_cost"])
        name, due = f"schedule{next(self._numbers)}", compute_next(cron, zone, self.now)
        made = Schedule(name, pack.account, pack.campaign, cron, zone, most, by, due)
        self.schedules[name] = (made, pack)
        return name

    def list_schedules(self) -> list[Schedule]:
        return sorted((one for one, _ in self.schedules.values()), key=lambda one: one.next_at)

    def remove_schedule(self, schedule: str) -> bool:
        return self.schedules.pop(schedule, None) is not None

    def start_due(self, accounts: Sequence[Account]) -> list[Schedule]:
        started = []
        for name, (known, pack) in self.schedules.items():
            if known.account in accounts and known.next_at <= self.now:
                try:
                    run = self.enqueue(pack, by=f"schedule {name}")
                except RunWaiting:
                    run = None
                due = compute_next(known.cron, known.zone, self.now)
                one = replace(known, next_at=due, last_at=self.now, last_run=run)
                self.schedules[name] = (one, pack)
                started.append(one)
        return started

    def find_old_runs(self, age: float) -> list[str]:
        old = [run for run in self.list_runs(ended=1000) if run.ended_at is not None]
        return [run.run for run in old if (run.ended_at or 0.0) < self.now - age]

    def delete_runs(self, runs: Sequence[str]) -> int:
        before = self._pictures()
        for run in runs:
            if self.runs[run].ended_at is not None:
                del self.runs[run], self.packs[run]
                self._output.pop(run, None)
        return len(before - self._pictures())

    def _pictures(self) -> set[str]:
        packs = [*self.packs.values(), *(pack for _, pack in self.schedules.values())]
        return {checksum for pack in packs for checksum in pack.contents}

    def list_workers(self) -> list[WorkerSeen]:
        return [
            WorkerSeen(name, accounts, slots, "0", PROTOCOL, started, self.now - beat)
            for name, (accounts, slots, started, beat) in sorted(self._workers.items())
        ]

    def find_named(self, name: str) -> Account | None:
        return self.names.get(name)

    def name_account(self, name: str, account: Account) -> Account:
        return self.names.setdefault(name, account)

    def enlist(self, worker: str, accounts: Sequence[Account], slots: int) -> None:
        self._workers[worker] = ((*accounts,), slots, self.now, self.now)

    def beat(self, worker: str) -> bool:
        if worker not in self._workers:
            return False
        accounts, slots, started, _ = self._workers[worker]
        self._workers[worker] = (accounts, slots, started, self.now)
        return True

    def leave(self, worker: str) -> None:
        self._workers.pop(worker, None)

    def remove_dead_workers(self) -> list[str]:
        dead_since = self.now - WORKER_DEAD_AFTER
        dead = [name for name, told in self._workers.items() if told[3] < dead_since]
        for name in dead:
            del self._workers[name]
        return dead

    def find_new(self, accounts: Sequence[Account]) -> list[QueuedRun]:
        return [
            run
            for run in self.runs.values()
            if run.account in accounts and run.ended_at is None and run.run not in self._handed_over
        ]

    def note_handed_over(self, run: str) -> None:
        self._handed_over.add(run)

    def begin(self, run: str, worker: str) -> BegunRun | None:
        there = self.runs[run]
        if there.ended_at is None and there.cancelled:
            self.runs[run] = replace(there, ended_at=self.now, attempt=there.attempt + 1)
        if there.ended_at is not None or there.cancelled:
            return None
        started = self.now if there.started_at is None else there.started_at
        attempt = there.attempt + 1
        self.runs[run] = replace(there, attempt=attempt, worker=worker, started_at=started)
        pack = self.packs[run]
        return BegunRun(self.runs[run], self.texts.get(run, pack.to_json()))

    def read_pictures(self, begun: BegunRun) -> BegunRun:
        begun.read_pack()
        return replace(begun, contents=self.packs[begun.run.run].contents)

    def is_wanted(self, begun: BegunRun) -> bool:
        there = self.runs[begun.run.run]
        return there.attempt == begun.attempt and not there.cancelled

    def find_silent(self, pids: Mapping[str, int]) -> list[str]:
        return [run for run, pid in pids.items() if pid in self.silent]

    def note_killed(self, begun: BegunRun) -> int:
        there = self.runs[begun.run.run]
        if there.attempt != begun.attempt:
            return 0
        killed = self.killed.setdefault(there.run, set())
        killed.add(begun.attempt)
        return len(killed)

    def write_output(self, begun: BegunRun, text: str, *, error: bool) -> None:
        there = self.runs[begun.run.run]
        if there.attempt != begun.attempt:
            return
        lines = text.strip().splitlines()
        if error and lines:
            self.runs[there.run] = replace(there, message=lines[-1])
        piece = Output(next(self._numbers), error, text)
        self._output.setdefault(there.run, []).append(piece)

    def end(self, begun: BegunRun, exit_code: int) -> bool:
        there = self.runs[begun.run.run]
        if there.attempt != begun.attempt:
            return False
        ended = self.now if there.ended_at is None else there.ended_at
        self.runs[there.run] = replace(there, ended_at=ended, exit_code=exit_code)
        return True
