"""What a campaign's looks and takes amount to, in numbers and USD."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from runner.policy.budget import reserved_amount
from runner.results.model import Totals, WalletEntry
from runner.reviews import ReviewState
from runner.takes import Billing, LookState, Snapshot, Take, TakeState

FAILED = frozenset({LookState.FAILED, LookState.BLOCKED})
"""States of looks that no plain run makes any more: their own failure, or their reference's."""

WAITING = frozenset(
    {
        LookState.SUBMITTING,
        LookState.UNKNOWN,
        LookState.PROCESSING,
        LookState.PENDING_CONSENT,
    }
)
"""States of looks that were sent and whose end is open."""

UNSENT = frozenset({LookState.PLANNED, LookState.CHANGED})
"""States of looks of which nothing, or nothing of the edit, was sent."""


def count_totals(
    states: Sequence[LookState], takes: Iterable[Take], wallet: Mapping[str, Any] | None
) -> Totals:
    """Count looks by their states, and takes by what is paid for them."""
    sent = [take for take in takes if take.state is not TakeState.PLANNED]
    return {
        "looks": len(states),
        "takes": len(sent),
        "states": dict(sorted(Counter(map(str, states)).items())),
        "failed": sum(state in FAILED for state in states),
        "waiting": sum(state in WAITING for state in states),
        "cost_usd": float(sum((reserved_amount(take) for take in sent), Decimal(0))),
        "billed_usd": _sum(sent, Billing.BILLED),
        "assumed_billed_usd": _sum(sent, Billing.ASSUMED),
        "refunded_usd": _sum(sent, Billing.REFUNDED),
        "reserved_usd": _sum(sent, Billing.RESERVED),
        "unknown_usd": _sum(sent, Billing.UNKNOWN),
        "wallet": _wallet(wallet) if wallet is not None else None,
    }


def count_reviews(shown: Iterable[Take | None], snapshot: Snapshot) -> dict[str, int]:
    """Count what was decided of the takes that stand for the looks, and can be looked at."""
    there = (take for take in shown if take is not None and take.usable)
    counted = Counter(snapshot.review(take).state for take in there)
    return {str(state): counted[state] for state in ReviewState}


def _wallet(noted: Mapping[str, Any]) -> WalletEntry:
    """Return what the wallet showed around the last run; when it was read stays in the ledger."""
    wallet: WalletEntry = {
        "currency": noted["currency"],
        "before": noted["before"],
        "after": noted["after"],
    }
    if noted.get("difference") is not None:
        wallet["known_usd"] = noted["known"]
        wallet["difference_usd"] = noted["difference"]
    return wallet


def _sum(takes: Iterable[Take], billing: Billing) -> float:
    return float(sum((take.price for take in takes if take.billing is billing), Decimal(0)))
