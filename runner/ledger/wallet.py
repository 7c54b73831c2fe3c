"""What the wallet showed before and after runs, as a ledger's events tell it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from runner.ledger.backend import Backend
from runner.ledger.events import LedgerState, Note
from runner.model import LookKind
from runner.policy.price_check import Spending, infer_prices
from runner.takes import MeasuredPrice

MAX_WALLET_LAG = 600.0
"""Seconds after which a wallet that is late counts as showing what was bought."""


def list_spendings(noted: Sequence[tuple[float, str, Mapping[str, Any]]]) -> list[Spending]:
    """Return what left the wallet in each run, from when, by whom and what was noted of it.

    Where the wallet was late, what it showed before the next run counts, if that was long after.
    """
    latest = {run: (at, facts) for at, run, facts in noted}
    runs = [(at, run, facts) for run, (at, facts) in latest.items() if _is_in_usd(facts)]
    found = []
    for number, (at, run, facts) in enumerate(runs):
        after = facts["after"]
        if facts.get("late"):
            _, _, following = runs[number + 1] if number + 1 < len(runs) else (0, "", facts)
            waited = (following.get("before_at") or 0.0) - at
            after = following["before"] if waited >= MAX_WALLET_LAG else None
        if facts["before"] is not None and after is not None:
            found.append(Spending(run, Decimal(str(facts["before"])), Decimal(str(after))))
    return found


def _is_in_usd(facts: Mapping[str, Any]) -> bool:
    return (facts["currency"] or "usd").lower() == "usd"


def infer_unmeasured(backend: Backend, state: LedgerState) -> Mapping[LookKind, MeasuredPrice]:
    """Return the prices that earlier runs confirm, for kinds that no run ever measured."""
    kinds = {take.kind for take in state.takes.values()} - {LookKind.EXISTING}
    if kinds <= state.prices.keys():
        return {}
    entries = [row.to_entry() for row in backend.events(Note.WALLET)]
    noted = [(entry.at, entry.run, entry.facts) for entry in entries if entry.run is not None]
    return infer_prices([*state.takes.values()], list_spendings(noted))
