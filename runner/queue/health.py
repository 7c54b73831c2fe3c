"""How a queue and its accounts are doing, in numbers for a monitor: values only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from runner.takes import Account, TakeState

RECENT = 3600.0
"""Seconds for which a run that has ended is counted: rows that are pruned must not show."""


@dataclass(frozen=True, slots=True)
class Pending:
    """Takes of one state that wait for an answer of HeyGen's; the ``oldest``, in seconds."""

    count: int = 0
    oldest: float = 0.0


@dataclass(frozen=True, slots=True)
class AccountHealth:
    """An account, who serves it, its queue, its takes under way and its month.

    ``longest_wait`` is of the runs that wait, ``oldest_heartbeat`` of the campaigns that a process
    holds or left when it died; both in seconds, 0 where there is none. ``ended`` counts the runs
    that ended within ``RECENT`` by exit code. Money counts for this month, in USD.
    """

    account: Account
    is_paused: bool = False
    workers: int = 0
    queued: int = 0
    running: int = 0
    longest_wait: float = 0.0
    held: int = 0
    abandoned: int = 0
    oldest_heartbeat: float = 0.0
    spent: Decimal = Decimal(0)
    ceiling: Decimal | None = None
    pending: Mapping[TakeState, Pending] = field(default_factory=dict, kw_only=True)
    ended: Mapping[int, int] = field(default_factory=dict, kw_only=True)


@dataclass(frozen=True, slots=True)
class ClusterHealth:
    """All accounts at one moment; ``ceiling`` is the one of all real accounts together."""

    accounts: Sequence[AccountHealth]
    ceiling: Decimal | None = None
