"""What a run does with a look: for each action a type that has just its own fields.

Each says how many generations it pays for (``takes``), what it finishes of what was sent before
(``resume``), and whether anything is done at all (``acts``) as plain attributes: a run asks every
look for them some ten times.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar


class Action(StrEnum):
    """What each step is called, as other programs read it. Only ``create`` buys."""

    CREATE = "create"
    RENAME = "rename"
    RESUME = "resume"
    KEEP = "keep"
    STALE = "stale"
    ADOPT = "adopt"
    BLOCKED = "blocked"
    ORPHANED = "orphaned"


@dataclass(frozen=True, slots=True)
class Resume:
    """Something was sent or is under way: finish it.

    ``under_way`` are the uids of wanted takes that were sent, ``at_risk`` is the price of those
    whose outcome is unknown, in USD. ``retries`` is how many failed generations may be bought again
    without asking. ``replaces`` is the uid of the pick that a bought take is meant to replace, None
    where it is a candidate beside it. ``replacing``: the pick is what the manifest wants and is
    replaced all the same; what references it waits for the new take.
    """

    action: ClassVar = Action.RESUME
    acts: ClassVar = True
    takes: ClassVar = 0
    under_way: tuple[str, ...] = ()
    at_risk: Decimal = Decimal(0)
    retries: int = 0
    replaces: str | None = None
    replacing: bool = False

    @property
    def resume(self) -> "Resume":
        """It is all that is done."""
        return self


NOTHING_SENT = Resume()


class _SendsNothing:
    __slots__ = ()
    acts: ClassVar = False
    takes: ClassVar = 0
    resume: ClassVar = NOTHING_SENT


@dataclass(frozen=True, slots=True)
class Create:
    """Buy one or more takes, and finish what is under way.

    ``takes`` is how many generations would be paid for. ``wanted`` is how many usable takes of its
    identity the run is to end with, ``short`` how many more there would be if a ceiling had room
    for them. ``reroll``: the takes change no pick.
    """

    action: ClassVar = Action.CREATE
    acts: ClassVar = True
    takes: int
    resume: Resume
    wanted: int = 1
    reroll: bool = False
    short: int = 0


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A ceiling has no room for what ``create`` would buy; only what is under way is finished."""

    takes: ClassVar = 0
    create: Create

    @property
    def resume(self) -> Resume:
        """What is under way."""
        return self.create.resume

    @property
    def acts(self) -> bool:
        """Return whether anything is left of it."""
        return bool(self.resume.under_way)

    @property
    def action(self) -> Action:
        """Called as what is left of it."""
        return Action.RESUME if self.acts else Action.BLOCKED


@dataclass(frozen=True, slots=True)
class Blocked(_SendsNothing):
    """It failed, or what it needs failed; nothing is bought.

    ``waiting`` is how many generations would be paid for if a person agreed. ``wanted`` is how many
    usable takes there would be if anything were bought: more than there are. ``awaits``: a person
    has to look at what it is made from, also where it has failed besides.
    """

    action: ClassVar = Action.BLOCKED
    waiting: int = 0
    wanted: int = 1
    awaits: bool = False


@dataclass(frozen=True, slots=True)
class Rename(_SendsNothing):
    """Change the name at HeyGen; free."""

    action: ClassVar = Action.RENAME
    acts: ClassVar = True


@dataclass(frozen=True, slots=True)
class Keep(_SendsNothing):
    """Nothing to do, or only what is free: pick a take again, fetch a picture again."""

    action: ClassVar = Action.KEEP


@dataclass(frozen=True, slots=True)
class Stale(_SendsNothing):
    """Its reference has, or will have, another picked take; regenerated only on request."""

    action: ClassVar = Action.STALE


@dataclass(frozen=True, slots=True)
class Adopt(_SendsNothing):
    """The look exists already: take it into the ledger, paid by nobody here."""

    action: ClassVar = Action.ADOPT
    acts: ClassVar = True


@dataclass(frozen=True, slots=True)
class Orphaned(_SendsNothing):
    """The ledger holds it, the manifest no longer wants it; nothing happens to it."""

    action: ClassVar = Action.ORPHANED


Step = Create | Resume | LeftOut | Blocked | Rename | Keep | Stale | Adopt | Orphaned
