"""What a whole run says and asks, from the account to its last line, on a scripted account."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import click
import pytest

from runner.cli import invoke
from runner.cli.request import load_campaign
from runner.plan.request import Request
from runner.replies import LookData, Refusal, Reply
from tests.cli.hands import Office, Person
from tests.executor.harness import FakeWallet, look, photo

AWAY = Refusal(503, "service_unavailable", "away for maintenance")


# --- the listing before the first send ------------------------------------------------------------


def lists_are_away(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(**_asked: Any) -> Reply[Any]:
        return AWAY

    monkeypatch.setattr(office.api, "groups", away)
    monkeypatch.setattr(office.api, "looks", away)


def test_a_listing_that_cannot_be_finished_buys_nothing_and_says_so(
    office: Office, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spring = office.campaign(photo(), look("navy"))
    with monkeypatch.context() as outage:
        lists_are_away(office, outage)
        assert office.run(spring) == 1
    assert office.api.posts == []
    said = capsys.readouterr().err
    assert "nothing new is bought while it is not known what the account holds" in said
    assert "away for maintenance" in said
    assert "run the same command again" in said
    assert office.run(spring) == 0
    assert len(office.api.charges) == 2


@pytest.mark.parametrize("says_yes", [True, False])
def test_a_listing_that_cannot_be_finished_is_a_question_on_a_terminal(
    office: Office, monkeypatch: pytest.MonkeyPatch, says_yes: bool
) -> None:
    lists_are_away(office, monkeypatch)
    person = Person(monkeypatch, says_yes=says_yes)
    code = office.run(office.campaign(photo(), look("navy")), person=person)
    assert person.asked[0] == "Buy 2 looks all the same?"
    assert (code, len(office.api.charges)) == ((0, 2) if says_yes else (1, 0))
    assert (person.answers, len(person.asked)) == ((1, 2) if says_yes else (0, 1))


def test_looks_of_a_group_that_own_sends_made_need_no_list(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.run(office.campaign(photo()))
    lists_are_away(office, monkeypatch)
    assert office.run(office.campaign(photo(), look("navy"))) == 0


def test_what_the_account_lists_in_the_group_counts_whoever_made_it(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    office.run(office.campaign(photo()))
    for number in range(498):
        office.api.add_by_hand(f"Somebody else's {number}", "group-1")
    capsys.readouterr()
    assert office.run(office.campaign(photo(), look("navy"))) == 0
    assert "would be in the group" not in capsys.readouterr().err
    assert office.run(office.campaign(photo(), look("navy"), look("red"))) == 0
    assert "501 looks would be in the group of base" in capsys.readouterr().err


# --- the wallet -----------------------------------------------------------------------------------


def test_a_difference_of_the_wallet_stands_in_the_report_of_the_run_that_met_it(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    purse = office.api.purse = FakeWallet(office.api.clock, Decimal(50))
    office.api.owner = lambda: office.api.user
    assert office.run(office.campaign(photo(), look("navy"))) == 0
    assert "left the wallet" not in capsys.readouterr().err
    purse.buy_elsewhere("7", at=office.api.clock.now() + 10)
    assert office.run(office.campaign(photo(), look("navy"), look("red"))) == 0
    said = capsys.readouterr().err
    assert "in that run $8.00 left the wallet, and the ledger knows of $1.00" in said
    assert "$7.00 more" in said


def test_who_stops_at_the_question_about_another_price_stops_after_what_was_bought(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    purse = office.api.purse = FakeWallet(office.api.clock, Decimal(50), {"prompt": Decimal(2)})
    office.api.owner = lambda: replace(office.api.user, balance=purse.shown)
    person = Person(monkeypatch, says_yes=True)
    spring = office.campaign(photo(), look("navy"), look("red"), look("blue"))
    asked: list[str] = []

    def confirm(question: str, **_more: Any) -> bool:
        asked.append(question)
        if len(asked) > 1:
            raise click.Abort
        return True

    monkeypatch.setattr("click.confirm", confirm)
    assert office.run(spring, person=person) == 5
    assert (len(asked), len(office.api.charges)) == (2, 3)


# --- a status that nobody knows -------------------------------------------------------------------


def test_a_status_that_nobody_knows_is_shown_by_status_and_no_retry_buys_over_it(
    office: Office, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    office.manifest.write_text(
        "{version: 1, campaign: spring, base: {name: Sarah, prompt: A woman in her 40s}}", "utf-8"
    )
    spring = load_campaign(Request(manifest=office.manifest))
    real = office.api._now

    def reviewed(look: LookData) -> LookData:
        return replace(real(look), status="quarantined", error_message="somebody looks at it")

    with monkeypatch.context() as odd:
        odd.setattr(office.api, "_now", reviewed)
        assert office.run(spring) == 4
        assert office.run(spring, retry=True) == 4
        assert "HeyGen shows the status quarantined" in capsys.readouterr().err
    assert invoke(["status", str(office.manifest)]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "HeyGen shows the status quarantined: somebody looks at it" in shown
    assert len(office.api.charges) == 1
    assert office.run(spring, retry=True) == 0
