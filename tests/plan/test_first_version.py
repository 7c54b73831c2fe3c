"""Ledger, results and a saved plan that the first version left: nothing in them is bought again.

They were made by its command (commit 55dea43) from the manifest beside them, with the embedded
simulator; the prompts hold odd spaces, joiners and decomposed letters.
"""

import json
import re
from pathlib import Path
from shutil import copy
from unicodedata import normalize

import pytest

from runner.canonical import parse_json
from runner.cli import readonly
from runner.ledger.reading import read_snapshot
from runner.ledger.state_dirs import StateDirs
from runner.manifest import load
from runner.model import Campaign
from runner.plan import Action, plan
from runner.plan.options import resolve_options
from runner.plan.saved_plan import find_changes, read_saved_plan
from runner.takes import Account, Snapshot

LEFT = Path(__file__).parent / "first_version"
MANIFEST = (LEFT / "spring.yaml").read_text("utf-8")
SIMULATOR = Account("simulator", "", simulated=True)


def written(text: str, folder: Path) -> Campaign:
    path = folder / "spring.yaml"
    path.write_text(text, "utf-8")
    campaign = load(path).campaign
    assert campaign is not None
    return campaign


def left_beside(campaign: Campaign, name: str) -> Snapshot:
    state = StateDirs(campaign.manifest).simulated()
    state.folder.mkdir(parents=True)
    copy(LEFT / name, state.folder / name)
    return readonly.load_known(campaign, state)[0]


def tidied(text: str) -> str:
    """Return the manifest as an editor or a spreadsheet cleans it up."""
    text = re.sub("[\u200b\u2060\ufeff]", "", normalize("NFC", text))
    return re.sub("[\u00a0\u2009\u202f\u3000]+", " ", text)


@pytest.mark.parametrize("source", ["ledger.sqlite", "results.json"])
@pytest.mark.parametrize("text", [MANIFEST, tidied(MANIFEST)], ids=["as it was", "tidied"])
def test_nothing_that_the_first_version_bought_is_bought_again(
    text: str, source: str, tmp_path: Path
) -> None:
    campaign = written(text, tmp_path)
    made = plan(campaign, left_beside(campaign, source))
    assert {action.action for action in made.actions} == {Action.KEEP}
    assert (made.count, made.changes) == (0, False)


def test_without_a_joiner_it_is_another_prompt(tmp_path: Path) -> None:
    campaign = written(MANIFEST.replace("\u200c", ""), tmp_path)
    made = plan(campaign, left_beside(campaign, "ledger.sqlite"))
    assert [a.key for a in made.actions if a.action is Action.CREATE] == ["joined"]


def test_a_plan_that_the_first_version_saved_is_carried_out(tmp_path: Path) -> None:
    text = MANIFEST.replace(
        "matrix:\n", "  later:\n    prompt: Wearing a later\u00a0coat, city street\nmatrix:\n"
    )
    campaign = written(text, tmp_path)
    snapshot = left_beside(campaign, "ledger.sqlite")
    saved = read_saved_plan(parse_json((LEFT / "plan.json").read_text("utf-8")))
    made = plan(campaign, snapshot, resolve_options(campaign, snapshot, saved))
    assert made.count == 1
    assert find_changes(saved.saved or {}, made, campaign, snapshot, SIMULATOR) == []


def test_what_is_sent_and_recorded_is_the_text_as_it_was_written(tmp_path: Path) -> None:
    copy(LEFT / "ledger.sqlite", tmp_path)  # reading leaves SQLite's own files beside it
    taken = read_snapshot(tmp_path / "ledger.sqlite").takes["no-break"][0]
    assert "navy\u00a0blazer" in json.loads(taken.ingredients)["prompt"]
