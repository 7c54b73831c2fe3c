"""The plan's own values, frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple

from runner.model import Look, LookRef
from runner.plan.renames import KeyRenames
from runner.plan.steps import (
    Action,
    Blocked,
    Create,
    LeftOut,
    Resume,
    Step,
)


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


class PlannedLook(NamedTuple):
    """One look with what is done about it, and everything that the execution needs for that.

    A named tuple, because plans have many of them and a frozen dataclass takes three times as long
    to make.

    ``price`` is what one generation costs, in USD. ``needs`` are the look keys that must be usable
    before this one is sent. ``repick`` is a take that becomes the pick for nothing. ``chain`` is
    the length of the longest chain of looks that wait for this one, itself included. ``look`` is
    None for an orphan. ``selected`` is whether anything is done for it; what is under way is
    finished in any case.
    """

    key: str
    step: Step
    reason: str
    look: Look | None
    identity: str | None = None
    ingredients: str | None = None
    price: Decimal = Decimal(0)
    needs: tuple[str, ...] = ()
    repick: str | None = None
    chain: int = 1
    selected: bool = True

    @property
    def action(self) -> Action:
        """The step's name, as other programs read it."""
        return self.step.action

    @property
    def create(self) -> Create | None:
        """What is bought, or would be if a ceiling had room for it."""
        step = self.step.create if isinstance(self.step, LeftOut) else self.step
        return step if isinstance(step, Create) else None

    @property
    def resume(self) -> Resume:
        """What is finished of what was sent before, and what replaces what."""
        return self.step.resume

    @property
    def takes(self) -> int:
        """How many generations would be paid for."""
        return self.step.takes

    @property
    def wanted(self) -> int:
        """How many usable takes of its identity the run is to end with."""
        step = self.step if isinstance(self.step, Blocked) else self.create
        return 1 if step is None else step.wanted

    @property
    def is_reroll(self) -> bool:
        """Return whether what is bought changes no pick."""
        return (create := self.create) is not None and create.reroll

    @property
    def retries(self) -> int:
        """How many failed generations may be bought again without asking."""
        return 0 if isinstance(self.step, LeftOut) else self.resume.retries

    def with_replaced(self, pick: str) -> "PlannedLook":
        """Return it with what is bought replacing a pick (its uid)."""
        resume = replace(self.resume, replaces=pick)
        if self.create is None:
            return self._replace(step=resume)
        create = replace(self.create, resume=resume)
        return self._replace(step=LeftOut(create) if isinstance(self.step, LeftOut) else create)

    @property
    def waiting(self) -> int:
        """How many generations would be paid for if a person agreed."""
        return self.step.waiting if isinstance(self.step, Blocked) else 0

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
        return sum(action.step.takes for action in self.actions)

    @property
    def cost(self) -> Decimal:
        """What they cost, in USD."""
        return sum((action.cost for action in self.actions if action.step.takes), Decimal(0))

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
    def unfinished(self) -> int:
        """How many takes a run has to finish: bought, or under way already."""
        under_way = sum(len(action.resume.under_way) for action in self.actions)
        return self.count + under_way + len(self.unwanted_in_flight)

    @property
    def at_risk(self) -> Decimal:
        """What sends of unknown outcome may still turn out to cost, in USD."""
        risks = (action.step.resume.at_risk for action in self.actions)
        return sum(filter(None, risks), Decimal(0))

    @property
    def worst_case(self) -> Decimal:
        """The most this plan can hold: everything, and every allowed retry of a failure; USD."""
        retries = (action.retry_cost for action in self.actions if action.step.resume.retries)
        return self.cost + self.at_risk + sum(retries, Decimal(0))

    @property
    def may_buy(self) -> bool:
        """Return whether a run may send something that costs.

        A new take, or one of unknown outcome.
        """
        return bool(self.unwanted_in_flight) or any(
            a.step.takes or a.step.resume.under_way for a in self.actions
        )

    @property
    def changes(self) -> bool:
        """Return whether a run would do anything at all."""
        acts = (action.repick or action.step.acts for action in self.actions)
        return bool(self.unwanted_in_flight or self.moves) or any(acts)
