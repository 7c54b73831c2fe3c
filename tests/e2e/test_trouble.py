"""Full disks and consents: what a person meets, and how the same command goes on."""

import json
import os
import resource
import urllib.request
from typing import Any

import pytest

from runner.cli import main
from runner.simulator.behaviour import Behaviour
from tests.e2e.conftest import PATIENCE, Command, Server

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def limited() -> None:
    """Replace this process by the command where no file can grow beyond so many bytes.

    A disk that is full.
    """
    size = int(os.environ["LOOKBOOK_TESTS_SIZE"])
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    main()


def rarely(size: int) -> Any:
    return pytest.param(size, marks=pytest.mark.long)


@pytest.mark.parametrize(
    "size", [8_000, rarely(40_000), 70_000, rarely(90_000), 110_000, rarely(140_000)]
)
def test_a_disk_that_fills_up_loses_nothing_and_the_same_command_resumes(
    size: int, lookbook: Command, server: Server
) -> None:
    lookbook.environment["LOOKBOOK_TESTS_SIZE"] = str(size)
    process = lookbook.start("run", "spring.yaml", "--yes", target=f"{__name__}:limited")
    _, err = process.communicate(timeout=PATIENCE)
    assert "Traceback" not in err, err
    if process.returncode != 0:
        assert "Error:" in err
        assert "run the same command again" in err or "writable" in err
    results = lookbook.json("run", "spring.yaml", "--yes", "--format", "json")
    assert {look["state"] for look in results["looks"]} == {"fetched"}
    assert len(server.stats()["charges"]) == 4


def consents(results: dict[str, Any]) -> list[str]:
    return [
        take["consent_url"]
        for look in results["looks"]
        for take in look["takes"]
        if take["state"] == "pending_consent"
    ]


@pytest.mark.parametrize("server", [{"faults": ["consent:1"]}], indirect=True)
def test_a_consent_is_asked_for_and_the_next_run_goes_on(lookbook: Command, server: Server) -> None:
    done = lookbook("run", "spring.yaml", "--yes", "--format", "json", code=6)
    (url,) = consents(json.loads(done.stdout))
    assert url in done.stderr
    assert "Once the consent is given, run the same command again" in done.stderr
    assert url in lookbook("status", "spring.yaml").stdout
    kept = lookbook.folder / "spring.lookbook"
    for handed_over in (kept / "results.json", kept / "catalog.html"):
        assert url not in handed_over.read_text()
    assert url not in lookbook("export", "spring.yaml").stdout
    assert len(server.stats()["charges"]) == 1
    urllib.request.urlopen(url).close()
    lookbook("run", "spring.yaml", "--yes")
    assert len(server.stats()["charges"]) == 4


@pytest.mark.parametrize("server", [{"faults": ["moderation:1"]}], indirect=True)
def test_a_moderated_photo_blocks_what_depends_on_it_and_says_why(
    lookbook: Command, server: Server
) -> None:
    results = lookbook.json("run", "spring.yaml", "--yes", "--format", "json", code=1)
    states = {look["look"]: look["state"] for look in results["looks"]}
    assert states == {
        "base": "failed",
        "office": "blocked",
        "night": "blocked",
        "street": "blocked",
    }
    assert results["looks"][0]["error"]["message"]
    again = lookbook.json("run", "spring.yaml", "--yes", "--format", "json", code=1)
    assert len(again["looks"][0]["takes"]) == 1
    assert len(server.stats()["charges"]) <= 1


@pytest.mark.parametrize("server", [{"behaviour": Behaviour(forbid="trench coat")}], indirect=True)
def test_a_look_that_is_forbidden_fails_named_and_is_not_sent_every_night(
    lookbook: Command, server: Server
) -> None:
    """Also when it is the only one that a night has left to buy."""
    lookbook("run", "spring.yaml", "--yes", "--exclude", "street")
    done = lookbook("run", "spring.yaml", "--yes", code=1)
    assert "1 failed: This is forbidden. [forbidden]\n  street\n" in done.stderr
    assert "edit it if it is about what it asks for" in done.stderr
    posts = server.stats()["requests"]["POST /v3/avatars"]
    lookbook("run", "spring.yaml", "--yes", code=1)
    assert server.stats()["requests"]["POST /v3/avatars"] == posts == 4
    lookbook.edit("a trench coat, rainy", "a raincoat, rainy")
    lookbook("run", "spring.yaml", "--yes")
    assert len(server.stats()["charges"]) == 4


@pytest.mark.parametrize("server", [{"behaviour": Behaviour(forbid="")}], indirect=True)
def test_an_account_that_may_generate_nothing_needs_a_person_and_fails_nothing(
    lookbook: Command, server: Server
) -> None:
    for _night in range(2):
        done = lookbook("run", "spring.yaml", "--yes", "--format", "json", code=3)
        assert {look["state"] for look in json.loads(done.stdout)["looks"]} <= {"planned"}
        assert "The account needs a person: base#1: HTTP 403 forbidden" in done.stderr
        assert "may lack a permission" in done.stderr
    assert server.stats()["charges"] == []
