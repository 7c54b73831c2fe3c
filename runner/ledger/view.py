"""What an open ledger says, to whoever writes it and to whoever only reads."""

from collections.abc import Sequence
from typing import Any

from runner.face_measures import FaceMeasure
from runner.ledger.state import Store
from runner.reviews import NOT_REVIEWED, Review
from runner.takes import AccountFacts, Snapshot, Take

UNCHECKED_LIFE = 14 * 86_400.0
"""Seconds after which a replay whose key was not checked no longer is."""


class LedgerView:
    """An open ledger, as it is now.

    What it answers is said in ``runner.executor.ports.Ledger`` and
    ``runner.results.fingerprint.PlacedLedger``.
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    def snapshot(self) -> Snapshot:
        return self.store.snapshot()

    def take(self, uid: str) -> Take:
        """Return one take as it is now."""
        return self.store.state.takes[uid]

    def picked(self, look: str) -> Take | None:
        return self.store.state.takes.get(self.store.state.picks.get(look, ""))

    def takes_of(self, look: str) -> Sequence[Take]:
        return self.store.takes_of(look)

    def asset(self, sha256: str) -> str | None:
        """Return the asset id of a file's content, if this account has it."""
        return self.store.state.assets.get(sha256)

    def review(self, uid: str) -> Review:
        return self.store.state.reviews.get(uid, NOT_REVIEWED)

    def face(self, sha256: str) -> FaceMeasure | None:
        return self.store.state.faces.get(sha256)

    @property
    def wallet(self) -> dict[str, Any] | None:
        """Return what the wallet showed before and after the last run; None where nobody looked."""
        return self.store.state.wallet

    def keys(self) -> set[str]:
        """Return every idempotency key that a take has, or ever had here."""
        return self.store.history.keys()

    def position(self) -> str:
        """Name what the ledger holds now; the same text means that nothing has happened since."""
        return self.store.history.position(self.store.meta())

    def was_at(self, position: str) -> bool:
        return self.store.history.was_at(position)

    @property
    def honours_keys(self) -> bool:
        """Return whether the account was never seen to make a second look for one key.

        Neither by this ledger nor by another one of the folder.
        """
        return not self.store.state.doubled and self.distrusted_by is None

    @property
    def distrusted_by(self) -> str | None:
        """Return which other ledger saw that keys are not honoured, if none here withdrew that."""
        facts = self.store.learned
        if facts.keys_ignored_at is None or self.store.trusted_at >= facts.keys_ignored_at:
            return None
        return facts.keys_ignored_by

    def learn(self, facts: AccountFacts) -> None:
        """Go by what the other ledgers of the folder learned of the account; nothing is written."""
        self.store.learn(facts)

    def is_imported(self, uid: str) -> bool:
        return uid in self.store.history.imported

    def listed_before(self, uid: str) -> frozenset[str]:
        """Return the strangers that were listed on the account before a take's first send.

        None for a uid that the ledger does not know: its intent may have been undone meanwhile.
        """
        take = self.store.state.takes.get(uid)
        return frozenset() if take is None else self.store.history.listed_before(take)

    @property
    def accepted(self) -> frozenset[str]:
        return frozenset(self.store.history.listed()[1])

    @property
    def strangers(self) -> frozenset[str]:
        return frozenset(self.store.history.listed()[2])

    def is_found(self, uid: str) -> bool:
        """Return whether a search found what a take became, or a person said it: no answer did."""
        return self.store.history.is_found(uid)

    def body(self, uid: str) -> bytes:
        """Return the stored body of a take, byte for byte."""
        return self.store.history.body(self.take(uid))

    @property
    def run(self) -> str | None:
        return self.store.run

    def unchecked_replays(self) -> list[Take]:
        """Return the takes that were sent again, and whose keys were not checked late enough.

        Those of weeks ago no longer count: what bears their name by now may be anybody's.
        """
        with self.store.lock:
            first, checked = self.store.state.last_at - UNCHECKED_LIFE, self.store.state.checked
            return [
                take
                for take in self.store.state.takes.values()
                if take.resent_at is not None
                and take.resent_at > first
                and take.resent_at != checked.get(take.uid)
            ]

    def ever_doubled(self) -> frozenset[str]:
        """Return every look that was ever noted as doubled, also where that was withdrawn."""
        return self.store.history.ever_doubled()
