"""The account itself: its looks, adopting them, what moved there, and sharing with colleagues."""

import json
import re
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from runner.resources import schema
from runner.simulator.server import Embedded
from runner.simulator.settings import Latency, SimulatorSettings
from tests.e2e.conftest import KEY, Command, Server

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture
def spring(lookbook: Command, server: Server) -> Command:
    """A campaign of which everything was generated once, on an account over HTTP."""
    lookbook("run", "spring.yaml", "--yes")
    return lookbook


def call(server: Server, method: str, path: str, body: object = None) -> None:
    """Do something to the account that this ledger does not hear of."""
    request = urllib.request.Request(
        f"{server.url}{path}",
        method=method,
        headers={"X-Api-Key": KEY, "Content-Type": "application/json"},
        data=None if body is None else json.dumps(body).encode(),
    )
    with urllib.request.urlopen(request) as answer:
        answer.read()


def ids(command: Command) -> dict[str, str]:
    listed = command.json("looks", "spring.yaml", "--format", "json")
    jsonschema.validate(listed, schema("looks"))
    return {look["take"]: look["avatar_id"] for look in listed["looks"]}


def test_the_looks_of_the_account_are_listed_and_adopted_for_nothing(
    spring: Command, server: Server
) -> None:
    known = ids(spring)
    assert set(known) == {"base#1", "office#1", "night#1", "street#1"}
    text = spring("looks").stdout
    assert all(look_id in text for look_id in known.values())
    group = spring.json("export", "spring.yaml")["looks"][0]["avatar_group_id"]
    assert group in text
    spring("adopt", "adopted.yaml", "--group", group)
    assert len(server.stats()["charges"]) == 4
    adopted = spring.json("export", "adopted.yaml")
    assert {look["avatar_id"] for look in adopted["looks"]} == set(known.values())
    assert {look["takes"][0]["billing"] for look in adopted["looks"]} == {"none"}
    assert adopted["totals"]["cost_usd"] == 0
    assert adopted["looks"][0]["avatar_id"] == known["base#1"]
    for look in adopted["looks"]:
        assert (spring.folder / "adopted.lookbook" / look["image"]).is_file()
    assert "exists already" in spring("adopt", "adopted.yaml", "--group", group, code=2).stderr


def test_a_group_that_does_not_exist_is_said_and_nothing_is_written(
    spring: Command, server: Server
) -> None:
    refused = spring("adopt", "adopted.yaml", "--group", "group_nowhere", code=1)
    assert "404" in refused.stderr
    assert not (spring.folder / "adopted.yaml").exists()


def test_a_run_that_meets_a_deleted_reference_says_how_to_find_out(
    spring: Command, server: Server
) -> None:
    call(server, "DELETE", f"/v3/avatars/looks/{ids(spring)['office#1']}")
    done = spring("reroll", "spring.yaml", "night", "--yes", code=1)
    assert "1 failed: The look it references no longer exists in the account." in done.stderr
    assert "spring.yaml --record` finds out what was deleted at HeyGen" in done.stderr


def test_a_refresh_says_what_moved_and_changes_nothing_by_itself(
    spring: Command, server: Server
) -> None:
    assert "as the ledger has it" in spring("refresh", "spring.yaml", "--detailed-exitcode").stdout
    known = ids(spring)
    call(server, "DELETE", f"/v3/avatars/looks/{known['office#1']}")
    call(server, "PATCH", f"/v3/avatars/looks/{known['street#1']}", {"name": "Bob"})
    (spring.folder / "spring.lookbook" / "images" / "night.1.png").unlink()
    found = spring("refresh", "spring.yaml", "--detailed-exitcode", code=10).stdout
    assert "3 differences" in found
    assert "office#1" in found
    assert "deleted at HeyGen" in found
    assert "renamed at HeyGen: Sarah — street → Bob" in found
    assert "images/night.1.png is missing on disk" in found
    assert spring.json("plan", "spring.yaml", "--format", "json")["count"] == 0
    recorded = spring("refresh", "spring.yaml", "--record").stdout
    assert "The next run would buy 1 generation: $1.00; 1 look out of date." in recorded
    plan = spring.json("plan", "spring.yaml", "--format", "json")
    assert {action["look"]: action["action"] for action in plan["actions"]} == {
        "base": "keep",
        "office": "create",
        "night": "stale",
        "street": "rename",
    }
    spring("run", "spring.yaml", "--yes", "--cascade")
    assert len(server.stats()["charges"]) == 6
    assert "as the ledger has it" in spring("refresh", "spring.yaml").stdout


