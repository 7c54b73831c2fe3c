"""Come back next quarter: edits, plans, takes, retries and removals, by the installed command."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from runner.resources import schema
from tests.e2e.conftest import SIM, Command

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

SIMULATE = ("spring.yaml", "--simulate")
YES = ("--yes", *SIM)
NAVY, RED = "Wearing a navy blazer", "Wearing a red blazer"


@pytest.fixture
def spring(lookbook: Command) -> Command:
    """A campaign of which everything was generated once: base ← office ← night, base ← street."""
    lookbook.simulate()
    return lookbook


def planned(command: Command, *options: str) -> dict[str, str]:
    plan = command.json("plan", *SIMULATE, "--format", "json", *options)
    jsonschema.validate(plan, schema("plan"))
    return {action["look"]: action["action"] for action in plan["actions"]}


def takes(results: dict[str, Any], key: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = next(
        look["takes"] for look in results["looks"] if look["look"] == key
    )
    return found


def test_an_edit_is_planned_saved_carried_out_and_brought_along_the_chain(spring: Command) -> None:
    spring.edit(NAVY, RED)
    assert planned(spring) == {
        "base": "keep",
        "office": "create",
        "night": "stale",
        "street": "keep",
    }
    shown = spring(
        "plan", *SIMULATE, "--cascade", "-o", "plan.json", "--detailed-exitcode", code=10
    )
    assert "prompt changed: `navy` → `red`" in shown.stdout
    assert "2 generations to buy: $2.00" in shown.stdout
    jsonschema.validate(json.loads((spring.folder / "plan.json").read_text()), schema("plan"))
    carried_out = ("run", *SIMULATE, *YES, "--plan", "plan.json")
    results = spring.json(*carried_out, "--format", "json")
    assert results["totals"]["cost_usd"] == 6
    assert [take["picked"] for take in takes(results, "night")] == [False, True]
    refused = spring(*carried_out, code=2)
    assert "the ledger: something was bought" in refused.stderr
    assert planned(spring) == dict.fromkeys(("base", "office", "night", "street"), "keep")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda spring: spring.edit("rainy street", "dry street"), "the manifest: street changed"),
        (
            lambda spring: spring.edit("campaign: spring", "campaign: spring\nprices: {photo: 2}"),
            "the price: photo $1.00, prompt $1.00 → photo $2.00, prompt $1.00",
        ),
        (
            lambda spring: (spring.folder / "sarah.png").write_bytes(
                (spring.folder / "other.png").read_bytes()
            ),
            "a file: sarah.png",
        ),
    ],
)
def test_a_saved_plan_refuses_and_says_what_moved(
    lookbook: Command, change: Any, says: str
) -> None:
    from PIL import Image

    Image.new("RGB", (512, 512), "navy").save(lookbook.folder / "other.png")
    lookbook("plan", *SIMULATE, "-o", "plan.json")
    change(lookbook)
    refused = lookbook("run", *SIMULATE, *YES, "--plan", "plan.json", code=2)
    assert says in refused.stderr
    assert not any((lookbook.folder / "spring.lookbook" / "simulated" / "images").glob("*"))


@pytest.mark.parametrize(
    "text", ["", "[]", "NaN", "[" * 100_000, '{"version": ' * 900, '{"a": 1, "a": 2}', '"\\ud800"']
)
def test_what_is_no_saved_plan_is_refused_in_one_sentence(lookbook: Command, text: str) -> None:
    (lookbook.folder / "plan.json").write_text(text)
    refused = lookbook("run", *SIMULATE, *YES, "--plan", "plan.json", code=2).stderr
    assert "plan.json is not a saved plan: " in refused
    assert len(refused) < 500


def test_a_saved_plan_is_not_mixed_with_other_wishes(lookbook: Command) -> None:
    lookbook("plan", *SIMULATE, "--select", "+office", "-o", "plan.json")
    for more in (("--select", "night"), ("--takes", "2"), ("--var", "a=b"), ("--up-to-budget",)):
        refused = lookbook("run", *SIMULATE, *YES, "--plan", "plan.json", *more, code=2)
        assert "says already" in refused.stderr
    assert "add --simulate" in lookbook("run", "spring.yaml", "--plan", "plan.json", code=2).stderr
    printed = lookbook("plan", *SIMULATE, "--format", "json").stdout
    (lookbook.folder / "printed.json").write_text(printed)
    refused = lookbook("run", *SIMULATE, *YES, "--plan", "printed.json", code=2)
    assert "a printed plan" in refused.stderr


def test_a_selection_does_what_it_says_and_nothing_else(lookbook: Command) -> None:
    blocked = lookbook.simulate("--select", "office", code=1)
    assert blocked["totals"]["takes"] == 0
    done = lookbook.simulate("--select", "+office")
    assert done["totals"]["cost_usd"] == 2
    exported = lookbook.json("export", *SIMULATE, "--select", "state:fetched")
    assert [look["look"] for look in exported["looks"]] == ["base", "office"]
    assert exported["totals"]["looks"] == 2
    refused = lookbook("run", *SIMULATE, *YES, "--select", "ofice", code=2)
    assert "Did you mean office?" in refused.stderr
    assert "2 looks: 2 planned" in lookbook("status", *SIMULATE, "--exclude", "+office").stdout


def test_a_price_of_ones_own_is_used_and_shown(lookbook: Command) -> None:
    results = lookbook.simulate("--price", "prompt=1.25", "--select", "+office")
    assert results["totals"]["cost_usd"] == 2.25
    prices = results["prices"]
    assert (prices["photo"], prices["prompt"], prices["listed_on"]) == (1.0, 1.25, None)
    refused = lookbook("plan", *SIMULATE, "--price", "video=3", code=2)
    assert "not photo or prompt" in refused.stderr


def test_rerolls_are_candidates_and_picking_is_free(spring: Command) -> None:
    refused = spring("reroll", *SIMULATE, "office", "--count", "2", *SIM, code=2)
    assert "nobody to ask" in refused.stderr
    results = spring.json("reroll", *SIMULATE, "office", "--count", "2", *YES, "--format", "json")
    assert results["totals"]["cost_usd"] == 6
    assert [take["picked"] for take in takes(results, "office")] == [True, False, False]
    chosen = spring("pick", *SIMULATE, "office#3").stdout
    assert "office#3 is picked instead of office#1" in chosen
    assert "Out of date now, made from the take that was picked before: night" in chosen
    assert "(1 generation more, $1.00)" in spring("status", *SIMULATE).stdout
    assert planned(spring)["night"] == "stale"
    spring("pick", *SIMULATE, "office#1")
    assert planned(spring)["night"] == "keep"
    assert "There are: office#1 (ready)" in spring("pick", *SIMULATE, "office#9", code=2).stderr
    spring.edit(NAVY, RED)
    refused = spring("pick", *SIMULATE, "office#2", code=2)
    assert "not what the manifest wants any more: prompt changed: `navy` → `red`" in refused.stderr


def test_more_takes_are_bought_by_an_option_without_changing_the_pick(spring: Command) -> None:
    results = spring.simulate("--takes", "2", "--select", "street")
    assert [take["picked"] for take in takes(results, "street")] == [True, False]
    assert spring.simulate()["totals"]["cost_usd"] == 5


def test_a_look_tells_its_whole_story(spring: Command) -> None:
    spring("reroll", *SIMULATE, "office", *YES)
    spring("pick", *SIMULATE, "office#2")
    story = spring("explain", *SIMULATE, "night").stdout
    for part in (
        "It is out of date. The plan: out of date (reference office has a new take), $1.00 if",
        "reference  look office",
        "made from office#1, but the pick is office#2 now",
        "Spent on it: $1.00",
        "picked",
        "intended",
    ):
        assert part in story
    assert "Did you mean night?" in spring("explain", *SIMULATE, "nigth", code=2).stderr
    assert "What needs it: night (out of date)" in spring("explain", *SIMULATE, "office").stdout


def test_a_retry_buys_what_failed_and_says_which_failures_were_billed(lookbook: Command) -> None:
    lookbook.simulate("--select", "base")
    failing = ("--sim", "fault=fail-generation:1")
    failed = lookbook.simulate("--select", "office", *failing, code=1)
    assert takes(failed, "office")[0]["billing"] == "refunded"
    assert lookbook.simulate("--select", "office", code=1)["totals"]["takes"] == 2
    retried = lookbook("retry", *SIMULATE, *YES, "--select", "state:failed")
    assert "office#1 $1.00 (not charged, as the wallet showed)" in retried.stderr
    results = lookbook.json("export", *SIMULATE)
    assert [take["state"] for take in takes(results, "office")] == ["failed", "fetched"]
    assert takes(results, "street") == []
    assert "Nothing failed" in lookbook("retry", *SIMULATE, *YES).stderr


def test_a_renamed_key_costs_nothing_and_keeps_its_picture(spring: Command) -> None:
    spring.edit("  office: {", "  hq: {name: Sarah — office, ")
    spring.edit("{look: office}", "{look: hq}")
    shown = spring("plan", *SIMULATE).stdout
    assert "renamed from office, what is paid for is the same" in shown
    results = spring.simulate()
    assert results["totals"]["cost_usd"] == 4
    assert takes(results, "hq")[0]["image"] == "images/office.1.png"


def test_pruning_asks_first_and_keeps_the_record_and_the_picture(spring: Command) -> None:
    street = spring.json("export", *SIMULATE, "--select", "street")["looks"][0]
    spring.edit('  street: {prompt: "Wearing a trench coat, rainy street, dusk"}\n', "")
    assert planned(spring)["street"] == "orphaned"
    refused = spring("prune", *SIMULATE, *SIM, code=2)
    assert "nobody to ask" in refused.stderr
    assert street["avatar_id"] in refused.stderr
    assert "its pick is never pruned" in spring("prune", *SIMULATE, "office", *YES, code=2).stderr
    assert "1 look deleted at HeyGen" in spring("prune", *SIMULATE, *YES).stdout
    assert street["avatar_id"] not in spring("looks", *SIMULATE).stdout
    assert "street" not in planned(spring)
    assert (spring.folder / "spring.lookbook" / "simulated" / street["image"]).is_file()
    assert spring.json("export", *SIMULATE)["totals"]["cost_usd"] == 4
    assert "Nothing to prune." in spring("prune", *SIMULATE, *YES).stdout


def test_the_last_look_of_a_group_goes_only_when_that_is_said(spring: Command) -> None:
    spring.edit(
        'street: {prompt: "Wearing a trench coat',
        'street: {avatar_id: null, prompt: "Wearing a trench coat',
    )
    spring.simulate()
    spring.edit(
        '  street: {avatar_id: null, prompt: "Wearing a trench coat, rainy street, dusk"}\n', ""
    )
    spared = spring("prune", *SIMULATE, *YES)
    assert "street#2 is spared: it is the last look of group" in spared.stderr
    assert "1 look deleted at HeyGen" in spared.stdout
    assert "1 look deleted" in spring("prune", *SIMULATE, *YES, "--with-groups").stdout


def test_old_pictures_leave_the_disk_and_come_back_when_they_are_picked(spring: Command) -> None:
    spring("reroll", *SIMULATE, "office", *YES)
    picture = spring.folder / "spring.lookbook" / "simulated" / "images" / "office.2.png"
    assert picture.is_file()
    assert "1 picture removed" in spring("prune", *SIMULATE, "--local", "--yes").stdout
    assert not picture.exists()
    spring.simulate()
    assert not picture.exists(), "a run must not undo it"
    spring("pick", *SIMULATE, "office#2")
    spring("fetch", *SIMULATE, *SIM)
    assert picture.is_file()


def test_a_pruned_picture_comes_back_when_an_edit_is_taken_back(spring: Command) -> None:
    manifest = spring.folder / "spring.yaml"
    before = manifest.read_text()
    picture = spring.folder / "spring.lookbook" / "simulated" / "images" / "office.1.png"
    spring.edit('  office: {prompt: "', '  office: {prompt: "Smiling, ')
    spring.simulate()
    spring("prune", *SIMULATE, "--local", "--yes")
    assert not picture.exists()
    manifest.write_text(before)
    spring.simulate()
    assert picture.is_file()


def test_the_plan_needs_no_ledger_to_be_saved(lookbook: Command) -> None:
    lookbook("plan", "spring.yaml", "-o", "plan.json")
    saved: dict[str, Any] = json.loads(Path(lookbook.folder / "plan.json").read_text())
    assert (saved["account"], saved["saved"]["simulate"]) == (None, False)


def test_the_last_copy_of_a_picture_stays_unless_that_is_said(spring: Command) -> None:
    spring("reroll", *SIMULATE, "office", *YES)
    picture = spring.folder / "spring.lookbook" / "simulated" / "images" / "office.2.png"
    spring("prune", *SIMULATE, "--old-takes", *YES)
    kept = spring("prune", *SIMULATE, "--local", "--yes")
    assert "office#2" in kept.stderr
    assert picture.is_file()
    spring("prune", *SIMULATE, "--local", "--last-copies", "--yes")
    assert not picture.exists()
