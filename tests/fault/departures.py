"""How the service departs from its page in a history, and how often that is drawn.

Every second seed is of a service that is as its page says, but for one of eight of these, whose
account has switches of its own. Of the others, seeds in a row take all departures in a row, so that
few seeds play all of them.
"""

from dataclasses import replace
from random import Random

from runner.simulator.settings import FaultKind
from tests.fault.history import Day, Edit, EditKind, Elsewhere

__all__ = [
    "ELSEWHERE",
    "FAULT_KINDS",
    "LASTING",
    "LIMITING",
    "PASSING",
    "elsewhere",
    "is_blind",
    "is_losing",
    "lasting",
    "passing",
    "shared",
]

FAULT_KINDS: tuple[FaultKind, ...] = (
    "drop-request",
    "drop-response",
    "truncate",
    "garbage",
    "error-500",
    "error-503",
    "error-500-after",
    "slow",
    "rate-limit",
    "gateway-403",
    "gateway-404",
    "gateway-502",
    "gateway-504",
    "conflict",
    "not-ready",
    "deny",
    "error-body",
    "fail-generation",
    "moderation",
    "consent",
    "expired-link",
)
"""The simulator's faults that are drawn."""

LASTING: tuple[tuple[str, ...], ...] = (
    ("statuses=capitals",),
    ("statuses=unlisted",),
    ("statuses=absent",),
    ("no-group",),
    ("no-group-ids",),
    ("no-group", "no-group-ids"),
    ("wallet-lag=20",),
    ("charge-at-completion",),
    ("lists-lag=20",),
    ("reads-lag=15",),
    ("ignore-keys",),
    ("ignore-keys=avatars", "lists-lag=40"),
    ("prompt-price=4",),
    ("photo-price=0.5",),
)
"""What the account does on every day, the calm ones as well."""

PASSING: tuple[tuple[str, ...], ...] = (
    ("max-groups=2",),
    ("gateway-lasts=120",),
    ("daily-quota=2",),
    ("money-status=403",),
    ("reference-lag=30",),
    ("asset-life=600",),
    ("lists-404=240",),
    ("lists-gateway-404=240",),
)
"""What it does on a day; calm days are without."""

SWITCHED: tuple[tuple[str, ...], ...] = (
    ("billing=credits",),
    ("auto-reload=75,5",),
    ("billing=subscription",),
    ("billing=usage-based",),
    ("billing=none",),
)
"""What ``users/me`` tells on every day of the accounts that have switches of their own."""

LIMITING: tuple[tuple[str, ...], ...] = (("max-looks=3",), ("forbid=beach",))
"""What such an account does on a day; calm days are without."""

EVERY = 4


ELSEWHERE: tuple[Elsewhere, ...] = tuple(Elsewhere)
"""Where else somebody works on the account, in one seed of eight."""

DRASTIC = frozenset(
    {
        EditKind.LOSE_FOLDER,
        EditKind.LOSE_LEDGER,
        EditKind.DAMAGE_LEDGER,
        EditKind.KEEP_COPY,
        EditKind.RESTORE_LEDGER,
        EditKind.RESTORE_RESULTS,
        EditKind.RENAME_MANIFEST,
    }
)
"""What nobody does to files that go to and fro between two folders."""


def elsewhere(seed: int) -> Elsewhere | None:
    """Return where else somebody works in a seed, if anywhere."""
    if seed % 8 != 6 or not ELSEWHERE:
        return None
    return ELSEWHERE[seed // 8 % len(ELSEWHERE)]


def shared(days: list[Day], where: Elsewhere, seed: int) -> list[Day]:
    """Divide the days between two places; both are worked at when the first is well begun."""
    rng = Random(f"elsewhere/{seed}")
    days = [*days, Day(), Day(place=1), Day(edits=(Edit(EditKind.ADD, seed),), place=1)]
    days[1:-2] = [replace(day, place=int(rng.random() < 0.4)) for day in days[1:-2]]
    if where in (Elsewhere.CHECKOUT, Elsewhere.BARE):
        return [
            replace(day, edits=tuple(one for one in day.edits if one.kind not in DRASTIC))
            for day in days
        ]
    return days


def has_switches(seed: int) -> bool:
    """Return whether a seed's account has switches of its own; its looks show odd statuses."""
    return seed % 16 == EVERY


def lasting(seed: int) -> tuple[str, ...]:
    """Return how a seed's account departs from the page, if at all."""
    if has_switches(seed):
        return SWITCHED[seed // 16 % len(SWITCHED)]
    if seed % EVERY != 1 or not LASTING:
        return ()
    return LASTING[seed // EVERY % len(LASTING)]


def is_losing(seed: int) -> bool:
    """Return whether answers are lost often: only then does it matter that keys are ignored."""
    return any(how.startswith("ignore-keys") for how in lasting(seed))


def is_blind(seed: int) -> bool:
    """Return whether keys are ignored and lists too late to show it before a body leaves again."""
    return is_losing(seed) and any(how.startswith("lists-lag") for how in lasting(seed))


def passing(seed: int, number: int) -> tuple[str, ...]:
    """Return how the account departs from the page on one day of a seed, if at all."""
    if Random(f"passing/{seed}/{number}").random() < 0.3:
        return ()
    if has_switches(seed):
        return LIMITING[(seed // 16 + number // 2) % len(LIMITING)]
    if seed % EVERY != 3 or not PASSING:
        return ()
    return PASSING[(seed // EVERY + number // 2) % len(PASSING)]
