"""What a history is made of: everything bad that may happen, decided before it begins.

A history is a value. Leaving out one of its parts gives another history that can be played as well:
that is how a failing one is made short.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

__all__ = [
    "BUYING",
    "CALM",
    "SHARED_FAULTS",
    "Command",
    "Conditions",
    "Day",
    "Edit",
    "EditKind",
    "Elsewhere",
    "Fault",
    "FaultKind",
    "History",
    "Shape",
]


class FaultKind(StrEnum):
    """What can happen to the runner's process at a moment."""

    KILL_TURN = "kill-turn"
    """The process is killed at the turn ``at`` of its loop: at any await."""
    KILL_COMMIT = "kill-commit"
    """The process is killed at the ``at``-th passing of the commit point ``point``."""
    KILL_SEND = "kill-send"
    """The process is killed when its ``at``-th paid request is about to leave."""
    KILL_ANSWER = "kill-answer"
    """The process is killed when the ``at``-th paid request was done, its answer not yet read."""
    DISK_FULL = "disk-full"
    """The ``at``-th transaction fails at ``point``: not on disk, or on disk but said to fail."""
    SLOW_DISK = "slow-disk"
    """From the ``at``-th transaction on, each takes ``amount`` seconds."""
    INTERRUPT = "interrupt"
    """A person presses Ctrl-C at the turn ``at``; the second time ends everything at once."""
    CLOCK = "clock"
    """The runner's clock jumps by ``amount`` seconds at the turn ``at``."""
    CONSENT = "consent"
    """A person grants every consent that was asked for, at the turn ``at``."""
    RIVAL = "rival"
    """Another run is started at the turn ``at``."""
    ONLOOKER = "onlooker"
    """A person asks for status, plan and results at the turn ``at``."""
    NEIGHBOUR = "neighbour"
    """Another machine with this account buys two looks of its own at the turn ``at``; with an
    ``amount`` they bear a name of this campaign's."""
    DATABASE_LOST = "database-lost"
    """The connection to the shared database is lost at the ``at``-th statement or commit: ``point``
    is ``statement``, ``before-commit``, or ``after-commit`` where only its answer is lost."""
    DATABASE_AWAY = "database-away"
    """The shared database cannot be reached for ``amount`` seconds from the turn ``at`` on."""
    STOPPED = "stopped"
    """The process is stopped for ``amount`` seconds at the turn ``at``; meanwhile a colleague runs
    the same campaign from another checkout. It is refused where the process still counts as
    alive."""
    BESIDE = "beside"
    """Another machine begins to run the account's other campaign at the turn ``at``: both go on at
    the same time, with one limit."""


SHARED_FAULTS = frozenset(
    {FaultKind.DATABASE_LOST, FaultKind.DATABASE_AWAY, FaultKind.STOPPED, FaultKind.BESIDE}
)
"""What happens only where the ledger lives in a database that machines share."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that happens to a process."""

    kind: FaultKind
    at: int
    point: str = ""
    amount: float = 0.0

    def __str__(self) -> str:
        extra = f" {self.point}" if self.point else ""
        return f"{self.kind}@{self.at}{extra}" + (f" {self.amount:g}" if self.amount else "")


class EditKind(StrEnum):
    """What a person can do between two runs: to the manifest, to the account, to the disk."""

    PROMPT = "prompt"
    TITLE = "title"
    KEY = "key"
    REMOVE = "remove"
    RESTORE = "restore"
    ADD = "add"
    TAKES = "takes"
    RETRIES = "retries"
    UNDO = "undo"
    BASE = "base"
    REFERENCE = "reference"
    DELETE_AT_HEYGEN = "delete-at-heygen"
    LOSE_PICTURE = "lose-picture"
    DELETE_DONE = "delete-done-at-heygen"
    RENAME_AT_HEYGEN = "rename-at-heygen"
    LOSE_LEDGER = "lose-ledger"
    DAMAGE_LEDGER = "damage-ledger"
    KEEP_COPY = "keep-copy"
    """Ledger and results.json are copied."""
    RESTORE_LEDGER = "restore-ledger"
    """The copy of the ledger is put back; results.json stays as it is, and knows more."""
    RENAME_MANIFEST = "rename-manifest"
    """The manifest has another name now; the old one's folder stays as it is."""
    LOSE_FOLDER = "lose-folder"
    """The whole folder is gone: ledger, results, pictures."""
    RESTORE_RESULTS = "restore-results"
    """The copy of results.json is put back; the ledger stays as it is, and knows more."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit; ``draw`` decides what it concerns."""

    kind: EditKind
    draw: int

    def __str__(self) -> str:
        return f"{self.kind}:{self.draw}"


@dataclass(frozen=True, slots=True)
class Conditions:
    """How the environment treats requests: chances of the simulator's faults and of the network's.

    ``latency`` is how long generations take (the simulator's own spelling), ``concurrency`` the
    account's limit, ``behaviour`` how the account departs from the API's page on this day.
    """

    faults: tuple[tuple[str, float], ...] = ()
    network: tuple[tuple[str, float], ...] = ()
    latency: str = "lognormal:60,0.5"
    concurrency: int = 10
    store_refusals: bool = False
    behaviour: tuple[str, ...] = ()


CALM = Conditions(latency="fixed:20")


