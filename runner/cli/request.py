"""What was asked for on the command line of a command that may buy."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from runner.plan.options import DEFAULT_OPTIONS, PlanOptions
from runner.plan.saved_plan import SavedPlan

DEFAULT_CONCURRENCY = 10
"""The account's limit on Pay-As-You-Go (the API page)."""


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for on the command line; ``saved`` is a plan to carry out exactly."""

    simulate: bool = False
    sim_settings: tuple[tuple[str, str], ...] = ()
    yes: bool = False
    max_cost: Decimal | None = None
    up_to_budget: bool = False
    concurrency: int = DEFAULT_CONCURRENCY
    wait: float | None = None
    form: str = "text"
    out: Path | None = None
    summary: Path | None = None
    new_ledger: bool = False
    plan_options: PlanOptions = DEFAULT_OPTIONS
    saved: SavedPlan | None = None
