"""How the service departs from its page in a history, and how often that is drawn.

Every second seed is of a service that is as its page says. Of the others, seeds in a row take all
departures in a row, so that few seeds play all of them.
"""

from random import Random

from runner.simulator.settings import FaultKind

__all__ = ["FAULT_KINDS", "LASTING", "PASSING", "lasting", "passing"]

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
    "fail-generation",
    "moderation",
    "consent",
    "expired-link",
)
"""The simulator's faults that are drawn."""

LASTING: tuple[tuple[str, ...], ...] = (
    ("statuses=unlisted",),
    ("statuses=absent",),
    ("no-group",),
    ("wallet-lag=20",),
    ("charge-at-completion",),
    ("lists-lag=20",),
)
"""What the account does on every day, the calm ones as well."""

PASSING: tuple[tuple[str, ...], ...] = (("max-groups=2",),)
"""What it does on a day; calm days are without."""

EVERY = 4


def lasting(seed: int) -> tuple[str, ...]:
    """Return how a seed's account departs from the page, if at all."""
    if seed % EVERY != 1 or not LASTING:
        return ()
    return LASTING[seed // EVERY % len(LASTING)]


def passing(seed: int, number: int) -> tuple[str, ...]:
    """Return how the account departs from the page on one day of a seed, if at all."""
    if seed % EVERY != 3 or not PASSING or Random(f"passing/{seed}/{number}").random() < 0.3:
        return ()
    return PASSING[(seed // EVERY + number // 2) % len(PASSING)]
