"""The main job, end to end: the installed command, its streams, its forms and its exit codes."""

import json
import os
import signal
import time
import urllib.request
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from runner.resources import schema
from runner.simulator.behaviour import Behaviour
from tests.e2e.conftest import KEY, PATIENCE, SIM, Command, Server
from tests.ledger import history

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def states(results: dict[str, Any]) -> dict[str, str]:
    return {look["look"]: look["state"] for look in results["looks"]}


DONE = dict.fromkeys(("base", "office", "night", "street"), "fetched")


def test_a_campaign_becomes_a_catalog_and_a_second_run_spends_nothing(lookbook: Command) -> None:
    results = lookbook.simulate()
    jsonschema.validate(results, schema("results"))
    assert states(results) == DONE
    assert results["totals"]["cost_usd"] == 4
    state = lookbook.folder / "spring.lookbook" / "simulated"
    assert json.loads((state / "results.json").read_text()) == results
    for look in results["looks"]:
        assert (state / look["image"]).is_file()
        assert look["avatar_id"] in (state / "catalog.html").read_text()
    again = lookbook.simulate()
    assert [look["avatar_id"] for look in again["looks"]] == [
        look["avatar_id"] for look in results["looks"]
    ]
    assert again["totals"]["cost_usd"] == 4


def test_results_go_to_stdout_and_everything_else_to_stderr(lookbook: Command) -> None:
    done = lookbook("run", "spring.yaml", "--simulate", "--yes", *SIM, installed=True)
    assert "Done: 4 bought ($4.00 of simulated money), 0 failed, 0 unchanged · " in done.stdout
    page = lookbook.folder / "spring.lookbook/simulated/catalog.html"
    assert done.stdout.endswith(f"catalog: {page.as_uri()}\n")
    assert "4 generations to buy: $4.00" in done.stderr
    assert "[4/4]" in done.stderr
    assert "\r" not in done.stderr  # no progress bar where there is no terminal
    assert "\x1b[" not in done.stdout + done.stderr


def test_plan_is_offline_says_the_price_and_ends_with_10_when_asked(lookbook: Command) -> None:
    plan = lookbook.json("plan", "spring.yaml", "--format", "json")
    assert (plan["count"], plan["cost_usd"], plan["account"]) == (4, 4, None)
    assert [action["action"] for action in plan["actions"]] == ["create"] * 4
    order = [action["look"] for action in plan["actions"]]
    assert order.index("base") < order.index("office") < order.index("night")
    lookbook("plan", "spring.yaml", "--detailed-exitcode", code=10)
    lookbook.simulate()
    lookbook("plan", "spring.yaml", "--simulate", "--detailed-exitcode")
    real = lookbook("plan", "spring.yaml", "--detailed-exitcode", code=10)
    assert "your HeyGen account, not used yet" in real.stdout
    assert "4 generations to buy: $4.00" in real.stdout
    assert real.stderr == "A rehearsal is there as well: add --simulate to see it.\n"
    assert "it was only rehearsed" in lookbook("pick", "spring.yaml", "base#1", code=2).stderr


def test_an_edit_costs_what_it_changes(lookbook: Command) -> None:
    lookbook.simulate()
    lookbook.edit("rainy street", "sunny street")
    plan = lookbook.json("plan", "spring.yaml", "--simulate", "--format", "json")
    actions = {action["look"]: action for action in plan["actions"]}
    assert plan["cost_usd"] == 1
    assert actions["street"]["reason"] == "prompt changed: `rainy` → `sunny`"
    results = lookbook.simulate()
    street = next(look for look in results["looks"] if look["look"] == "street")
    assert [take["picked"] for take in street["takes"]] == [False, True]
    assert results["totals"]["cost_usd"] == 5


def test_without_a_terminal_and_without_yes_nothing_is_sent(
    lookbook: Command, server: Server
) -> None:
    done = lookbook("run", "spring.yaml", code=2)
    assert "Add --yes" in done.stderr
    assert server.stats()["charges"] == []


