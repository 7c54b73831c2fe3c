"""Virtual time: an asyncio loop whose waits cost nothing and whose order is always the same.

The loop's selector never looks at a socket. When nothing is ready it moves the clock to the next
timer; when there is no timer either, nothing can ever happen again, and that is an error.
"""

import asyncio
import contextlib
import math
import selectors
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import Any

from anyio._backends._asyncio import CancelScope

__all__ = ["Deadlock", "VirtualLoop", "fixed_order"]


class Deadlock(Exception):
    """Every task waits, and nothing will ever wake one of them."""


class _Selector(selectors.SelectSelector):
    """Asks the loop to move its clock, and finds nothing to read, ever."""

    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> list[Any]:
        self.loop.turn(timeout)
        return []


class _Task(asyncio.Task[Any]):
    """A task whose place in a set depends on when it was made, not on where it lies in memory.

    anyio keeps tasks in sets and cancels them in the set's order.
    """

    def __init__(self, *args: Any, serial: int, **kwargs: Any) -> None:
        self._serial = serial
        super().__init__(*args, **kwargs)

    def __hash__(self) -> int:
        return self._serial


class _Ordered(dict[Any, None]):
    """A set that gives its members in the order of their adding."""

    def add(self, member: Any) -> None:
        self[member] = None

    def discard(self, member: Any) -> None:
        self.pop(member, None)

    def remove(self, member: Any) -> None:
        del self[member]

    def __iter__(self) -> Iterator[Any]:
        return iter([*self.keys()])


@contextlib.contextmanager
def fixed_order() -> Iterator[None]:
    """Make anyio cancel the scopes inside a scope in the order of their creation.

    It keeps them in a set, whose order is that of their places in memory: cancelled tasks would
    end, and write, in another order each time.
    """
    begin = CancelScope.__init__

    def ordered(self: CancelScope, *args: Any, **named: Any) -> None:
        begin(self, *args, **named)
        vars_of: Any = self
        vars_of._child_scopes = _Ordered()

    vars_of: Any = CancelScope
    vars_of.__init__ = ordered
    try:
        yield
    finally:
        vars_of.__init__ = begin


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop that starts at ``now`` (seconds) and calls ``on_turn`` before each turn.

    ``on_turn`` is handed the number of the turn, counted from 1. What it raises ends the loop at
    once, with every task where it stands: that is how a process dies at a random await.
    """

    def __init__(self, now: float, on_turn: Callable[[int], None] = lambda _turn: None) -> None:
        self._now = now
        self.turned_at = now
        """When the turn under way began: a loop that hangs is held up in it."""
        self._turns = 0
        self._on_turn = on_turn
        self._serial = 0
        self._tasks: list[_Task] = []
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)
        self.set_task_factory(self._numbered)  # type: ignore[arg-type]  # typeshed wants a protocol
        self.set_exception_handler(_ignore)

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._now

    def turn(self, timeout: float | None) -> None:
        """Begin one turn: move the clock by ``timeout`` seconds, as a real select would."""
        self._turns += 1
        before = self._now
        self._on_turn(self._turns)
        if timeout is None:
            raise Deadlock("nothing is scheduled any more, and the work is not done")
        timeout -= self._now - before  # a process that was stopped has slept meanwhile
        if timeout > 0:
            self.advance(timeout)
        self.turned_at = self._now

    def advance(self, seconds: float) -> None:
        """Advance time while nothing runs: a wait, or a disk that is slow."""
        later = self._now + seconds
        self._now = later if later > self._now else math.nextafter(self._now, math.inf)

    def abandon(self) -> None:
        """End as a killed process does: no task runs on, whatever it wanted to do at its end.

        Python insists on unwinding what was suspended, so the environment must be closed to these
        tasks before: nothing that they still try may have an effect.
        """
        with _silence():
            for task in self._tasks:  # asyncio would look through the tasks of every loop
                if task.done():
                    continue
                task._log_destroy_pending = False  # type: ignore[attr-defined]
                _unwind(task.get_coro())
            self._tasks.clear()
            self.close()

    def _numbered(
        self,
        loop: asyncio.AbstractEventLoop,
        coroutine: Coroutine[Any, Any, Any],
        **kwargs: Any,
    ) -> _Task:
        self._serial += 1
        task = _Task(coroutine, loop=loop, serial=self._serial, **kwargs)
        self._tasks.append(task)
        return task


def _unwind(coroutine: Any) -> None:
    for _ in range(50):  # each awaits once more in a finally clause at the most
        try:
            coroutine.close()
        except RuntimeError:
            continue
        except BaseException:  # noqa: BLE001 - the dead have nothing to say
            return
        return


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    before = sys.unraisablehook
    sys.unraisablehook = lambda _unraisable: None
    try:
        yield
    finally:
        sys.unraisablehook = before


def _ignore(_loop: asyncio.AbstractEventLoop, _context: Mapping[str, Any]) -> None:
    """What a task did that nobody waited for any more is the judge's business, not the log's."""
