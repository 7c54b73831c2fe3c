"""The plan's own values, frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from runner.model import Look, LookRef
from runner.plan.renames import KeyRenames


@dataclass(frozen=True, slots=True)
class ResolvedOptions:
    """What a person asked for beyond what the manifest says, by look key.

    ``selected`` are the only looks that anything is done for; None: all of them. ``cascade`` are
    those that are regenerated where they are stale, ``retry`` those whose failures are bought
    again. ``reroll`` says how many more takes of a look to buy; they change no pick. ``refused``
    are looks that cannot be sent because of what the account says, with the reason.
    """

    selected: frozenset[str] | None = None
    cascade: frozenset[str] = frozenset()
    retry: frozenset[str] = frozenset()
    reroll: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    refused: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


class Action(StrEnum):
    """What a run would do with a look. Only ``create`` buys."""

    CREATE = "create"
    """Buy one or more takes."""
    RENAME = "rename"
    """Change the name at HeyGen; free."""
    RESUME = "resume"
    """Something was sent or is under way: finish it."""
    KEEP = "keep"
    """Nothing to do, or only what is free: pick a take again, fetch a picture again."""
    STALE = "stale"
    """Its reference has, or will have, another picked take; regenerated only on request."""
    ADOPT = "adopt"
    """The look exists already: take it into the ledger, paid by nobody here."""
    BLOCKED = "blocked"
    """It failed, or what it needs failed; nothing is bought."""
    ORPHANED = "orphaned"
    """The ledger holds it, the manifest no longer wants it; nothing happens to it."""


class PlannedLook(NamedTuple):
    """One look's action, with everything that the execution needs to carry it out.

    A named tuple, because plans have many of them and a frozen dataclass takes three times as long
    to make.

    ``takes`` is how many generations would be paid for, and ``price`` what one costs, in USD.
    ``needs`` are the look keys that must be usable before this one is sent. ``under_way`` are the
    uids of wanted takes that were sent;
    ``at_risk`` is the price of those whose outcome is unknown. ``retries`` is how many failed
    generations may be bought again without asking. ``repick`` is a take that becomes the pick for
    nothing. ``chain`` is the length of the longest chain of looks that wait for this one, itself
    included. ``look`` is None for an orphan.

    ``replaces`` is the uid of the pick that a bought take is meant to replace, None where it is a
    candidate beside it. ``replacing`` says that the pick is what the manifest wants and is replaced
    all the same: what references it waits for the new take. ``reroll``: the takes that are bought
    change no pick. ``wanted`` is how many usable takes of its identity the run is to end with, and
    ``short`` how many more there would be if a ceiling had room for them.
    ``waiting`` is how many generations would be paid for if a person agreed.
    ``selected`` is whether anything is done for it; what is under way is finished in any case.
    """

    key: str
    action: Action
    reason: str
    look: Look | None
    identity: str | None = None
    ingredients: str | None = None
    takes: int = 0
    price: Decimal = Decimal(0)
    at_risk: Decimal = Decimal(0)
    retries: int = 0
    needs: tuple[str, ...] = ()
    under_way: tuple[str, ...] = ()
    replaces: str | None = None
    repick: str | None = None
    chain: int = 1
    replacing: bool = False
    reroll: bool = False
    wanted: int = 1
    short: int = 0
    selected: bool = True
    waiting: int = 0

    @property
    def cost(self) -> Decimal:
        """What the takes cost together, in USD."""
        return self.price * self.takes

    @property
    def retry_cost(self) -> Decimal:
        """What the allowed retries would cost, in USD."""
        return self.price * self.retries

    @property
    def reference(self) -> str | None:
        """The look that conditions this one, as a look key or a literal id; None without one."""
        reference = self.look.reference if self.look is not None else None
        if isinstance(reference, LookRef):
            return reference.look
        return reference.id if reference is not None else None


@dataclass(frozen=True, slots=True)
class Plan:
    """The immutable list of actions, one for each look, in an order that respects every reference.

    ``unwanted_in_flight`` are uids of takes that were sent and that the manifest no longer wants:
    they are never sent again, but what they bought is not lost. ``moves`` are the looks whose key
    was renamed while what is paid for stayed the same. ``left_out`` are looks that a ceiling had no
    room for (``runner.plan.fit_budget``).
    """

    campaign: str
    account: str | None
    actions: tuple[PlannedLook, ...]
    unwanted_in_flight: tuple[str, ...]
    moves: KeyRenames
    left_out: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many generations would be paid for."""
        return sum(action.takes for action in self.actions)

    @property
    def cost(self) -> Decimal:
        """What they cost, in USD."""
        return sum((action.cost for action in self.actions if action.takes), Decimal(0))

    @property
    def waiting(self) -> int:
        """How many generations wait for a person, and are not in ``count``."""
        return sum(action.waiting for action in self.actions)

    @property
    def waiting_cost(self) -> Decimal:
        """What they would cost, in USD; not in ``cost``."""
        waits = (action.price * action.waiting for action in self.actions if action.waiting)
        return sum(waits, Decimal(0))

    @property
    def at_risk(self) -> Decimal:
        """What sends of unknown outcome may still turn out to cost, in USD."""
        return sum((action.at_risk for action in self.actions if action.at_risk), Decimal(0))

    @property
    def worst_case(self) -> Decimal:
        """The most this plan can hold: everything, and every allowed retry of a failure; USD."""
        retries = (action.retry_cost for action in self.actions if action.retries)
        return self.cost + self.at_risk + sum(retries, Decimal(0))

    @property
    def may_buy(self) -> bool:
        """Return whether a run may send something that costs.

        A new take, or one of unknown outcome.
        """
        return bool(self.unwanted_in_flight) or any(a.takes or a.under_way for a in self.actions)

    @property
    def changes(self) -> bool:
        """Return whether a run would do anything at all."""
        idle = (Action.KEEP, Action.ORPHANED, Action.BLOCKED, Action.STALE)
        return bool(self.unwanted_in_flight or self.moves) or any(
            action.action not in idle or action.repick for action in self.actions
        )
