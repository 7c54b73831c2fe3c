"""The database that machines share, as whoever operates it sees it: accounts, campaigns, money."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from runner.policy.budget import MonthCeiling
from runner.takes import Account


@dataclass(frozen=True, slots=True)
class ClusterAccount:
    """An account, its pace and its month. Times are Unix seconds of the database's clock.

    ``names`` are those that workers know it by. ``limit`` is how many looks it was seen to take at
    once, None before any refusal. ``paused_by`` a person paused it; ``refused_for`` is for how many
    seconds more HeyGen asked for a pause (429). ``unknown`` are sends without an answer that count
    as in progress. ``spent`` counts for this month, in USD.
    """

    account: Account
    names: tuple[str, ...]
    limit: int | None
    paused_by: str | None
    paused_at: float | None
    refused_for: float
    in_progress: int
    unknown: int
    spent: Decimal
    ceiling: MonthCeiling | None = None


@dataclass(frozen=True, slots=True)
class ClusterCampaign:
    """A campaign: who writes it now, if a living process does, and what its takes cost, in USD.

    ``spent_this_month`` is what counts against the ceilings by month.
    """

    account: Account
    name: str
    owner: str | None
    claimed_at: float | None
    takes: int
    in_progress: int
    spent: Decimal
    spent_this_month: Decimal


@dataclass(frozen=True, slots=True)
class ClusterView:
    """All of it at one moment. ``month`` is written ``2026-11``; ``ceiling`` is of all accounts."""

    now: float
    month: str
    ceiling: MonthCeiling | None
    accounts: Sequence[ClusterAccount]
    campaigns: Sequence[ClusterCampaign]

    @property
    def spent(self) -> Decimal:
        """Return what all accounts spent this month; the simulator's is no money."""
        mine = (one.spent for one in self.accounts if not one.account.simulated)
        return sum(mine, Decimal(0))


class Cluster(Protocol):
    """Shows and operates what machines share. ``by`` says for people who does it."""

    def view(self) -> ClusterView:
        """Return what there is now."""

    def set_ceiling(self, account: Account | None, usd: Decimal | None, *, by: str) -> None:
        """Set the ceiling by month of an account, or of all; None removes it."""

    def pause(self, account: Account, *, by: str) -> None:
        """Hold back everything from an account until it is resumed."""

    def resume(self, account: Account) -> None:
        """Allow an account to send again."""
