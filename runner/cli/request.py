"""What was asked for on the command line of a command that may buy."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from runner.plan.saved import Saved
from runner.plan.wishes import NO_WISHES, Wishes

__all__ = ["DEFAULT_CONCURRENCY", "Request"]

DEFAULT_CONCURRENCY = 10
"""The account's limit on Pay-As-You-Go (the API page)."""


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for on the command line; ``saved`` is a plan to carry out exactly."""

    simulate: bool = False
    sim: tuple[tuple[str, str], ...] = ()
    yes: bool = False
    max_cost: Decimal | None = None
    up_to_budget: bool = False
    concurrency: int = DEFAULT_CONCURRENCY
    wait: float | None = None
    form: str = "text"
    out: Path | None = None
    new_ledger: bool = False
    wishes: Wishes = NO_WISHES
    saved: Saved | None = None
    probe: Callable[[str], None] | None = None
