"""The results document as text: in pieces, and of any number of looks, the same as in one."""

import json
from dataclasses import replace

import pytest

from runner.ledger import results as module
from runner.ledger.results import Entries, document, text_of
from runner.model import BASE, Campaign
from runner.plan import plan
from runner.takes import Snapshot
from tests.executor.world import campaign, look
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
    whole = document(wanted, snapshot, plan(wanted, snapshot), None)
    text = json.dumps(whole, indent=2, ensure_ascii=False) + "\n"
    assert "".join(text_of(whole)) == text
    monkeypatch.setattr(module, "MANY", 0)
    lazy = document(wanted, snapshot, plan(wanted, snapshot), None)
    assert isinstance(lazy["looks"], Entries) == bool(wanted.looks)
    assert "".join(text_of(lazy)) == text
    assert list(lazy["looks"][1:]) == whole["looks"][1:]
    assert lazy["totals"] == whole["totals"]
