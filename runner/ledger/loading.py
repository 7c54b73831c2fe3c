"""What a backend holds, read into memory as it is at one moment."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from runner.ledger.backend import Backend
from runner.ledger.events import FOLDED_NOTES, LedgerState, Note, apply_event
from runner.ledger.facts import row_to_take
from runner.ledger.wallet import infer_unmeasured
from runner.model import LookKind
from runner.policy.budget import reserved_amount
from runner.takes import MeasuredPrice

OWNER = frozenset({"campaign", "host", "user", "simulated"})
"""What every ledger says of whose it is, once anything happened in it."""


@dataclass(frozen=True, slots=True)
class Rows:
    """A ledger's rows, folded. ``spent`` is in USD and leaves out what was made twice.

    ``last`` is the number of the last event, ``trusted_at`` when it was last withdrawn that keys
    are not honoured, ``inferred`` what earlier runs show of prices that no run measured.
    """

    meta: dict[str, str]
    state: LedgerState
    spent: Decimal
    trusted_at: float
    last: int
    inferred: Mapping[LookKind, MeasuredPrice]


def read_rows(backend: Backend) -> Rows:
    """Read everything. Raises ValueError, or what nonsense raises, where it makes no sense."""
    state, spent, trusted_at = LedgerState(), Decimal(0), 0.0
    meta = backend.meta()
    if meta and not OWNER.issubset(meta):
        raise ValueError("it does not say whose it is")
    for row in backend.takes():
        take = row_to_take(row)
        state.put(take)
        spent += reserved_amount(take)
    takes = state.takes
    state.picks = {
        sys.intern(look): takes[uid].uid if uid in takes else uid
        for look, uid in backend.picks().items()
    }
    state.assets = backend.assets()
    for event in backend.events(*FOLDED_NOTES):
        entry = event.to_entry()
        apply_event(state, entry)
        if entry.kind == Note.KEYS_TRUSTED:
            trusted_at = entry.at
    state.last_at = backend.last_at()
    last = backend.last_event()
    inferred = infer_unmeasured(backend, state)
    return Rows(meta, state, spent, trusted_at, last.seq if last is not None else 0, inferred)
