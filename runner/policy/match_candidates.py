"""What a search of the account decides: which looks a lost send can have made, and what follows.

Looks have no creation time and no key, so a look is told from another by its name, its group, and
by who knows it. Sends of one name with the same body are interchangeable; others are not.
"""

from collections.abc import Collection, Iterable
from enum import StrEnum

from runner.policy.retry import CLOCK_SLACK
from runner.replies import LookData

SEND_WINDOW = 900.0
"""How long after the last send, in seconds, the server may still have made the group."""


class Fit(StrEnum):
    """What follows from a search for one unresolved send."""

    NONE = "none"
    """Fewer looks fit than were sent: the stored body may leave again, if its key lives."""
    ADOPT = "adopt"
    """One of the looks that fit is its look."""
    WAIT = "wait"
    """Another send of the same body will be replayed, and shows which look is whose."""
    PERSON = "person"
    """It cannot be told which look is whose, or more looks fit than were sent."""


def find_candidates(
    looks: Iterable[LookData], name: str | None, *, excluded: Iterable[Collection[str]]
) -> tuple[LookData, ...]:
    """Return the looks that a send of this name can have made.

    ``excluded`` are ids: of looks that a ledger or results file knows, and of those that were
    listed before the first send.
    """
    known = [*excluded]
    return tuple(
        look for look in looks if look.name == name and not any(look.id in ids for ids in known)
    )


def order_by_claims(
    candidates: Iterable[LookData], before_others: Collection[Collection[str]]
) -> tuple[LookData, ...]:
    """Return candidates with those first which the fewest other sends can have made.

    ``before_others`` holds, for each other unresolved send with the same body, what was listed
    before it. Sends of one body are interchangeable only as far as both can have made a look: one
    that is taken from a later send leaves that one nothing but an answer that names it again.
    """
    return tuple(
        sorted(candidates, key=lambda look: sum(look.id not in ids for ids in before_others))
    )


def decide_match(
    candidates: int,
    *,
    taken_over: int,
    unexplained: int,
    same: int,
    others: int,
    alive: bool,
    replayable: bool = False,
) -> Fit:
    """Decide about one unresolved send.

    ``taken_over`` counts looks that fit and that another campaign took over: they may be what is
    missing, so nothing leaves again for that. ``unexplained`` counts the candidates that are more
    than all sends can have made; ``same`` the unresolved sends of its name with its body, itself
    included; ``others`` those with another body, or of another ledger in the folder. ``alive``: its
    stored body may leave again; ``replayable``: another one's of the same body may.

    Where fewer looks fit than were sent, none is adopted while one can be sent again: the replay
    either names its own look or makes the one that is missing, and what is left fits the rest. An
    adopted look could be the one that the replay names.
    """
    if taken_over and candidates < same:
        return Fit.PERSON
    if candidates == 0:
        return Fit.NONE
    if others or unexplained:
        return Fit.PERSON
    if candidates == same:
        return Fit.ADOPT
    if alive:
        return Fit.NONE
    return Fit.WAIT if replayable else Fit.ADOPT


def find_unexplained(
    candidates: Iterable[LookData], listed_before: Iterable[Collection[str]]
) -> tuple[LookData, ...]:
    """Return the looks of a name that are more than unresolved sends can have made.

    ``candidates`` are looks of the name that nobody knows; ``listed_before`` holds, for each of the
    sends, what was listed before it, which it cannot have made. What a later one can have made an
    earlier one can have made as well, so the latest is given a look first.
    """
    left = [*candidates]
    for listed in sorted(listed_before, key=len, reverse=True):
        made = next((look for look in left if look.id not in listed), None)
        if made is not None:
            left.remove(made)
    return tuple(left)


def find_send_window(first: float, last: float | None, skew: float) -> tuple[float, float]:
    """Return from when to when the server may have made what was sent, in Unix seconds.

    ``first`` and ``last`` are when a body left, by our clock; the server's is ``skew`` seconds
    ahead, and what it notes may be by either.
    """
    end = last or first
    return min(first, first + skew) - CLOCK_SLACK, max(end, end + skew) + SEND_WINDOW
