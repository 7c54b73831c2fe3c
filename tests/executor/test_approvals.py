"""A run stops before what a person has to approve, and heeds what is withdrawn while it goes on."""

from dataclasses import replace

import anyio

from runner.executor.context import RunContext
from runner.ledger.ledger import LedgerFile
from runner.model import BASE
from runner.policy.exit_codes import Exit, exit_code
from runner.reviews import Review, ReviewState
from tests.executor.harness import Harness, campaign, look

CHAIN = campaign(look("a"), look("b", on="a"), look("d", on=None))
GATED = replace(CHAIN, looks=tuple(one._replace(approval=one.key == BASE) for one in CHAIN.looks))


def decide(harness: Harness, state: ReviewState, at: float) -> None:
    ledger = harness.open()
    (base,) = ledger.takes_of(BASE)
    anyio.run(ledger.record_reviews, [(base.uid, Review(state, at=at))])
    ledger.close()


def test_a_run_buys_nothing_on_what_nobody_approved_and_goes_on_afterwards(
    harness: Harness,
) -> None:
    outcome = harness.run(GATED)
    assert exit_code(outcome) is Exit.PERSON
    assert outcome.approvals == ("a", "b")
    assert [len(harness.takes(key)) for key in (BASE, "a", "b", "d")] == [1, 0, 0, 1]
    decide(harness, ReviewState.REJECTED, 1.0)
    assert exit_code(harness.run(GATED)) is Exit.PERSON
    assert not harness.takes("a")
    decide(harness, ReviewState.APPROVED, 2.0)
    assert exit_code(harness.run(GATED)) is Exit.DONE
    assert [len(harness.takes(key)) for key in (BASE, "a", "b", "d")] == [1, 1, 1, 1]


def test_what_is_withdrawn_during_a_run_holds_what_was_not_sent_yet(harness: Harness) -> None:
    harness.run(campaign())
    decide(harness, ReviewState.APPROVED, 1.0)
    wide = campaign(*(look(f"look-{number}") for number in range(4)))
    wide = replace(wide, looks=tuple(w._replace(approval=w.key == BASE) for w in wide.looks))

    async def reject(context: RunContext) -> None:
        while not context.ledger.takes_of("look-0"):  # noqa: ASYNC110 - no event tells of it
            await anyio.sleep(0.5)
        assert isinstance(context.ledger, LedgerFile)
        (base,) = context.ledger.takes_of(BASE)
        rejected = Review(ReviewState.REJECTED, "another face", at=2.0)
        await context.ledger.record_reviews([(base.uid, rejected)])

    outcome = harness.run(wide, concurrency=1, meanwhile=reject)
    assert exit_code(outcome) is Exit.PERSON
    assert [len(harness.takes(f"look-{number}")) for number in range(4)] == [1, 0, 0, 0]
    assert outcome.approvals == ("look-1", "look-2", "look-3")
    assert harness.session is not None
    assert harness.session.look_report is not None
    assert "was rejected: another face" in harness.session.look_report.explain("look-2")
