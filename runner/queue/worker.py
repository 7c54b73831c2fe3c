"""A worker: carries out the runs that it is handed, each in a process, and hands on dead workers'.

It ends when it is asked to, when its database cannot be reached, or when others took it for dead.
What it has begun and not ended is never lost: whoever serves the account next begins it again.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from typing import Protocol

from runner.errors import DatabaseAway, LookbookError
from runner.policy.exit_codes import Exit
from runner.queue.hung import HUNG_AFTER, MainLoop, SilentRuns
from runner.queue.port import WORKER_BEAT, WORKER_DEAD_AFTER, BegunRun, Engine, WorkerQueue
from runner.queue.run_output import BoundedOutput
from runner.takes import Account

QUIET = 3.0
"""Seconds for which nobody is taken for dead after a start, or after this worker was held up: the
others may have been held up by the same, and not said yet that they live."""

GRACE = 60.0
"""Seconds for which a run that was asked to end is waited for."""

MAX_TROUBLE = 60.0
"""Seconds for which what hands out runs, or connects for one, may fail before this worker ends."""

MAX_KILLS = 3
"""A run whose process was killed so often, wherever, is not begun again."""

MAX_BEGUN = 20
"""A run that was begun so often, wherever, and never came to an end is not begun again."""

UNFINISHED = frozenset({Exit.ACCOUNT, Exit.PERSON, Exit.UNDER_WAY})
"""Exit codes that a run may have that was asked to end before it had sent everything."""

log = logging.getLogger("runner.queue")


class ClosingQueue(WorkerQueue, Protocol):
    """A queue over a connection of its own."""

    def close(self) -> None:
        """Close the connection."""


class RunProcess(Protocol):
    """The process of a run."""

    @property
    def pid(self) -> int:
        """Its number on this machine."""

    def follow(self, write: Callable[[str, bool], None]) -> int:
        """Hand on what it writes, to stderr where the flag is set, until it ends.

        Return its exit code, negative for a signal.
        """

    def ask_to_end(self) -> None:
        """Ask it to send nothing more and end."""

    def kill(self) -> None:
        """End it at once."""


class Worker:
    """One worker process. ``open_queue`` opens a queue for each thread that asks one."""

    def __init__(
        self,
        name: str,
        accounts: Sequence[Account],
        *,
        slots: int,
        open_queue: Callable[[], ClosingQueue],
        engine: Engine,
        start_run: Callable[[BegunRun], RunProcess],
        leave_at_once: Callable[[], None],
    ) -> None:
        """``leave_at_once`` ends this process, for whom nobody else does where it hangs."""
        self.name = name
        self._accounts = accounts
        self._slots = slots
        self._open_queue = open_queue
        self._engine = engine
        self._start_run = start_run
        self._leave_at_once = leave_at_once
        self._silent, self._main = SilentRuns(), MainLoop()
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._running: dict[tuple[str, int], tuple[BegunRun, RunProcess]] = {}
        self._asked: set[tuple[str, int]] = set()
        self._looked = self._quiet_until = 0.0
        self.trouble: str | None = None
        """Why it ends by itself, if it does."""

    # --- serving ------------------------------------------------------------------------------

    def serve(self, started: Callable[[], None] = lambda: None) -> None:
        """Serve until it is asked to end, or has to; ``started`` is called once it does."""
        with closing(self._open_queue()) as queue:
            queue.enlist(self.name, self._accounts, self._slots)
            beat = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
            beat.start()
            try:
                self._engine.start(self.name, self._accounts, self._slots, self.carry_out)
            except LookbookError:
                self._stopping.set()
                self._leave(queue)
                raise
            started()
            self._looked = time.monotonic()
            self._quiet_until = self._looked + QUIET
            well = self._looked
            while not self._stopping.wait(WORKER_BEAT):
                self._main.go_on(time.monotonic())
                try:
                    self.look_around(queue, time.monotonic())
                    well = time.monotonic()
                except LookbookError as error:
                    self._fail(error.message)
                except Exception as error:  # noqa: BLE001 - the engine's: its database may be away
                    log.warning("what hands out runs: %s", error)
                    if time.monotonic() - well > MAX_TROUBLE:
                        self._fail(f"Runs cannot be handed out: {error}")
            self._leave(queue)

    def stop(self) -> None:
        """Ask it to end: sends are answered, and its runs are handed on."""
        self._stopping.set()

    def stop_at_once(self) -> None:
        """End the processes of its runs now."""
        for _, process in self._processes():
            process.kill()

    def look_around(self, queue: WorkerQueue, now: float) -> None:
        """Hand new runs to the engine, and hand on what workers had that are dead or gone.

        ``now`` are seconds of a clock that never goes back.
        """
        if now - self._looked > WORKER_DEAD_AFTER - WORKER_BEAT:
            self._quiet_until = now + QUIET
        self._looked = now
        for due in queue.start_due(self._accounts):
            if due.was_skipped:
                log.warning("the schedule %s did nothing: %s is in the queue", due.id, due.campaign)
        for run in queue.find_new(self._accounts):
            self._main.go_on(time.monotonic())  # they may be thousands
            self._engine.hand_over(run)
            queue.note_handed_over(run.run)
        if now < self._quiet_until:
            return
        for dead in queue.remove_dead_workers():
            log.warning("the worker %s is dead: its runs are handed on", dead)
        self._engine.hand_on([worker.name for worker in queue.list_workers()])

    def _fail(self, trouble: str) -> None:
        self.trouble = self.trouble or trouble
        self._stopping.set()

    def _leave(self, queue: ClosingQueue) -> None:
        """End the runs, and leave what is not finished to others."""
        with suppress(Exception):  # whatever it says, this worker takes nothing more
            self._engine.stop()
        for begun, process in self._processes():
            self._ask_to_end(begun, process)
        deadline = time.monotonic() + GRACE
        while self._running and time.monotonic() < deadline:
            time.sleep(0.05)
        self.stop_at_once()
        with suppress(LookbookError):  # then it is swept: it beats no more
            queue.leave(self.name)

    # --- heartbeat ----------------------------------------------------------------------------

    def _beat(self) -> None:
        """Note each second that this worker lives, and end what is not wanted any more."""
        queue: ClosingQueue | None = None
        while self._running or not self._stopping.is_set():
            try:
                queue = queue or self._open_queue()
                self.beat(queue)
            except Exception as error:  # noqa: BLE001 - whatever it is, it may pass
                log.warning("no heartbeat: %s", error)
                if queue is not None:
                    queue.close()
                queue = None
            time.sleep(WORKER_BEAT)
        if queue is not None:
            queue.close()

    def beat(self, queue: WorkerQueue) -> None:
        """Note that this worker lives, and end what is not wanted any more."""
        if not queue.beat(self.name) and not self._stopping.is_set():
            self._fail(
                "Other workers took this one for dead, because it was held up for "
                f"{WORKER_DEAD_AFTER:.0f} seconds, and carry on its runs."
            )
        for begun, process in self._processes():
            if not queue.is_wanted(begun):
                self._ask_to_end(begun, process)
        self.end_what_hangs(queue, time.monotonic())

    def end_what_hangs(self, queue: WorkerQueue, now: float) -> None:
        """Kill runs that show no sign of life, and leave where this process itself hangs.

        ``now`` are seconds of a clock that never goes back.
        """
        pids = {begun.run.run: process.pid for begun, process in self._processes()}
        silent = queue.find_silent(pids) if pids else []
        hung = self._silent.find_hung(silent, now)
        for begun, process in self._processes():
            if begun.run.run in hung:
                told = f"The run's process has shown no sign of life for {HUNG_AFTER:.0f} seconds."
                log.warning("run %s: %s", begun.run.run, told)
                process.kill()
                queue.write_output(begun, f"{told}\n", error=True)
        if self._main.look_in(now) and not self._stopping.is_set():
            log.error("this worker hangs: it ends, and its runs are handed on. Start it again.")
            self.stop_at_once()
            queue.leave(self.name)
            self._leave_at_once()

    def _ask_to_end(self, begun: BegunRun, process: RunProcess) -> None:
        """Ask once: to be asked twice means to leave at once, and sends would stay unanswered."""
        with self._lock:
            asked = (begun.run.run, begun.attempt)
            if asked in self._asked:
                return
            self._asked.add(asked)
        process.ask_to_end()

    def _processes(self) -> list[tuple[BegunRun, RunProcess]]:
        with self._lock:
            return [*self._running.values()]

    # --- a run --------------------------------------------------------------------------------

    def carry_out(self, run: str) -> None:
        """Carry out a run to its verdict; never return without one: that would be the run's end."""
        try:
            queue = self._open_patiently(run)
            if queue is not None:
                with closing(queue):
                    if self._carry_out(queue, run):
                        return
        except Exception as error:
            log.exception("run %s", run)
            self._fail(f"Run {run} could not be carried out: {error}")
        threading.Event().wait()  # it ends with this process, and is handed on

    def _open_patiently(self, run: str) -> ClosingQueue | None:
        """Return a queue for a run; None once this worker ends. Raises DatabaseAway in the end.

        What breaks later is waited for by the queue itself, statement by statement: a run that is
        under way goes on meanwhile, and none is begun again for that.
        """
        deadline = time.monotonic() + MAX_TROUBLE
        while not self._stopping.is_set():
            try:
                return self._open_queue()
            except DatabaseAway as error:
                if time.monotonic() > deadline:
                    raise
                log.warning("run %s: %s It is tried again.", run, error.message)
            self._stopping.wait(WORKER_BEAT)
        return None

    def _carry_out(self, queue: WorkerQueue, run: str) -> bool:
        """Return whether a run is over; False where it is to be handed on, or was already."""
        while not self._stopping.is_set():
            begun = queue.begin(run, self.name)
            if begun is None:
                return True
            code = self._try_once(queue, begun)
            if self._stopping.is_set() and (code < 0 or code in UNFINISHED):
                return False
            verdict = code if code >= 0 else self._judge_killed(queue, begun, -code)
            if verdict is not None:
                return queue.end(begun, verdict) or self._has_ended(queue, run)
        return False

    def _has_ended(self, queue: WorkerQueue, run: str) -> bool:
        """Return whether a run is over that another worker may have, and will need handed on."""
        there = queue.find(run)
        return there is None or there.ended_at is not None

    def _judge_killed(self, queue: WorkerQueue, begun: BegunRun, number: int) -> int | None:
        """Return the verdict on a run whose process was ended by a signal; None: begin it again.

        One that plans ends so where it is cancelled: it listens for signals once it may send.
        """
        if not queue.is_wanted(begun):
            return Exit.UNDER_WAY
        kills = queue.note_killed(begun)
        told = f"The run's process was ended by signal {number}: it is begun again."
        if kills >= MAX_KILLS:
            told = (
                f"The run's process was ended {kills} times by a signal, the last one is {number}: "
                "it is not begun again. Run it again: what was bought is known."
            )
        queue.write_output(begun, f"{told}\n", error=True)
        return Exit.INTERNAL if kills >= MAX_KILLS else None

    def _try_once(self, queue: WorkerQueue, begun: BegunRun) -> int:
        """Carry out a run that was begun; return its exit code, negative for a signal.

        A run that cannot be started ends with a code: it would end worker after worker. Raises
        DatabaseAway: then it is no fault of the run's.
        """
        if begun.attempt > MAX_BEGUN:
            told = (
                f"This run was begun {MAX_BEGUN} times and never came to an end: it is not begun "
                "again. Run it again: what was bought is known."
            )
            queue.write_output(begun, f"{told}\n", error=True)
            return Exit.INTERNAL
        if begun.attempt > 1:
            told = f"Run {begun.run.run} goes on in {self.name}."
            queue.write_output(begun, f"{told}\n", error=True)
        try:
            process = self._start_run(queue.read_pictures(begun))
        except DatabaseAway:
            raise
        except LookbookError as error:
            lines = [f"This run could not be started: {error.message}", error.hint or ""]
            queue.write_output(begun, "\n".join(lines).strip() + "\n", error=True)
            return Exit.USAGE
        return self._follow(queue, begun, process)

    def _follow(self, queue: WorkerQueue, begun: BegunRun, process: RunProcess) -> int:
        """Hand on what a run's process writes until it ends; return its exit code."""
        with self._lock:
            self._running[begun.run.run, begun.attempt] = (begun, process)
        output = BoundedOutput(lambda text, error: queue.write_output(begun, text, error=error))
        try:
            if self._stopping.is_set():  # whoever asks the runs to end may not have seen this one
                self._ask_to_end(begun, process)
            code = process.follow(output.write)
            output.finish()
            return code
        finally:
            process.kill()
            with self._lock:
                del self._running[begun.run.run, begun.attempt]
