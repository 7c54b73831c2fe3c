"""A reader beside a writer follows its events and knows what a fresh reading knows."""

from decimal import Decimal
from pathlib import Path

from runner.ledger.ledger import LedgerFile
from runner.ledger.reading import LedgerFollower, read_ledger
from runner.policy.lifecycle import Event
from runner.reviews import Review, ReviewState
from runner.takes import Account
from tests.ledger.names import intent


async def test_a_follower_knows_after_each_event_what_a_fresh_reading_knows(
    ledger: LedgerFile, path: Path
) -> None:
    first = await ledger.intend(intent("a"))
    following = LedgerFollower(path)
    assert not following.follow()
    assert following.snapshot() == read_ledger(path)[0]
    second = await ledger.intend(intent("b", key="key-2", price=Decimal("2.50")))
    await ledger.record(first.uid, Event.ACCEPTED, {"avatar_id": "id-a"})
    await ledger.record(first.uid, Event.COMPLETED, {"completed_at": 5.0})
    await ledger.record(second.uid, Event.REFUSED, {"error_code": "moderation"})
    await ledger.record_reviews([(first.uid, Review(ReviewState.APPROVED, at=1.0))])
    ledger.note_wallet({"currency": "usd", "before": 5.0, "after": 4.0})
    assert following.follow()
    assert (following.snapshot(), following.wallet) == read_ledger(path)
    assert following.snapshot().spent == Decimal(1)
    assert not following.follow()
    following.close()


def test_a_follower_sees_a_run_begin_and_end(ledger: LedgerFile, path: Path) -> None:
    following = LedgerFollower(path)
    ledger.begin(Account("api.example", "me"), "spring", {})
    following.follow()
    run = following.last_run()
    assert run is not None
    assert run.ended_at is None
    ledger.end({"exit": 0, "stopped": None})
    run = following.last_run()
    assert run is not None
    assert run.exit == 0
    following.close()
