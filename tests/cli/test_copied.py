"""A copied folder is a question; a campaign that was renamed is one line."""

import shutil
from dataclasses import replace

import pytest

from runner.cli.context import Console
from runner.cli.questions import ask_about_copy
from runner.cli.results_news import load_importable_results, may_have_news
from runner.errors import LedgerQuestion, UsageError
from runner.ledger.reading import read_snapshot
from runner.ledger.state_dirs import StateDirs
from runner.plan import plan
from runner.results.writer import results_document
from runner.takes import Snapshot
from tests.cli.hands import ACCOUNT, Office
from tests.executor.harness import look
from tests.plan.made import done


async def test_a_folder_that_was_copied_is_a_question_and_a_new_name_a_line(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = office.ledger()
    ledger.begin(ACCOUNT, "spring", {})
    await office.bought(ledger, "navy")
    ledger.close()
    snapshot = read_snapshot(office.ledger_path)
    spring, summer = office.campaign(look("navy")), office.campaign(look("navy"), name="summer")
    state = StateDirs(office.manifest).all()[0]
    ask_about_copy(Console(), spring, state, snapshot)
    assert capsys.readouterr().err == ""
    ask_about_copy(Console(), summer, state, snapshot)
    assert capsys.readouterr().err == "The campaign spring is called summer now.\n"
    copied = office.manifest.with_name("summer.yaml")
    shutil.copytree(StateDirs(office.manifest).root, StateDirs(copied).root)
    mine = StateDirs(copied).all()[0]
    with pytest.raises(LedgerQuestion, match="holds the same takes for the campaign spring"):
        ask_about_copy(Console(), replace(summer, manifest=copied), mine, snapshot)
    ask_about_copy(Console(), spring, state, snapshot)  # the original goes on
    assert capsys.readouterr().err == ""


def test_results_under_the_name_that_the_ledger_knows_are_still_this_campaigns(
    office: Office,
) -> None:
    spring, summer = office.campaign(look("navy")), office.campaign(look("navy"), name="summer")
    told = results_document(spring, done(spring), plan(spring, done(spring)), None)
    known = Snapshot(ACCOUNT, "spring", {"navy": done(spring).takes["base"]})
    assert may_have_news(told, ACCOUNT, summer, known)
    assert not may_have_news(told, ACCOUNT, summer, replace(known, campaign="autumn"))
    assert load_importable_results(told, ACCOUNT, summer, path=office.manifest, formerly="spring")
    with pytest.raises(UsageError, match="the campaign spring's, not summer's"):
        load_importable_results(told, ACCOUNT, summer, path=office.manifest)