def test_a_plan_above_the_ceiling_is_refused_before_anything_is_sent(
    lookbook: Command, server: Server
) -> None:
    done = lookbook("run", "spring.yaml", "--yes", "--max-cost", "3", code=5)
    assert "--up-to-budget" in done.stderr
    assert server.stats()["charges"] == []


def test_up_to_budget_sends_what_most_looks_depend_on(lookbook: Command, server: Server) -> None:
    arguments = ("run", "spring.yaml", "--yes", "--format", "json", "--max-cost", "$3.00")
    results = lookbook.json(*arguments, "--up-to-budget", code=5)
    assert states(results) == {**DONE, "street": "planned"}
    assert len(server.stats()["charges"]) == 3
    assert lookbook.json(*arguments)["totals"]["cost_usd"] == 4


def test_the_manifests_budget_counts_over_the_campaigns_life(
    lookbook: Command, server: Server
) -> None:
    lookbook.edit("campaign: spring\n", "campaign: spring\nbudget: {campaign_usd: 4}\n")
    lookbook("run", "spring.yaml", "--yes")
    lookbook.edit("rainy street", "sunny street")
    done = lookbook("run", "spring.yaml", "--yes", code=5)
    assert "Nothing was sent" in done.stderr
    lookbook.edit("sunny street", "rainy street")
    lookbook.edit("campaign_usd: 4", "campaign_usd: 1")
    lookbook("run", "spring.yaml", "--yes")  # what buys nothing needs no room
    assert len(server.stats()["charges"]) == 4


@pytest.mark.parametrize(
    "server", [{"behaviour": Behaviour(prompt_price=Decimal(4))}], indirect=True
)
def test_a_price_that_the_wallet_contradicts_stops_until_it_is_said(
    lookbook: Command, server: Server
) -> None:
    run = ("run", "spring.yaml", "--yes", "--format", "json", "--max-cost")
    stopped = lookbook.json(*run, "5", code=5)
    assert sum(charge["amount_usd"] for charge in server.stats()["charges"]) == 5
    measured = stopped["prices"]["measured"]
    assert measured["photo"]["state"] == "confirmed"
    assert (measured["prompt"]["usd"], measured["prompt"]["state"]) == (4, "contradicted")
    wallet = stopped["totals"]["wallet"]
    assert (wallet["known_usd"], wallet["difference_usd"]) == (2, 3)
    jsonschema.validate(stopped, schema("results"))
    status = lookbook("status", "spring.yaml").stdout
    assert "$3.00 more. Somebody else may have bought" in status
    assert "price: $4.00 for a prompt look is what this account's wallet showed" in status
    assert "buys 2 generations for $8.00" in status
    refused = lookbook("run", "spring.yaml", "--yes", "--max-cost", "99", code=5)
    assert "cost $4.00 on this account" in refused.stderr
    assert "--price prompt=4" in refused.stderr
    assert len(server.stats()["charges"]) == 2
    done = lookbook.json(*run, "99", "--price", "prompt=4")
    assert done["prices"]["measured"]["prompt"]["state"] == "confirmed"
    assert lookbook.json("plan", "spring.yaml", "--format", "json")["count"] == 0


def test_a_price_list_of_nothing_does_not_switch_the_ceiling_off(
    lookbook: Command, server: Server
) -> None:
    lookbook.edit("campaign: spring\n", "campaign: spring\nprices: {photo: 0, prompt: 0}\n")
    done = lookbook("run", "spring.yaml", "--yes", "--max-cost", "3", code=5)
    assert "$0.00 at the manifest's prices, and $4.00 at the list prices" in done.stderr
    assert "--price photo=0 --price prompt=0" in done.stderr
    unasked = lookbook("run", "spring.yaml", code=2)
    assert "Add --yes" in unasked.stderr
    assert server.stats()["charges"] == []


def test_no_key_is_said_clearly(lookbook: Command) -> None:
    done = lookbook("run", "spring.yaml", "--yes", code=3)
    assert "HEYGEN_API_KEY" in done.stderr
    assert not (lookbook.folder / "spring.lookbook").exists()


