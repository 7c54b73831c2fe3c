"""What a person asks for: the one shape that goes from a command line to the plan. Pure.

Commands, ``runner.api``, a saved plan and the review page's basket all make one of these.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

DEFAULT_CONCURRENCY = 10
"""The account's limit on Pay-As-You-Go (docs/api-facts.md)."""

SAVED = ("variables", "select", "exclude", "cascade", "takes", "prices", "basket")
"""Fields of a request that a saved plan has in it."""


class Errand(StrEnum):
    """What is to be bought of one look."""

    MAKE = "make"
    """What a plain run would buy: a look that is new, or was edited."""
    MORE = "more"
    """More takes beside the pick, as `lookbook reroll` buys them."""
    RENEW = "renew"
    """A take in the place of one that is out of date, as ``--cascade`` buys it."""
    RETRY = "retry"
    """What failed, as `lookbook retry` buys it."""


@dataclass(frozen=True, slots=True, order=True)
class BasketItem:
    """One look and what is to be bought of it; ``takes`` counts for ``MORE`` alone."""

    look: str
    errand: Errand
    takes: int = 1


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asks for. A field is called like the parameter of the option that sets it."""

    manifest: Path = Path()
    """As it was named; relative paths stay relative in the commands that are printed."""
    variables: tuple[tuple[str, str], ...] = ()
    simulate: bool = False
    sim_settings: tuple[tuple[str, str], ...] = ()
    account: str | None = None
    """Whose ledger an offline command reads; None is the one that was used last."""
    on: Any = None
    """The database that the ledger lives in, if any (``runner.ledger.shared``); no plan looks."""
    store: Any = None
    """What pictures and pages are copied into, if anything (``runner.store.port``)."""

    select: tuple[str, ...] = ()
    """Expressions of ``runner.plan.selection``; so is ``exclude``."""
    exclude: tuple[str, ...] = ()
    cascade: bool = False
    """Regenerate what is out of date."""
    takes: int | None = None
    """Instead of the manifest's; so are ``prices``, of a type in USD."""
    prices: tuple[tuple[str, Decimal], ...] = ()
    retry: bool = False
    """Buy again what failed, and nothing else."""
    reroll: int = 0
    """So many more takes of each selected look."""
    basket: tuple[BasketItem, ...] = ()
    """Look by look what is bought, and nothing else is."""
    refused: tuple[tuple[str, str], ...] = ()
    """Looks that are not bought, and why: the account spoke against them when the rest was agreed
    to."""
    saved: Mapping[str, Any] | None = None
    """The document of the saved plan that this was read from, to be carried out to the letter."""

    max_cost: Decimal | None = None
    """USD; None where nobody gave a ceiling. It ends a run, as the manifest's does."""
    up_to_budget: bool = False
    concurrency: int = DEFAULT_CONCURRENCY
    wait: float | None = None
    """Seconds for each look; None is the default of ``runner.policy.retry``."""
    yes: bool = False
    new_ledger: bool = False

    form: str = "text"
    out: Path | None = None
    summary: Path | None = None

    def is_shaped(self) -> bool:
        """Return whether it says anything that a saved plan says."""
        return any(getattr(self, name) != getattr(Request(), name) for name in SAVED)

    def as_saved(self, plan: "Request") -> "Request":
        """Return this request with what a saved plan says of looks, takes and prices."""
        return replace(self, saved=plan.saved, **{name: getattr(plan, name) for name in SAVED})
