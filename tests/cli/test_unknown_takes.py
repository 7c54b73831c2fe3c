"""What a person decides about sends of unknown outcome, as the manifest wants things now."""

from types import SimpleNamespace
from typing import Any

from runner.cli.commands.reconcile import open_case
from runner.model import LookKind
from runner.takes import Billing, Snapshot, Take, TakeState
from tests.executor.harness import campaign, look


def test_a_person_is_not_asked_about_a_replay_that_no_run_makes() -> None:
    """A search leaves looks to sends that may be replayed: one that nobody wants never is."""
    take = Take(
        *("u", "gone", 1, LookKind.PROMPT, "i", "{}", "Sarah — gone", TakeState.UNKNOWN),
        Billing.UNKNOWN,
        key="k",
        body_sha256="b",
    )
    context = SimpleNamespace(key_is_alive=lambda _take: True)
    ledger = SimpleNamespace(snapshot=lambda: Snapshot(takes={"gone": (take,)}))
    work: Any = SimpleNamespace(ledger=ledger, context=context)
    case = open_case(work, campaign(look("a")))
    assert not case.searcher.is_replayable(take)
    assert case.why_not_again(take) == "the manifest does not want it any more"