def test_a_host_that_is_not_there_is_said_clearly(lookbook: Command) -> None:
    lookbook.environment |= {
        "HEYGEN_API_BASE": "http://127.0.0.1:9",
        "HEYGEN_API_KEY": KEY,
        "HEYGEN_MAX_RETRIES": "0",
    }
    done = lookbook("run", "spring.yaml", "--yes", code=1)
    assert "HeyGen does not answer" in done.stderr


@pytest.mark.parametrize("server", [{"balance": Decimal(2)}], indirect=True)
def test_an_empty_wallet_stops_the_run_and_a_later_run_goes_on(
    lookbook: Command, server: Server
) -> None:
    done = lookbook("run", "spring.yaml", "--yes", "--format", "json", code=3)
    assert "insufficient" in done.stderr.lower()
    results = json.loads(done.stdout)
    assert sum(state == "fetched" for state in states(results).values()) == 2
    assert len(server.stats()["charges"]) == 2
    again = lookbook.json("run", "spring.yaml", "--yes", "--format", "json", code=3)
    assert again["totals"]["cost_usd"] == 2


def test_an_invalid_manifest_is_refused_with_every_problem_and_its_line(lookbook: Command) -> None:
    lookbook.edit("avatar_id: {look: office}", "avatar_id: {look: nowhere}, promt: x")
    done = lookbook("run", "spring.yaml", "--simulate", "--yes", code=2)
    assert "spring.yaml:6:" in done.stderr
    assert "nowhere" in done.stderr
    assert "prompt" in done.stderr
    assert not (lookbook.folder / "spring.lookbook").exists()


@pytest.mark.parametrize("server", [{"first_look": 2.0}], indirect=True)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_cleanly_and_the_next_run_resumes(
    number: signal.Signals, lookbook: Command, server: Server
) -> None:
    process = lookbook.start("run", "spring.yaml", "--yes", "--format", "json")
    wait_for(lambda: server.stats()["charges"])
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 4, err
    results = json.loads(out)
    assert states(results)["base"] == "processing"
    assert "run the same command again" in err
    assert states(lookbook.json("run", "spring.yaml", "--yes", "--format", "json")) == DONE
    assert len(server.stats()["charges"]) == 4


@pytest.mark.parametrize("server", [{"first_look": 2.0}], indirect=True)
def test_two_runs_at_once_are_told_who_holds_the_ledger(lookbook: Command, server: Server) -> None:
    process = lookbook.start("run", "spring.yaml", "--yes")
    wait_for(lambda: server.stats()["charges"])
    done = lookbook("run", "spring.yaml", "--yes", code=2)
    assert f"process {process.pid} on " in done.stderr
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=PATIENCE)
    lookbook("run", "spring.yaml", "--yes")  # the lock died with its owner
    assert len(server.stats()["charges"]) == 4


def test_lost_pictures_are_fetched_again_for_nothing(lookbook: Command, server: Server) -> None:
    results = lookbook.json("run", "spring.yaml", "--yes", "--format", "json")
    state = lookbook.folder / "spring.lookbook"
    first, second = (state / look["image"] for look in results["looks"][:2])
    first.unlink()
    second.write_bytes(b"not the picture any more")
    done = lookbook("fetch", "spring.yaml")
    assert "2 pictures fetched, 0 missing" in done.stdout
    assert first.is_file()
    assert second.stat().st_size > 50
    assert len(server.stats()["charges"]) == 4


def test_a_plain_run_also_fetches_what_is_missing(lookbook: Command, server: Server) -> None:
    results = lookbook.json("run", "spring.yaml", "--yes", "--format", "json")
    picture = lookbook.folder / "spring.lookbook" / results["looks"][0]["image"]
    picture.unlink()
    lookbook("run", "spring.yaml")
    assert picture.is_file()
    assert len(server.stats()["charges"]) == 4


def test_a_file_older_than_its_look_is_not_its_picture_and_is_fetched_again(
    lookbook: Command, server: Server
) -> None:
    results = lookbook.json("run", "spring.yaml", "--yes", "--format", "json")
    picture = lookbook.folder / "spring.lookbook" / results["looks"][0]["image"]
    whole = picture.read_bytes()
    picture.write_bytes(b"what an earlier look of this name left")
    os.utime(picture, (0, 0))
    lookbook("run", "spring.yaml")
    assert picture.read_bytes() == whole
    assert len(server.stats()["charges"]) == 4


