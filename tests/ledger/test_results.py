"""The results document as text: in pieces, and of any number of looks, the same as in one."""

import json
from dataclasses import replace

import pytest

from runner.model import BASE, Campaign
from runner.plan import plan
from runner.results import writer as module
from runner.results.writer import Entries, results_document, serialize_results
from runner.takes import Snapshot
from tests.executor.harness import campaign, look
from tests.plan.made import held, take

NAVY = replace(look("navy"), title='Two\n  "looks": []')
SPRING = campaign(NAVY, look("night", on="navy"))
NOTHING_LEFT = replace(SPRING, looks=())
LEDGERS = {
    "new": Snapshot(),
    "done": held(*(take(SPRING, key) for key in (BASE, "navy", "night"))),
    "half done": held(take(SPRING, BASE), take(SPRING, "navy")),
}


@pytest.mark.parametrize("ledger", LEDGERS)
@pytest.mark.parametrize("wanted", [SPRING, NOTHING_LEFT], ids=["looks", "orphans alone"])
def test_the_text_in_pieces_is_the_text_in_one(
    wanted: Campaign, ledger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = LEDGERS[ledger]
    whole = results_document(wanted, snapshot, plan(wanted, snapshot), None)
    text = json.dumps(whole, indent=2, ensure_ascii=False) + "\n"
    assert "".join(serialize_results(whole)) == text
    monkeypatch.setattr(module, "MAX_EAGER_LOOKS", 0)
    lazy = results_document(wanted, snapshot, plan(wanted, snapshot), None)
    assert isinstance(lazy["looks"], Entries) == bool(wanted.looks)
    assert "".join(serialize_results(lazy)) == text
    assert list(lazy["looks"][1:]) == whole["looks"][1:]
    assert lazy["totals"] == whole["totals"]
