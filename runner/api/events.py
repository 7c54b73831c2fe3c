"""What a caller in Python can follow: frozen values, handed to a listener one by one."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from runner.policy.lifecycle import Event as TakeEvent
from runner.takes import TakeState

log = logging.getLogger("runner.api")


@dataclass(frozen=True, slots=True)
class TakeChanged:
    """A take moved to another state; the ledger holds it already.

    ``price_usd`` is what it costs if it is charged.
    """

    look: str
    number: int
    event: TakeEvent
    state: TakeState
    price_usd: Decimal
    avatar_id: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class LooksBlocked:
    """Looks cannot be sent, because of another look."""

    looks: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """Everything waits for something, for so many seconds at most."""

    reason: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Message:
    """A line that the command would show to a person."""

    text: str


RunEvent: TypeAlias = TakeChanged | LooksBlocked | Waiting | Message
Listener: TypeAlias = Callable[[RunEvent], None]
"""Called for each event, in the run's thread, and should return soon. What it raises is logged."""


def tell(on_event: Listener | None, event: RunEvent) -> None:
    """Hand an event to a listener, if there is one, which may print; what it raises is logged."""
    from runner.cli.captured import release_output

    if on_event is None:
        return
    with release_output():
        try:
            on_event(event)
        except Exception:
            log.exception("the listener failed on %r; the run goes on", event)