def test_an_id_that_the_account_does_not_have_is_refused_before_money_moves(
    lookbook: Command, server: Server
) -> None:
    lookbook.edit("{look: office}", "look_nowhere")
    results = lookbook.json("run", "spring.yaml", "--yes", "--format", "json", code=1)
    assert {look["look"]: look["state"] for look in results["looks"]} == {
        "base": "fetched",
        "office": "fetched",
        "night": "planned",
        "street": "fetched",
    }
    lookbook.edit("photo: sarah.png", "avatar_id: look_nowhere")
    refused = lookbook("run", "spring.yaml", "--yes", "--new-ledger", code=1)
    assert "the look look_nowhere cannot be used: HTTP 404" in refused.stderr
    assert len(server.stats()["charges"]) == 3


# --- sharing --------------------------------------------------------------------------------------


def results_alone(command: Command) -> Path:
    """Delete what a repository does not hold; return the state folder a colleague finds."""
    state = command.folder / "spring.lookbook"
    for entry in state.iterdir():
        if entry.name != "results.json":
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    return state


def test_a_colleague_with_the_results_and_the_same_account_buys_nothing(
    spring: Command, server: Server
) -> None:
    before = spring.json("export", "spring.yaml")
    state = results_alone(spring)
    run = spring("run", "spring.yaml", "--yes", "--format", "json")
    assert "Took over 4 takes" in run.stderr
    assert len(server.stats()["charges"]) == 4
    after = json.loads(run.stdout)
    assert [look["avatar_id"] for look in after["looks"]] == [
        look["avatar_id"] for look in before["looks"]
    ]
    assert [look["identity"] for look in after["looks"]] == [
        look["identity"] for look in before["looks"]
    ]
    assert (state / "images" / "night.1.png").is_file()
    spring.edit("Wearing a trench coat", "Wearing a parka")
    spring("run", "spring.yaml", "--yes")
    assert len(server.stats()["charges"]) == 5


def test_a_colleague_with_the_results_alone_sees_what_a_run_would_buy_before_running_it(
    spring: Command, server: Server
) -> None:
    before = spring.json("export", "spring.yaml")
    state = results_alone(spring)
    spring.edit("Wearing a trench coat", "Wearing a parka")
    planned = spring("plan", "spring.yaml", "--out", "plan.json", "--format", "json")
    plan = json.loads(planned.stdout)
    assert (plan["account"], plan["count"], plan["cost_usd"]) == (before["account"], 1, 1)
    assert "4 takes of" in planned.stderr
    assert "A run takes them in first, for nothing" in " ".join(planned.stderr.split())
    assert f"account {before['account']}" in spring("status", "spring.yaml").stdout
    assert [look["avatar_id"] for look in spring.json("export", "spring.yaml")["looks"]] == [
        look["avatar_id"] for look in before["looks"]
    ]
    assert before["looks"][1]["avatar_id"] in spring("explain", "spring.yaml", "office").stdout
    for command in (("catalog", "spring.yaml"), ("pick", "spring.yaml", "office#1")):
        refused = spring(*command, code=2)
        assert "only" in refused.stderr
        assert re.search("`lookbook run .*spring.yaml` takes it in", refused.stderr)
    assert [entry.name for entry in state.iterdir()] == ["results.json"]
    spring("run", "spring.yaml", "--plan", "plan.json", "--yes")
    assert len(server.stats()["charges"]) == 5
    told = spring("plan", "spring.yaml", "--format", "json")
    assert json.loads(told.stdout)["count"] == 0
    assert told.stderr == ""


def test_results_that_cannot_be_used_are_said_by_a_plan_and_the_ledger_alone_counts(
    spring: Command, server: Server
) -> None:
    (spring.folder / "spring.lookbook" / "results.json").write_text("<<<<<<< HEAD\n")
    planned = spring("plan", "spring.yaml", "--format", "json")
    assert json.loads(planned.stdout)["count"] == 0
    assert "results.json cannot be read" in planned.stderr
    (results_alone(spring) / "results.json").write_text("{}")
    planned = spring("plan", "spring.yaml", "--format", "json")
    assert json.loads(planned.stdout)["count"] == 4
    assert "results.json is not a results document" in planned.stderr
    assert len(server.stats()["charges"]) == 4