def test_a_damaged_ledger_is_refused_and_rebuilt_without_buying(
    lookbook: Command, server: Server
) -> None:
    results = lookbook.json("run", "spring.yaml", "--yes", "--format", "json")
    state = lookbook.folder / "spring.lookbook"
    ledger = state / "ledger.sqlite"
    lookbook("reconcile", "spring.yaml", "--rebuild", code=2)  # a sound one is not touched
    ledger.write_bytes(b"\x00garbage" * 4096)
    done = lookbook("run", "spring.yaml", "--yes", code=2)
    assert "--rebuild" in done.stderr
    lookbook("reconcile", "spring.yaml", "--rebuild")
    assert list(state.glob("ledger.damaged-*.sqlite"))
    again = lookbook.json("run", "spring.yaml", "--format", "json")
    assert states(again) == DONE
    assert [look["avatar_id"] for look in again["looks"]] == [
        look["avatar_id"] for look in results["looks"]
    ]
    assert len(server.stats()["charges"]) == 4


def test_a_rebuild_finds_what_was_bought_after_the_results_were_written(
    lookbook: Command, server: Server
) -> None:
    text = (lookbook.folder / "spring.yaml").read_text()
    lookbook.edit('  street: {prompt: "Wearing a trench coat, rainy street, dusk"}\n', "")
    lookbook("run", "spring.yaml", "--yes")
    state = lookbook.folder / "spring.lookbook"
    old = (state / "results.json").read_text()
    (lookbook.folder / "spring.yaml").write_text(text)
    lookbook("run", "spring.yaml", "--yes")
    (state / "results.json").write_text(old)
    (state / "ledger.sqlite").write_bytes(b"gone" * 4096)
    done = lookbook("reconcile", "spring.yaml", "--rebuild")
    assert "street: found on the account" in done.stdout
    assert states(lookbook.json("run", "spring.yaml", "--yes", "--format", "json")) == DONE
    assert len(server.stats()["charges"]) == 4


def test_a_rebuild_that_cannot_read_the_account_changes_nothing(
    lookbook: Command, server: Server
) -> None:
    lookbook("run", "spring.yaml", "--yes")
    ledger = lookbook.folder / "spring.lookbook" / "ledger.sqlite"
    ledger.write_bytes(b"gone" * 4096)
    (lookbook.folder / "spring.lookbook" / "results.json").write_text("{}")
    lookbook("reconcile", "spring.yaml", "--rebuild", code=2)
    assert ledger.read_bytes() == b"gone" * 4096
    lookbook("run", "spring.yaml", "--yes", code=2)
    assert len(server.stats()["charges"]) == 4


def test_what_a_rebuild_is_not_sure_of_is_not_bought_again(
    lookbook: Command, server: Server
) -> None:
    lookbook("run", "spring.yaml", "--yes")
    state = lookbook.folder / "spring.lookbook"
    results = json.loads((state / "results.json").read_text())
    street = next(look for look in results["looks"] if look["look"] == "street")
    group = street["avatar_group_id"]
    make_by_hand(server, street["name"], group)
    street["takes"] = []
    (state / "results.json").write_text(json.dumps(results))
    (state / "ledger.sqlite").write_bytes(b"gone" * 4096)
    lookbook("reconcile", "spring.yaml", "--rebuild", code=6)
    charges = len(server.stats()["charges"])
    lookbook("run", "spring.yaml", "--yes", code=6)
    assert len(server.stats()["charges"]) == charges
    lookbook("reconcile", "spring.yaml", "--adopt", f"street#1={street['avatar_id']}")
    lookbook("run", "spring.yaml", "--yes")
    assert len(server.stats()["charges"]) == charges


def make_by_hand(server: Server, name: str, group: str) -> None:
    """Make a look on the account that no run ever sent."""
    body = {"type": "prompt", "name": name, "prompt": "by hand", "avatar_group_id": group}
    request = urllib.request.Request(
        f"{server.url}/v3/avatars",
        data=json.dumps(body).encode(),
        headers={"X-Api-Key": KEY, "Content-Type": "application/json"},
    )
    urllib.request.urlopen(request).close()


