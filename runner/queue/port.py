"""The queue of runs as everybody sees it, whatever holds it: values, and what can be asked of it.

A run is queued by whoever planned it, begun by a worker that has the account's key, and ended with
the exit code that ``lookbook run`` would have had. What a dead worker had is handed to others.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from runner.errors import UsageError
from runner.queue.pack import Pack
from runner.takes import Account

if TYPE_CHECKING:
    from runner.queue.schedule import Schedule

PROTOCOL = 2
"""Raised where a pack means something else than before: workers take only packs of their own."""

WORKER_BEAT = 1.0
"""Seconds between two heartbeats of a worker; each of them hands on what dead workers left."""

WORKER_DEAD_AFTER = 4.0
"""Seconds without a heartbeat after which a worker is taken for dead."""


def make_id() -> str:
    """Return a name for a run that no other run has."""
    return secrets.token_hex(8)


class RunState(StrEnum):
    """Where a run is."""

    QUEUED = "queued"
    RUNNING = "running"
    ENDED = "ended"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class QueuedRun:
    """A run in the queue, or one that has left it. Times are Unix seconds of the database's clock.

    ``attempt`` counts how often it was begun; ``worker`` began it last. ``exit_code`` is there once
    it has ended, ``message`` is the last line that it wrote. ``cancelled`` says that somebody wants
    it to end, which one that is running still has to do.
    """

    run: str
    account: Account
    campaign: str
    queued_at: float
    queued_by: str
    attempt: int = 0
    worker: str | None = None
    started_at: float | None = None
    cancelled: bool = False
    ended_at: float | None = None
    exit_code: int | None = None
    message: str | None = None

    @property
    def state(self) -> RunState:
        """Return where it is."""
        if self.ended_at is None:
            return RunState.QUEUED if self.started_at is None else RunState.RUNNING
        return RunState.CANCELLED if self.cancelled else RunState.ENDED


@dataclass(frozen=True, slots=True)
class Output:
    """A piece of what a run wrote: to stderr where ``error``."""

    number: int
    error: bool
    text: str


@dataclass(frozen=True, slots=True)
class WorkerSeen:
    """A worker that said it lives; ``silent`` is for how many seconds it has said nothing."""

    name: str
    accounts: tuple[Account, ...]
    slots: int
    version: str
    protocol: int
    started_at: float
    silent: float

    @property
    def is_alive(self) -> bool:
        """Return whether it is not taken for dead."""
        return self.silent < WORKER_DEAD_AFTER

    def serves(self, account: Account) -> bool:
        """Return whether it lives and takes runs of an account that this program packs."""
        return self.is_alive and self.protocol == PROTOCOL and account in self.accounts


@dataclass(frozen=True, slots=True)
class BegunRun:
    """A run that a worker has begun, and what it needs for it.

    ``attempt`` is handed back with everything that is said of it: who has another one is fenced.
    ``text`` is the pack as the queue holds it, ``contents`` are its pictures once they are read.
    """

    run: QueuedRun
    text: str = field(repr=False)
    contents: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    def read_pack(self) -> Pack:
        """Return its pack. Raises UnreadablePack."""
        return Pack.from_json(self.text, self.contents)

    @property
    def attempt(self) -> int:
        """Return the number of this beginning."""
        return self.run.attempt


class RunWaiting(UsageError):
    """The campaign is queued or running already; ``run`` is the one."""

    def __init__(self, run: QueuedRun, *, hint: str | None = None) -> None:
        told = "is under way" if run.state is RunState.RUNNING else "waits for a worker"
        super().__init__(
            f"{run.campaign} of {run.account.label} is in the queue already: run {run.run}, queued "
            f"by {run.queued_by}, {told}.",
            hint=hint,
        )
        self.run = run


class RunQueue(Protocol):
    """What whoever queues runs, follows them or looks at them asks."""

    def is_there(self) -> bool:
        """Return whether there is a queue: whoever comes first makes it."""

    def enqueue(self, pack: Pack, *, by: str) -> str:
        """Queue a run; return its id. Raises RunWaiting while the same campaign is in the queue."""

    def find(self, run: str) -> QueuedRun | None:
        """Return one run."""

    def list_runs(self, *, ended: int = 20, campaign: str | None = None) -> list[QueuedRun]:
        """Return the runs in the queue in its order, and before them the last that ``ended``.

        ``campaign`` is the name of the only ones that are meant.
        """

    def read_output(self, run: str, *, after: int = 0) -> list[Output]:
        """Return what a run wrote after a piece that is known."""

    def cancel(self, run: str) -> QueuedRun | None:
        """Take a run out of the queue, or ask its worker to end it, if that lives.

        Return what there was.
        """

    def find_old_runs(self, age: float) -> list[str]:
        """Return the runs that ended more than so many seconds ago, the oldest first.

        Raises UsageError for whoever may not delete them.
        """

    def delete_runs(self, runs: Sequence[str]) -> int:
        """Delete those of some runs that have ended, what they wrote, and pictures no other needs.

        Return how many pictures that were.
        """

    def list_workers(self) -> list[WorkerSeen]:
        """Return the workers that are known, the dead as well until they are swept."""

    def find_named(self, name: str) -> Account | None:
        """Return the account that workers know by a name."""

    def add_schedule(self, pack: Pack, cron: str, zone: str, *, by: str) -> str:
        """Run a pack at the times of a cron expression; return the schedule's id.

        Raises UsageError for an expression or a zone that is none.
        """

    def list_schedules(self) -> "list[Schedule]":
        """Return the schedules by when they are due."""

    def remove_schedule(self, schedule: str) -> bool:
        """Forget a schedule; return whether there was one. What it queued stays."""


class WorkerQueue(RunQueue, Protocol):
    """What a worker asks as well. ``worker`` is its name, which no other process ever has."""

    def name_account(self, name: str, account: Account) -> Account:
        """Note an account's name; return whose it is, which may be another's that came first."""

    def enlist(self, worker: str, accounts: Sequence[Account], slots: int) -> None:
        """Note a worker that is about to serve."""

    def beat(self, worker: str) -> bool:
        """Note that a worker lives; return False where it was taken for dead meanwhile."""

    def leave(self, worker: str) -> None:
        """Remove a worker: what it has begun and not ended is handed on."""

    def remove_dead_workers(self) -> list[str]:
        """Remove the workers that are taken for dead; return their names."""

    def start_due(self, accounts: Sequence[Account]) -> "list[Schedule]":
        """Queue what is due of accounts, once, each missed time included; return what was due.

        A campaign that is in the queue already is left alone.
        """

    def find_new(self, accounts: Sequence[Account]) -> list[QueuedRun]:
        """Return the runs of accounts that no engine knows yet."""

    def note_handed_over(self, run: str) -> None:
        """Note that the engine knows a run."""

    def begin(self, run: str, worker: str) -> BegunRun | None:
        """Begin a run; None where it has ended, or was cancelled before, which ends it."""

    def read_pictures(self, begun: BegunRun) -> BegunRun:
        """Return a run that was begun with its pictures. Raises UnreadablePack or StorageError."""

    def is_wanted(self, begun: BegunRun) -> bool:
        """Return whether a run that was begun is still this worker's, and nobody cancelled it."""

    def find_silent(self, pids: Mapping[str, int]) -> list[str]:
        """Return those of some runs whose process holds its campaign and shows no sign of life.

        ``pids`` are their processes on this machine.
        """

    def note_killed(self, begun: BegunRun) -> int:
        """Note that the process of a run was killed; return how often that was so by now."""

    def write_output(self, begun: BegunRun, text: str, *, error: bool) -> None:
        """Write down a piece of what a run wrote, unless another worker has it now."""

    def end(self, begun: BegunRun, exit_code: int) -> bool:
        """Note how a run ended; return False where another worker has it now."""


class Engine(Protocol):
    """Hands queued runs out to the workers of their accounts, durably."""

    def start(
        self, worker: str, accounts: Sequence[Account], slots: int, carry_out: Callable[[str], None]
    ) -> None:
        """Begin to hand runs to this process: ``carry_out`` is called in a thread for each.

        When it returns the run is over for the engine.
        """

    def hand_over(self, run: QueuedRun) -> None:
        """Put a run into the engine's queue; one that is there already stays as it is."""

    def hand_on(self, alive: Sequence[str]) -> int:
        """Hand out anew what other workers than those ``alive`` were given; return how many.

        So it does with what this worker was given and never began.
        """

    def forget(self, runs: Sequence[str]) -> None:
        """Delete what the engine has of runs that have ended; nobody need have started it."""

    def stop(self) -> None:
        """Take nothing more; what was taken and has not returned stays this worker's."""
