"""What a run says while it goes on: a bar on a terminal, plain lines everywhere else."""

import os
import shutil
import sys
from collections.abc import Collection, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any, TextIO

import anyio

from runner.cli.format import name_some
from runner.cli.terminal import cursor_stream, escape_text, show_link
from runner.plan.run_eta import RunEta
from runner.policy.budget import reserved_amount
from runner.policy.lifecycle import Event
from runner.quantities import format_duration, format_estimate, format_usd
from runner.takes import Take

TOLD = {
    Event.REFUSED: "refused",
    Event.LOST: "outcome unknown",
    Event.FOUND: "found on the account",
    Event.CONSENT: "needs a person's consent",
    Event.SHOWN: "has a status that nobody knows here",
    Event.COMPLETED: "generated",
    Event.FAILED: "failed",
    Event.FETCHED: "picture fetched",
}
"""The events that are told, in words: beside the bar those that need attention, in plain lines
those as well that end a take. ``-v`` logs all of them."""

ATTENTION = frozenset(
    {Event.REFUSED, Event.LOST, Event.FAILED, Event.FOUND, Event.CONSENT, Event.SHOWN}
)
ENDED = frozenset({Event.COMPLETED, Event.FAILED, Event.REFUSED})

NARROWEST = 12
"""Columns that the bar itself gets at least; what does not fit beside it is left out."""

REDRAW_EVERY = 1.0
"""Seconds after which the bar is drawn again although nothing happened, and a forecast made anew.

A look takes minutes: without it the bar would seem to be dead.
"""


class Progress:
    """An observer (``runner.executor.ports.Observer``) for people, on stderr.

    ``ceiling`` is what the run may hold, in USD.
    """

    def __init__(self, *, ceiling: Decimal | None = None, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._total = 0
        self._ceiling = ceiling
        self._done: set[str] = set()
        self._failed: set[str] = set()
        self._explained = False
        self._held: dict[str, Decimal] = {}
        self._eta: RunEta | None = None
        self._forecast: float | None = None
        self._forecast_at: float | None = None
        self._ended: Collection[Event] = ENDED
        self._closed = False
        self._bar: Any = None

    def begin(
        self, total: int, eta: RunEta | None = None, *, ended: Collection[Event] = ENDED
    ) -> None:
        """Start to count: so many takes are to be finished, each by one of the events ``ended``.

        ``eta`` knows how long that takes.
        """
        self._total = total
        self._eta = eta
        self._ended = ended
        if total and self._stream.isatty() and os.environ.get("TERM") != "dumb":
            from tqdm import tqdm

            self._bar = tqdm(
                total=total,
                file=cursor_stream(self._stream),
                leave=True,
                bar_format="{percentage:3.0f}%|{bar}| {desc}",
            )
            self._refresh()

    async def keep_fresh(self) -> None:
        """Draw the bar again now and then, until it is cancelled; does nothing without a bar."""
        while self._bar is not None and not self._closed:
            await anyio.sleep(REDRAW_EVERY)
            self._refresh()

    def take_changed(self, take: Take, event: Event) -> None:
        """Count an event, and print it where it is worth a line."""
        self._held[take.uid] = reserved_amount(take)
        if self._eta is not None:
            self._eta.follow(take, event)
        if event in self._ended and take.uid not in self._done:
            self._done.add(take.uid)
            if event in (Event.FAILED, Event.REFUSED):
                self._failed.add(take.uid)
            if self._bar is not None:
                self._bar.n += 1
        self._refresh()
        if event is Event.CONSENT and take.consent_url is None:
            return  # told once its page is known, or at the end
        if event in ATTENTION or (self._bar is None and event in self._ended):
            self._tell(self._line(take, event))

    def looks_blocked(self, looks: Sequence[str], reason: str) -> None:
        """Report what cannot be sent, and because of what."""
        if self._eta is not None:
            self._eta.drop_blocked(looks)
        self._tell(f"{len(looks)} blocked by {reason.rstrip('.')}: {name_some(looks)}")

    def waiting(self, reason: str, seconds: float) -> None:
        """Report what everything waits for."""
        self._tell(f"waiting up to {format_duration(seconds)}: {reason}")

    def said(self, message: str) -> None:
        """Write it."""
        self._tell(message)

    def close(self) -> None:
        """Stop drawing; the bar stays as it stands."""
        if self._bar is not None and not self._closed:
            self._closed = True
            self._refresh()
            with suppress(OSError):
                self._bar.close()

    def _line(self, take: Take, event: Event) -> str:
        if event is Event.SHOWN and take.error_message is None:
            return f"{take.label} is in progress after all"
        text = f"{take.label} {TOLD[event]}"
        if event in (Event.FAILED, Event.REFUSED, Event.LOST, Event.SHOWN):
            text += f": {take.error_message or take.error_code}"
        if event is Event.LOST and not self._explained:
            self._explained = True
            text = f"{text.rstrip('.')}. The account is searched before it is sent again."
        if event is Event.CONSENT and take.consent_url:
            text += f": {show_link(take.consent_url)}"
        if self._bar is None and event in ENDED and (left := self._time()):
            text += f" ({left})"
        return text

    def _in_progress(self) -> str:
        if self._eta is None or self._closed:
            return ""
        return f"{self._eta.in_progress} in progress"

    def _money(self) -> str:
        spent = format_usd(sum(self._held.values(), Decimal(0)))
        return f"{spent} of {format_usd(self._ceiling)}" if self._ceiling is not None else spent

    def _time(self) -> str:
        """Return how long it still takes; empty where nothing is left or nobody follows it."""
        if self._eta is None or self._closed or len(self._done) >= self._total:
            return ""
        now = self._eta.now()
        if self._forecast_at is None or not 0 <= now - self._forecast_at < REDRAW_EVERY:
            self._forecast, self._forecast_at = self._eta.left(), now
        if self._forecast is None:
            return "time left unknown"
        return f"{format_estimate(self._forecast)} left" if self._forecast else ""

    def _words(self, room: int) -> str:
        """Return what stands beside the bar, as much of it as fits into ``room``."""
        parts = {
            "done": f"{len(self._done)}/{self._total}",
            "in progress": self._in_progress(),
            "failed": f"{len(self._failed)} failed" if self._failed else "",
            "money": self._money(),
            "time": self._time(),
        }
        shown = {"done"}
        for part in ("failed", "time", "money", "in progress"):
            more = [parts[name] for name in parts if name in shown | {part} and parts[name]]
            if len(", ".join(more)) <= room:
                shown.add(part)
        return ", ".join(text for name, text in parts.items() if name in shown and text)

    def _columns(self) -> int:
        """Return the terminal's width now; stdout may be a file while this is a terminal."""
        try:
            return os.get_terminal_size(self._stream.fileno()).columns
        except (OSError, ValueError):
            return shutil.get_terminal_size().columns

    def _refresh(self) -> None:
        if self._bar is None:
            return
        self._bar.ncols = self._columns()
        words = self._words(self._bar.ncols - len("100%|| ") - NARROWEST)
        with suppress(OSError):
            self._bar.set_description_str(words, refresh=True)

    def _tell(self, text: str) -> None:
        text = escape_text(text)
        with suppress(OSError):  # nobody reads any more; the run goes on
            self._write(text)

    def _write(self, text: str) -> None:
        if self._bar is not None:
            self._bar.write(text, file=self._stream)
            return
        prefix = f"[{len(self._done)}/{self._total}] " if self._total else ""
        self._stream.write(f"{prefix}{text}\n")
        self._stream.flush()