def test_what_a_colleague_bought_meanwhile_is_taken_over(lookbook: Command, server: Server) -> None:
    text = (lookbook.folder / "spring.yaml").read_text()
    lookbook.edit('  street: {prompt: "Wearing a trench coat, rainy street, dusk"}\n', "")
    lookbook("run", "spring.yaml", "--yes")
    state = lookbook.folder / "spring.lookbook"
    older = {path.name: path.read_bytes() for path in state.glob("ledger.sqlite*")}
    (lookbook.folder / "spring.yaml").write_text(text)
    lookbook("run", "spring.yaml", "--yes")  # the colleague, who commits results.json
    for name, data in older.items():
        (state / name).write_bytes(data)
    done = lookbook("run", "spring.yaml", "--yes")
    assert "Took over 1 take" in done.stderr
    assert "Done: 0 bought ($0.00), 0 failed, 4 unchanged" in done.stdout
    assert len(server.stats()["charges"]) == 4


def test_a_fresh_checkout_is_a_question_that_yes_does_not_answer_and_new_ledger_does_once(
    lookbook: Command, server: Server
) -> None:
    lookbook("run", "spring.yaml", "--yes")
    state = lookbook.folder / "spring.lookbook"
    state.rename(lookbook.folder.parent / "left-on-the-other-machine")
    refused = lookbook("run", "spring.yaml", "--yes", code=2)
    assert "already holds 4 looks" in refused.stderr
    assert "Sarah — street" in refused.stderr
    assert all(way in refused.stderr for way in ("results.json", "lookbook adopt", "--new-ledger"))
    assert len(server.stats()["charges"]) == 4
    lookbook("run", "spring.yaml", "--yes", "--new-ledger")
    assert len(server.stats()["charges"]) == 8
    again = lookbook("run", "spring.yaml", "--yes", "--new-ledger")
    assert "--new-ledger is ignored" in again.stderr
    assert len(server.stats()["charges"]) == 8
    # A sibling that knows them explains them: another manifest on the same Sarah just runs.
    manifest = (lookbook.folder / "spring.yaml").read_text()
    (lookbook.folder.parent / "left-on-the-other-machine").rename(
        lookbook.folder / "winter.lookbook"
    )
    other = manifest.replace("campaign: spring", "campaign: summer")
    (lookbook.folder / "summer.yaml").write_text(other)
    lookbook("run", "summer.yaml", "--yes")
    assert len(server.stats()["charges"]) == 12


def test_a_closed_stdout_costs_no_results(lookbook: Command, server: Server) -> None:
    process = lookbook.start_installed("run", "spring.yaml", "--yes")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stderr.read()
    process.stderr.close()
    process.wait(timeout=PATIENCE)
    results = json.loads((lookbook.folder / "spring.lookbook" / "results.json").read_text())
    assert states(results) == DONE


def test_an_empty_ledger_beside_one_that_holds_the_campaign_is_a_question(
    lookbook: Command, server: Server
) -> None:
    lookbook("run", "spring.yaml", "--yes")
    (lookbook.folder / "spring.yaml").rename(lookbook.folder / "renamed.yaml")
    done = lookbook("run", "renamed.yaml", "--yes", code=2)
    assert "buy everything again" in done.stderr
    assert "--new-ledger" in done.stderr
    assert len(server.stats()["charges"]) == 4
    lookbook("run", "renamed.yaml", "--yes", "--new-ledger")
    assert len(server.stats()["charges"]) == 8


def test_a_colleague_with_the_results_and_an_empty_ledger_buys_nothing(
    lookbook: Command, server: Server
) -> None:
    lookbook("run", "spring.yaml", "--yes")
    state = lookbook.folder / "spring.lookbook"
    for path in state.glob("ledger*"):
        path.unlink()
    done = lookbook("run", "spring.yaml", "--yes")
    assert "Took over 4 takes" in done.stderr
    assert "Done: 0 bought ($0.00), 0 failed, 4 unchanged" in done.stdout
    assert len(server.stats()["charges"]) == 4


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody without rights")
def test_a_read_only_folder_is_said_clearly_and_nothing_is_sent(
    lookbook: Command, server: Server
) -> None:
    """Root writes everywhere, so the command runs as nobody."""
    if not nobody_can_run(lookbook):
        pytest.skip("this Python is not readable for other users")
    process = as_nobody(lookbook, "run", "spring.yaml", "--yes")
    assert process[0] == 1, process
    assert "writable" in process[2]
    assert "Traceback" not in process[2]
    assert server.stats()["charges"] == []


