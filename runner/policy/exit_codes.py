"""What a run came to, and the exit code that says so."""

from dataclasses import dataclass
from enum import IntEnum


class Exit(IntEnum):
    """The exit codes. Where several hold, the first of 3, 6, 4, 5, 1 is given."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    ACCOUNT = 3
    UNDER_WAY = 4
    BUDGET = 5
    PERSON = 6
    CHANGES = 10
    INTERNAL = 70


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run ended with.

    ``account`` is why the account needs a person (key, permission, wallet). ``persons`` are looks
    whose outcome only a person can decide, ``consents`` those that wait for a person's consent, or
    for a look that does, ``approvals`` those that wait until a person has looked at what they are
    made from. ``under_way`` are looks that a later run finishes without anybody (still
    processing, unknown but replayable, or not sent because the run was stopped),
    ``over_budget`` looks that the ceiling left out, ``failed`` looks that failed or are blocked.
    ``stopped`` is why the run ended before its plan did, if it did; ``price`` says which price the
    wallet contradicts, if that was why.
    """

    account: str | None = None
    persons: tuple[str, ...] = ()
    consents: tuple[str, ...] = ()
    approvals: tuple[str, ...] = ()
    under_way: tuple[str, ...] = ()
    over_budget: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    stopped: str | None = None
    price: str | None = None


def exit_code(outcome: Outcome) -> Exit:
    """Return the exit code of a run: the first of 3, 6, 4, 5, 1 that holds, else 0."""
    if outcome.account is not None:
        return Exit.ACCOUNT
    if outcome.persons or outcome.consents or outcome.approvals:
        return Exit.PERSON
    if outcome.under_way:
        return Exit.UNDER_WAY
    if outcome.over_budget or outcome.price is not None:
        return Exit.BUDGET
    if outcome.failed or outcome.stopped is not None:
        return Exit.FAILED
    return Exit.DONE
