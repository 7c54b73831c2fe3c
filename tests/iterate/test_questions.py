"""What a run asks, or refuses to buy, where the account and what lies in the folder disagree."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from runner.cli.context import Console
from runner.cli.questions import ask_about_account, refuse_unlisted
from runner.cli.session import OpenSession
from runner.errors import LedgerQuestion
from runner.executor.lists import Endless
from runner.ledger.location import FileLocation
from runner.plan import plan
from runner.plan.namesakes import Listing
from runner.plan.target_groups import TargetGroup
from runner.replies import LookData
from runner.takes import Account, Neighbours, Snapshot
from tests.executor.harness import campaign, look
from tests.plan.made import held, take

MADE = campaign(look("a"), look("b"))
GROUP = TargetGroup(group="group")
HOMES = {"a": GROUP, "b": TargetGroup(name="Sarah — b")}


def work(snapshot: Snapshot, *, simulated: bool = False) -> OpenSession:
    ledger = SimpleNamespace(snapshot=lambda: snapshot, accepted=frozenset())
    context = SimpleNamespace(neighbours=Neighbours, clock=SimpleNamespace(now=lambda: 1e6))
    ledger_at = Path("/x/ledger.sqlite")
    state = SimpleNamespace(folder=Path("/x/spring.lookbook"), ledger=ledger_at)
    state.location = FileLocation(ledger_at)
    account = Account("api.example", "me", simulated=simulated)
    said = SimpleNamespace(ledger=ledger, context=context, account=account, state=state)
    said.outside = SimpleNamespace(console=Console())
    return cast("OpenSession", said)


def test_what_cannot_be_listed_is_not_bought_but_into_a_group_of_this_ledgers_own_sends() -> None:
    listing = Listing(HOMES, problems={GROUP: "no list", HOMES["b"]: "no groups"})
    ours = held(replace(take(MADE, "base"), key="k", reference_id=None))
    refuse = partial(refuse_unlisted, anew=False)
    assert [*refuse(work(Snapshot()), listing)] == ["a", "b"]
    assert [*refuse(work(ours), listing)] == ["b"]
    assert "no groups" in refuse(work(ours), listing)["b"]
    assert "run the same command again" in refuse(work(ours), listing)["b"]
    assert refuse(work(Snapshot(), simulated=True), listing) == {}
    assert refuse(work(Snapshot()), Listing(HOMES)) == {}


def test_a_list_without_end_is_answered_for_once_on_a_terminal_or_by_a_ledger_begun_anew() -> None:
    endless = Listing(HOMES, problems={GROUP: Endless("more than 10,000")})
    why = refuse_unlisted(work(Snapshot()), endless, anew=False)["a"]
    assert "on a terminal" in why  # again ends the same
    assert "--new-ledger" in why
    assert refuse_unlisted(work(Snapshot()), endless, anew=True) == {}
    passing = Listing(HOMES, problems={GROUP: Endless("more"), HOMES["b"]: "no groups"})
    assert [*refuse_unlisted(work(Snapshot()), passing, anew=True)] == ["a", "b"]


def test_a_namesake_is_a_question_once_and_on_the_simulator_a_sentence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ledger = held(take(MADE, "base"))
    there = LookData("stranger", "Sarah — a", "photo_avatar", "group")
    listing = Listing(HOMES, looks={"group": (there, LookData("id-base-1", "Sarah", "p", "group"))})

    def ask(snapshot: Snapshot = ledger, **more: Any) -> frozenset[str]:
        anew = more.pop("anew", False)
        made = plan(MADE, snapshot)
        return ask_about_account(MADE, work(snapshot, **more), made, listing, anew=anew)

    with pytest.raises(LedgerQuestion) as asked:
        ask()
    assert "1 look" in asked.value.message
    assert "Sarah — a" in asked.value.message
    assert "--new-ledger" not in (asked.value.hint or "")  # it would be ignored here
    assert ask(simulated=True) == ask(anew=True) == {"stranger"}
    assert "already holds 1 look" in capsys.readouterr().err
    assert ask_about_account(MADE, work(ledger), plan(MADE, ledger), None, anew=False) == set()


def test_a_ledger_of_whose_looks_the_account_lists_none_is_a_question() -> None:
    ledger = held(take(MADE, "base", accepted_at=0.0))
    listing = Listing(HOMES, looks={"group": ()})
    with pytest.raises(LedgerQuestion, match="lists none of the 1 look"):
        ask_about_account(MADE, work(ledger), plan(MADE, ledger), listing, anew=False)