def test_a_state_folder_that_cannot_be_made_is_said_clearly(
    lookbook: Command, server: Server
) -> None:
    (lookbook.folder / "spring.lookbook").write_text("somebody's file")
    for more in ((), ("--simulate",)):
        done = lookbook("run", "spring.yaml", "--yes", *more, code=2)
        assert "spring.lookbook is a file, not a folder" in done.stderr
    assert server.stats()["charges"] == []


def as_nobody(lookbook: Command, *arguments: str) -> tuple[int, str, str]:
    import subprocess

    folder = lookbook.folder
    for path in (folder, *folder.parents[:2]):
        path.chmod(0o755)
    done = subprocess.run(
        [lookbook.executable, *arguments],
        cwd=folder,
        env={**lookbook.environment, "HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"},
        user=65534,
        group=65534,
        extra_groups=[],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def nobody_can_run(lookbook: Command) -> bool:
    try:
        return as_nobody(lookbook, "--version")[0] == 0
    except OSError:
        return False


# --- unknown outcomes -----------------------------------------------------------------------------


def ledger_of(lookbook: Command) -> Path:
    return lookbook.folder / "spring.lookbook" / "ledger.sqlite"


def lose_a_take(lookbook: Command) -> str:
    """Make a look's outcome unknown: its answer was never recorded. Return the look's id."""
    results = lookbook.json("run", "spring.yaml", "--yes", "--format", "json")
    history.lose(ledger_of(lookbook), "street")
    ledger_of(lookbook).with_name("results.json").unlink()  # it would tell what became of it
    ids = {look["look"]: str(look["avatar_id"]) for look in results["looks"]}
    return ids["street"]


def test_reconcile_adopts_what_is_certain(lookbook: Command, server: Server) -> None:
    lost = lose_a_take(lookbook)
    history.age(ledger_of(lookbook), 30 * 3600)
    done = lookbook("reconcile", "spring.yaml")
    assert f"taken over: {lost}" in done.stdout
    assert states(lookbook.json("run", "spring.yaml", "--yes", "--format", "json")) == DONE
    assert len(server.stats()["charges"]) == 4


def test_an_unknown_take_within_its_keys_life_is_found_by_run_and_sent_no_second_time(
    lookbook: Command, server: Server
) -> None:
    lose_a_take(lookbook)
    assert states(lookbook.json("run", "spring.yaml", "--yes", "--format", "json")) == DONE
    stats = server.stats()
    assert len(stats["charges"]) == 4
    assert stats["replays"] == 0


def test_a_person_decides_that_nothing_was_bought(lookbook: Command, server: Server) -> None:
    lost = lose_a_take(lookbook)
    history.age(ledger_of(lookbook), 30 * 3600)
    remove(server, lost)
    done = lookbook("run", "spring.yaml", "--yes", code=6)
    assert "lookbook reconcile" in done.stderr
    shown = lookbook("reconcile", "spring.yaml", code=6)
    assert "street#1" in shown.stdout
    assert "no look of this name" in shown.stdout
    lookbook("reconcile", "spring.yaml", "--nothing-bought", "street#1")
    assert states(lookbook.json("run", "spring.yaml", "--yes", "--format", "json")) == DONE


def test_reconcile_refuses_a_take_that_is_not_unknown(lookbook: Command, server: Server) -> None:
    lookbook("run", "spring.yaml", "--yes")
    done = lookbook("reconcile", "spring.yaml", "--nothing-bought", "base#1", code=2)
    assert "base#1" in done.stderr


def remove(server: Server, look_id: str) -> None:
    import urllib.request

    request = urllib.request.Request(
        f"{server.url}/v3/avatars/looks/{look_id}", method="DELETE", headers={"X-Api-Key": KEY}
    )
    urllib.request.urlopen(request).close()


# --- secrets --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "server",
    [{"faults": ["drop-response:0.2", "garbage:0.1", "error-500:0.1", "moderation:0.2"]}],
    indirect=True,
)
def test_the_key_is_in_no_byte_that_a_faulty_run_leaves_or_prints(
    lookbook: Command, server: Server
) -> None:
    process = lookbook.start("run", "spring.yaml", "--yes")
    cmdline = Path(f"/proc/{process.pid}/cmdline")
    if cmdline.exists():
        assert KEY.encode() not in cmdline.read_bytes()
    printed = "".join(process.communicate(timeout=PATIENCE))
    for command in ("run", "status", "plan", "export"):
        again = lookbook.start(command, "spring.yaml", *(["--yes"] if command == "run" else []))
        printed += "".join(again.communicate(timeout=PATIENCE))
    assert KEY not in printed
    for path in lookbook.folder.rglob("*"):
        if path.is_file():
            assert KEY.encode() not in path.read_bytes(), path
    assert server.stats()["keys_sent_to_images"] == 0