class Command(StrEnum):
    """What a person runs on a day."""

    RUN = "run"
    RETRY = "retry"
    FETCH = "fetch"
    RECONCILE = "reconcile"
    REROLL = "reroll"
    CASCADE = "cascade"
    PICK = "pick"
    PRUNE = "prune"
    PRUNE_GROUPS = "prune-groups"
    DROP = "drop"
    NEW_LEDGER = "new-ledger"
    PRICED = "priced"
    """A run with ``--price``: a person asserts what HeyGen does not take."""
    SELECT = "select"
    SAVE_PLAN = "save-plan"
    RUN_PLAN = "run-plan"
    ADOPT = "adopt"
    REFRESH = "refresh"
    RECORD = "record"
    REBUILD = "rebuild"
    EXPORT = "export"
    APPROVE = "approve"
    """A person looks at what a run waits for, and approves it."""


BUYING = frozenset(
    {
        Command.RUN,
        Command.RETRY,
        Command.REROLL,
        Command.CASCADE,
        Command.NEW_LEDGER,
        Command.PRICED,
        Command.SELECT,
        Command.RUN_PLAN,
    }
)
"""The commands that may send a paid request; no other ever does."""


@dataclass(frozen=True, slots=True)
class Day:
    """One command, what comes before it, and what happens to it. ``wait`` is in seconds.

    ``dearer`` is by how much a price that a person asserts is above what HeyGen takes, in USD.
    ``place`` is where the person works: 0 is the first folder, 1 the other one. ``answers``: at a
    terminal, where what the account holds is a question that is answered. ``retry``: at the price
    that is asserted, what failed is bought again too.
    """

    command: Command = Command.RUN
    wait: float = 60.0
    clock: float = 0.0
    edits: tuple[Edit, ...] = ()
    conditions: Conditions = CALM
    faults: tuple[Fault, ...] = ()
    concurrency: int = 10
    max_cost: Decimal | None = None
    up_to_budget: bool = False
    top_up: Decimal = Decimal(0)
    consents: bool = True
    dearer: Decimal = Decimal("0.07")
    place: int = 0
    answers: bool = False
    retry: bool = False


class Elsewhere(StrEnum):
    """Where else somebody works on the same account."""

    SUMMER = "summer"
    """Another manifest in the folder, with a base of its own: looks of the same names."""
    ON_SPRING = "on-spring"
    """Another manifest in the folder, whose base is the first one's: the same group as well."""
    CHECKOUT = "checkout"
    """The same manifest in another folder; results.json goes to and fro."""
    BARE = "bare"
    """The same manifest in another folder, where nothing else is known."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Which campaign: ``looks`` of them, grown from ``draw``, some left out."""

    draw: int
    looks: int = 8
    without: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class History:
    """Everything that happens, apart from what the program itself does.

    ``armed`` are commit points where the process is killed, whichever passes them first; each
    kills once. ``behaviour`` is how the account departs from the API's page on every day.
    ``muted`` are strikes of the weather, by name, that do not happen after all. With ``faces`` the
    manifest holds what references another face, which HeyGen makes now and then. ``shared``: the
    ledger lives in a database that several machines share, with a ceiling of ``month_usd`` for each
    calendar month.
    """

    seed: int
    shape: Shape
    days: tuple[Day, ...]
    balance: Decimal | None = None
    price: Decimal = Decimal("1.00")
    refund_failed: bool = True
    campaign_usd: Decimal | None = None
    armed: tuple[str, ...] = ()
    behaviour: tuple[str, ...] = ()
    elsewhere: Elsewhere | None = None
    muted: frozenset[str] = field(default_factory=frozenset)
    faces: bool = False
    shared: bool = False
    month_usd: Decimal | None = None

    def lines(self) -> list[str]:
        """Write it, a line for each day."""
        head = f"seed {self.seed}: {self.shape.looks - len(self.shape.without)} looks"
        head += f", wallet ${self.balance}" if self.balance is not None else ""
        head += f", campaign ${self.campaign_usd}" if self.campaign_usd is not None else ""
        head += f", price ${self.price}" + ("" if self.refund_failed else ", no refunds")
        head += f", kills at {', '.join(self.armed)}" if self.armed else ""
        head += f", also {self.elsewhere}" if self.elsewhere else ""
        head += f", {', '.join(self.behaviour)}" if self.behaviour else ""
        head += f", {len(self.muted)} strikes muted" if self.muted else ""
        head += ", faces" if self.faces else ""
        head += ", in a shared database" if self.shared else ""
        head += f", ${self.month_usd} a month" if self.month_usd is not None else ""
        return [head, *(f"  day {number}: {_said(day)}" for number, day in enumerate(self.days))]


def _said(day: Day) -> str:
    conditions = day.conditions
    parts = ["elsewhere"] if day.place else []
    parts += [f"{day.command} after {day.wait:g} s, {conditions.latency}, limit {day.concurrency}"]
    if conditions.concurrency != 10:
        parts.append(f"account's limit {conditions.concurrency}")
    parts += [f"{kind}:{chance:g}" for kind, chance in conditions.faults + conditions.network]
    if conditions.store_refusals:
        parts.append("refusals are stored")
    parts += conditions.behaviour
    if day.clock:
        parts.append(f"clock {day.clock:+g} s")
    if day.max_cost is not None:
        parts.append(f"max-cost ${day.max_cost}" + (" up-to-budget" if day.up_to_budget else ""))
    if day.command is Command.PRICED:
        parts.append(f"price ${day.dearer:+}")
    if day.top_up:
        parts.append(f"top-up ${day.top_up}")
    if not day.consents:
        parts.append("no consents")
    parts += [f"edit {edit}" for edit in day.edits]
    parts += [str(fault) for fault in day.faults]
    return ", ".join(parts)