@pytest.mark.parametrize("first", ["run", "fetch", "pick"])
def test_an_older_copy_of_the_ledger_learns_from_the_results_what_was_bought_since(
    spring: Command, server: Server, first: str
) -> None:
    state = spring.folder / "spring.lookbook"
    shutil.copyfile(state / "ledger.sqlite", spring.folder / "copy.sqlite")
    spring.edit("Wearing a trench coat", "Wearing a parka")
    spring("run", "spring.yaml", "--yes")
    bought = len(server.stats()["charges"])
    shutil.copyfile(spring.folder / "copy.sqlite", state / "ledger.sqlite")
    arguments = {"run": ["--yes"], "fetch": [], "pick": ["base#1"]}[first]
    assert "Took over 1 take from" in spring(first, "spring.yaml", *arguments).stderr
    assert "Adopted" not in spring("run", "spring.yaml", "--yes").stderr
    assert len(server.stats()["charges"]) == bought
    results = spring.json("export", "spring.yaml")
    assert results["totals"]["billed_usd"] == bought


def test_results_are_stable_so_that_they_can_be_committed(spring: Command) -> None:
    path = spring.folder / "spring.lookbook" / "results.json"
    before = path.read_bytes()
    spring("run", "spring.yaml", "--yes")
    assert path.read_bytes() == before


def test_a_renamed_manifest_asks_although_yes_was_said(spring: Command, server: Server) -> None:
    (spring.folder / "spring.yaml").rename(spring.folder / "summer.yaml")
    refused = spring("run", "summer.yaml", "--yes", code=2)
    assert "holds the campaign spring" in refused.stderr
    assert "rename its .lookbook folder as well" in refused.stderr
    assert len(server.stats()["charges"]) == 4
    (spring.folder / "spring.lookbook").rename(spring.folder / "summer.lookbook")
    spring("run", "summer.yaml", "--yes")
    assert len(server.stats()["charges"]) == 4


@pytest.fixture
def other() -> Iterator[Server]:
    """Another account: another host."""
    with Embedded(
        SimulatorSettings(latency=Latency.parse("fixed:0.05"), pictures=False)
    ) as simulator:
        yield Server(simulator.url)


def test_another_accounts_key_asks_although_yes_was_said(
    spring: Command, server: Server, other: Server
) -> None:
    spring.environment["HEYGEN_API_BASE"] = other.url
    refused = spring("run", "spring.yaml", "--yes", code=2)
    assert "is empty, but" in refused.stderr
    assert "would buy everything again" in refused.stderr
    assert other.stats()["charges"] == []
    spring("run", "spring.yaml", "--yes", "--new-ledger")
    assert len(other.stats()["charges"]) == 4
    spring.environment["HEYGEN_API_BASE"] = server.url
    spring("run", "spring.yaml", "--yes")
    assert len(server.stats()["charges"]) == 4


def test_a_ledger_begun_anew_writes_over_nothing_that_an_earlier_one_left(
    spring: Command, server: Server
) -> None:
    state = spring.folder / "spring.lookbook"
    old = {path.name: path.read_bytes() for path in (state / "images").iterdir()}
    for ledger in state.glob("ledger.sqlite*"):
        ledger.unlink()
    results = (state / "results.json").read_bytes()
    ignored = spring("run", "spring.yaml", "--yes", "--new-ledger")
    assert "--new-ledger is ignored" in ignored.stderr  # these results are this campaign's own
    for ledger in state.glob("ledger.sqlite*"):
        ledger.unlink()
    account = json.loads(results)["account"]
    results = results.replace(account.encode(), b"elsewhere/somebody")
    (state / "results.json").write_bytes(results)
    refused = spring("run", "spring.yaml", "--yes", "--new-ledger", "--max-cost", "1", code=5)
    assert "Kept" not in refused.stderr
    assert (state / "results.json").read_bytes() == results
    begun = spring("run", "spring.yaml", "--yes", "--new-ledger")
    assert begun.stderr.count("Kept from before: ") == 2
    assert len(server.stats()["charges"]) == 8
    (kept,) = state.glob("images.before-*")
    assert {path.name: path.read_bytes() for path in kept.iterdir()} == old
    (kept,) = state.glob("results.before-*.json")
    assert kept.read_bytes() == results
    assert "Kept" not in spring("run", "spring.yaml", "--yes", "--new-ledger").stderr
    assert len(server.stats()["charges"]) == 8


def test_a_saved_plan_is_for_its_own_account(
    spring: Command, server: Server, other: Server
) -> None:
    spring.edit("Wearing a trench coat", "Wearing a parka")
    spring("plan", "spring.yaml", "-o", "plan.json")
    spring.environment["HEYGEN_API_BASE"] = other.url
    refused = spring("run", "spring.yaml", "--yes", "--new-ledger", "--plan", "plan.json", code=2)
    assert "the account: " in refused.stderr
    assert other.stats()["charges"] == []