def test_plain_http_to_another_machine_is_refused(lookbook: Command) -> None:
    lookbook.environment |= {"HEYGEN_API_BASE": "http://192.0.2.1", "HEYGEN_API_KEY": KEY}
    done = lookbook("run", "spring.yaml", "--yes", code=2)
    assert "HEYGEN_API_BASE" in done.stderr
    assert "https" in done.stderr
    assert KEY not in done.stderr


# --- offline commands -----------------------------------------------------------------------------


def test_status_shows_money_and_what_to_do_next(lookbook: Command) -> None:
    before = lookbook("status", "spring.yaml")
    assert "Next:\n  lookbook run spring.yaml\n      buys 4 generations for $4.00" in before.stdout
    lookbook.simulate()
    after = lookbook("status", "spring.yaml", "--simulate", "--takes")
    assert "account simulator" in after.stdout
    assert "base#1" in after.stdout
    assert "charged" in after.stdout
    assert "Everything is done." in after.stdout
    assert "Last run: ended less than a minute ago, done." in after.stdout
    page = lookbook.folder / "spring.lookbook/simulated/catalog.html"
    assert f"catalog: {page.as_uri()}" in after.stdout


def test_export_has_every_form(lookbook: Command) -> None:
    results = lookbook.simulate()
    assert lookbook.json("export", "spring.yaml", "--simulate") == results
    lines = lookbook("export", "spring.yaml", "--simulate", "--format", "jsonl").stdout.splitlines()
    assert [json.loads(line)["look"] for line in lines] == [
        look["look"] for look in results["looks"]
    ]
    csv = lookbook("export", "spring.yaml", "--simulate", "--format", "csv").stdout
    assert "office" in csv


def test_retry_says_which_failures_were_billed(lookbook: Command) -> None:
    failing = ("--sim", "fault=fail-generation:1")
    lookbook("run", "spring.yaml", "--simulate", "--yes", *SIM, *failing, code=1)
    done = lookbook("retry", "spring.yaml", "--simulate", "--yes", *SIM)
    assert "1 take failed" in done.stderr
    assert "not charged, as the wallet showed" in done.stderr
    assert "Done: 4 bought ($4.00 of simulated money), 0 failed, 0 unchanged" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("explain", "spring.yaml"),
        ("run", "missing.yaml"),
        ("run", "spring.yaml", "--max-cost", "much"),
        ("run", "spring.yaml", "--sim", "latency=fixed:1"),
        ("run", "spring.yaml", "--simulate", "--sim", "colour=red"),
        ("plan", "spring.yaml", "--account", "api.heygen.com/nobody"),
        ("simulator", "--latency", "sometimes"),
        ("nonsense",),
    ],
)
def test_a_wrong_call_is_one_clear_error(lookbook: Command, arguments: tuple[str, ...]) -> None:
    done = lookbook(*arguments, code=2)
    assert done.stdout == ""
    assert "Error:" in done.stderr
    assert len(done.stderr.splitlines()) <= 4


def wait_for(ready: Any, seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)
