"""Every command that reports prints one JSON document on stdout, and speaks on stderr."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from runner.resources import schema
from tests.e2e.conftest import SIM, Command, Server

JSON = ("--format", "json")


def document(lookbook: Command, *arguments: str, code: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(lookbook(*arguments, *JSON, code=code).stdout)
    jsonschema.validate(found, schema("results"))
    return found


def test_every_command_that_reports_prints_the_results_and_what_it_found(
    lookbook: Command, server: Server
) -> None:
    run = lookbook("run", "spring.yaml", "--yes", *JSON)
    results = json.loads(run.stdout)
    assert "Done: 4 bought ($4.00), 0 failed, 0 unchanged" in run.stderr
    assert (results["totals"]["failed"], results["totals"]["waiting"]) == (0, 0)

    status = lookbook("status", "spring.yaml", *JSON)
    assert (json.loads(status.stdout)["next"], status.stderr) == ([], "")
    told = document(lookbook, "explain", "spring.yaml", "night")
    assert [look["look"] for look in told["looks"]] == ["night"]
    assert told["story"]["needs"] == ["office"]
    assert [event["kind"] for event in told["story"]["events"]][:2] == ["intended", "accepted"]
    refreshed = document(lookbook, "refresh", "spring.yaml")
    assert refreshed["differences"] == []
    assert refreshed["looks"] == results["looks"]
    assert document(lookbook, "pick", "spring.yaml", "office#1")["picked"] == ["office#1"]
    assert document(lookbook, "fetch", "spring.yaml")["totals"]["states"] == {"fetched": 4}
    assert document(lookbook, "reconcile", "spring.yaml")["searches"] == []

    street = '  street: {prompt: "Wearing a trench coat, rainy street, dusk"}\n'
    lookbook.edit(street, "")
    lost = document(lookbook, "prune", "spring.yaml", code=2)
    assert lost["error"]["code"] == "usage"
    assert {look["look"] for look in lost["orphans"]} == {"street"}
    pruned = document(lookbook, "prune", "spring.yaml", "--yes")
    assert pruned["removed"] == ["street#1"]
    assert pruned["orphans"] == []
    money = json.loads(lookbook("money", "spring.yaml", *JSON).stdout)
    jsonschema.validate(money, schema("money"))
    assert money["total_usd"] == 4


def test_what_ends_a_command_stands_beside_the_looks_once_a_ledger_is_open(
    lookbook: Command, server: Server
) -> None:
    lookbook("run", "spring.yaml", "--yes")
    named = lookbook("pick", "spring.yaml", "office#7", *JSON, code=2)
    told = json.loads(named.stdout)
    jsonschema.validate(told, schema("results"))
    assert told["error"]["message"] == "'office#7' names no take."
    assert len(told["looks"]) == 4
    assert "'office#7' names no take." in named.stderr
    assert json.loads(lookbook("pick", "no.yaml", "a#1", *JSON, code=2).stdout).keys() == {"error"}


@pytest.mark.parametrize("server", [{"faults": ["moderation:1"]}], indirect=True)
def test_a_job_gets_a_page_that_names_what_failed_and_why(
    lookbook: Command, server: Server, tmp_path: Path
) -> None:
    page = tmp_path / "page.md"
    lookbook("run", "spring.yaml", "--yes", "--summary", str(page), code=1)
    text = page.read_text()
    assert text.startswith("### spring\n\n**Done, not all of it: ")
    assert (
        ", 1 failed, 3 blocked, 0 unchanged · wallet $" in text
    )  # a failure may be charged or not
    assert "1 failed: The image did not pass moderation. \\[moderation\\_failed\\]" in text
    assert "It would be refused again: change the prompt or the picture" in text
    assert "3 blocked, waiting for these: office, night, street" in text
    lookbook("run", "spring.yaml", "--yes", "--max-cost", "x", "--summary", str(page), code=2)
    lookbook("run", "no.yaml", "--summary", str(page), code=2)
    assert page.read_text().startswith("**Error (exit 2):**")


def test_a_rehearsal_says_what_comes_next(lookbook: Command) -> None:
    done = lookbook("run", "spring.yaml", "--simulate", "--yes", *SIM)
    told = f"`lookbook plan {lookbook.folder / 'spring.yaml'}` says what the real run would cost."
    assert told in done.stderr
