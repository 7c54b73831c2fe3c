"""What a run says while it goes on: a bar on a terminal, plain lines everywhere else."""

import sys
from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any, TextIO

from runner.cli.show import plain, usd
from runner.model import Take
from runner.policy.budget import held
from runner.policy.lifecycle import Event

__all__ = ["Progress"]

TOLD = {
    Event.INTENDED: "sending",
    Event.ACCEPTED: "accepted",
    Event.REFUSED: "refused",
    Event.DEFERRED: "not bought",
    Event.LOST: "outcome unknown",
    Event.RESENT: "sending again under its own key",
    Event.FOUND: "found on the account",
    Event.CONSENT: "waits for a person's consent",
    Event.CONSENTED: "consent given",
    Event.COMPLETED: "completed",
    Event.FAILED: "failed",
    Event.FETCHED: "picture fetched",
    Event.RENAMED: "renamed",
}
"""The events that are told, in words. The bar shows only those that need attention."""

ATTENTION = frozenset({Event.REFUSED, Event.LOST, Event.FAILED, Event.FOUND, Event.CONSENT})
QUIET = frozenset({Event.INTENDED, Event.RENAMED})


class Progress:
    """An observer (``runner.executor.ports.Observer``) for people, on stderr.

    ``ceiling`` is what the run may hold, in USD.
    """

    def __init__(self, *, ceiling: Decimal | None = None, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._total = 0
        self._ceiling = ceiling
        self._in_progress: set[str] = set()
        self._done: set[str] = set()
        self._failed: set[str] = set()
        self._held: dict[str, Decimal] = {}
        self._bar: Any = None

    def begin(self, total: int) -> None:
        """Start to count: so many takes are to be finished."""
        self._total = total
        if total and self._stream.isatty():
            from tqdm import tqdm

            self._bar = tqdm(
                total=total, unit="look", file=self._stream, dynamic_ncols=True, leave=True
            )

    def take_changed(self, take: Take, event: Event) -> None:
        """Count, and tell what is worth telling."""
        self._held[take.uid] = held(take)
        if event in (Event.ACCEPTED, Event.FOUND, Event.CONSENTED):
            self._in_progress.add(take.uid)
        elif event in (Event.COMPLETED, Event.FAILED, Event.REFUSED, Event.CONSENT):
            self._in_progress.discard(take.uid)
            if event is not Event.CONSENT and take.uid not in self._done:
                self._done.add(take.uid)
                if event is not Event.COMPLETED:
                    self._failed.add(take.uid)
                if self._bar is not None:
                    with suppress(OSError):
                        self._bar.update()
        self._refresh()
        if event in ATTENTION or (self._bar is None and event not in QUIET and event in TOLD):
            self._tell(self._line(take, event))

    def looks_blocked(self, looks: Sequence[str], reason: str) -> None:
        """Say what cannot be sent, and because of what."""
        self._tell(f"held back because of {reason}: {', '.join(looks)}")

    def waiting(self, reason: str, seconds: float) -> None:
        """Say what everything waits for."""
        self._tell(f"waiting up to {seconds:.0f} s: {reason}")

    def said(self, message: str) -> None:
        """Say it."""
        self._tell(message)

    def close(self) -> None:
        """Leave the bar as it stands."""
        if self._bar is not None:
            self._bar.close()

    def _line(self, take: Take, event: Event) -> str:
        text = f"{take.label} {TOLD[event]}"
        if event in (Event.FAILED, Event.REFUSED, Event.LOST, Event.DEFERRED):
            text += f": {take.error_message or take.error_code}"
        if event is Event.CONSENT and take.consent_url:
            text += f": {take.consent_url}"
        return text

    def _money(self) -> str:
        spent = usd(sum(self._held.values(), Decimal(0)))
        return f"{spent} of {usd(self._ceiling)}" if self._ceiling is not None else spent

    def _refresh(self) -> None:
        if self._bar is None:
            return
        parts = [f"{len(self._in_progress)} in progress"]
        if self._failed:
            parts.append(f"{len(self._failed)} failed")
        with suppress(OSError):
            self._bar.set_postfix_str(", ".join([*parts, self._money()]), refresh=True)

    def _tell(self, text: str) -> None:
        text = plain(text)
        with suppress(OSError):  # nobody reads any more; the run goes on
            self._write(text)

    def _write(self, text: str) -> None:
        if self._bar is not None:
            self._bar.write(text, file=self._stream)
            return
        prefix = f"[{len(self._done)}/{self._total}] " if self._total else ""
        self._stream.write(f"{prefix}{text}\n")
        self._stream.flush()
