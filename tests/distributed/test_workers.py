"""Workers as processes that are killed: what is queued is carried out, and charged once."""

import json
import re
import signal
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

pytest.importorskip("dbos", reason="make test-distributed installs it")

from runner.simulator.server import Embedded
from runner.simulator.settings import Latency, SimulatorSettings
from tests.distributed.conftest import LOOKS, Crew

pytestmark = [pytest.mark.distributed, pytest.mark.slow]

NO_KEY = {"HEYGEN_API_KEY": "", "HEYGEN_CONFIG_DIR": "/nonexistent"}


def test_a_run_outlives_its_client_and_its_worker(crew: Crew) -> None:
    workers = [crew.hire("--metrics", "0"), crew.hire()]
    _, _, metrics = workers[0].stderr.readline().strip().partition("Metrics: ")
    client = crew.run("spring", "--yes")
    crew.studio.wait_for_any_charges(2)
    client.send_signal(signal.SIGKILL)
    run = crew.queued()
    with urllib.request.urlopen(metrics) as answer:
        scraped = answer.read().decode()
    assert re.search(r'lookbook_runs\{account="[^"]+",state="running"\} 1.0\n', scraped), scraped
    (other,) = [one for one in workers if f"-{one.pid}-" not in str(run.worker)]
    (busy,) = {*workers} - {other}
    busy.send_signal(signal.SIGKILL)
    crew.wait(lambda: crew.queued().attempt == 2)
    assert f"-{other.pid}-" in str(crew.queued().worker)
    code, _, err = crew.finish(crew.run("spring", "--yes", machine="two"))
    assert code == 2
    assert f"run {run.run}" in err
    code, out, err = crew.finish(crew.run("spring", "--follow", machine="two"))
    assert code == 0, err
    assert f"goes on in {crew.queued().worker}" in err
    assert "generated" in err
    assert "Done: " in out
    assert "catalog:" not in out  # it lies with the worker
    assert "as its worker writes it" in err
    assert len({charge["name"] for charge in crew.studio.stats()["charges"]}) == LOOKS + 1
    assert len(crew.studio.stats()["charges"]) == LOOKS + 1
    code, out, _ = crew.finish(crew.run("spring", "--yes"))
    assert (code, "Done: 0 bought" in out) == (0, True)  # an unchanged manifest is a new run
    assert len(crew.queue.list_runs()) == 2
    assert len(crew.studio.stats()["charges"]) == LOOKS + 1


def test_a_worker_that_is_ended_hands_its_run_on_at_once(crew: Crew) -> None:
    first = crew.hire()
    code, out, _ = crew.finish(crew.run("spring", "--detach", "--yes", "--format", "json"))
    assert code == 0
    assert json.loads(out)["campaign"] == "spring"
    crew.studio.wait_for_any_charges(2)
    first.send_signal(signal.SIGTERM)
    assert crew.finish(first)[0] == 0
    assert crew.queue.list_workers() == []
    assert crew.queued().ended_at is None
    crew.hire()
    assert crew.finish(crew.run("spring", "--follow"))[0] == 0
    crew.studio.check_once("spring")
    took_over = crew.queued()
    assert (took_over.attempt, took_over.exit_code) == (2, 0)


def test_a_server_that_is_ended_hard_is_waited_for_by_workers(crew: Crew) -> None:
    worker = crew.hire()
    client = crew.run("spring", "--yes")
    crew.studio.wait_for_any_charges(2)
    crew.studio.server.kill()
    crew.studio.server.turn_away(6)
    crew.studio.server.start()
    code, _, err = crew.finish(client)
    assert code == 0, err
    crew.studio.check_once("spring")
    assert worker.poll() is None
    code, out, _ = crew.finish(crew.run("spring", "--yes"))
    assert (code, "Done: 0 bought" in out) == (0, True)
    assert [run.exit_code for run in crew.queue.list_runs()] == [0, 0]


def test_a_worker_that_was_stopped_leaves_what_others_took(crew: Crew) -> None:
    stopped = crew.hire()
    assert crew.finish(crew.run("spring", "--detach", "--yes"))[0] == 0
    crew.studio.wait_for_any_charges(2)
    stopped.send_signal(signal.SIGSTOP)  # its process goes on, and holds the campaign
    crew.hire()
    crew.wait(lambda: crew.queued().attempt == 2)
    stopped.send_signal(signal.SIGCONT)
    code, _, err = crew.finish(stopped)
    assert code == 1
    assert "took this one for dead" in err
    assert crew.finish(crew.run("spring", "--follow"))[0] == 0
    crew.studio.check_once("spring")


@pytest.mark.parametrize("studio", [{"concurrency": 50}], indirect=True)
def test_runs_on_two_workers_hold_a_limit_that_the_account_need_not_enforce(crew: Crew) -> None:
    campaigns, limit = ("spring", "summer", "autumn"), ("--max-concurrency", "3")
    assert crew.finish(crew.run("first", "--yes", *limit))[0] == 0  # it learns the price
    for _ in range(2):
        crew.hire("--slots", "2")
    for name in campaigns:
        assert crew.finish(crew.run(name, "--detach", "--yes", *limit))[0] == 0
    for name in campaigns:
        assert crew.finish(crew.run(name, "--follow"))[0] == 0
    stats = crew.studio.stats()
    names = [charge["name"] for charge in stats["charges"]]
    assert len(names) == len({*names}) == (LOOKS + 1) * 4
    assert (stats["peak_in_progress"], stats["rejected"]) == (3, {})


@contextmanager
def another_account() -> Iterator[str]:
    settings = SimulatorSettings(latency=Latency("fixed", 0.2), concurrency=4, pictures=False)
    with Embedded(settings) as account:
        yield account.url


def test_accounts_have_names_and_a_client_needs_no_key(crew: Crew) -> None:
    with another_account() as other:
        named = {
            "HEYGEN_API_KEY": "",
            "HEYGEN_API_KEY_A": "sk-studio-0123456",
            "HEYGEN_API_KEY_STUDIO_B": "sk-studio-7654321",
            "HEYGEN_API_BASE_STUDIO_B": other,
        }
        crew.hire("--account", "a", "--account", "studio-b", more=named)
        impostor = {**NO_KEY, "HEYGEN_API_KEY_STUDIO_B": "sk-studio-0123456"}
        code, _, err = crew.finish(crew.start("worker", "--account", "studio-b", more=impostor))
        assert code == 3
        assert "studio-b is" in err
        code, _, err = crew.finish(crew.run("spring", "--detach", "--yes", more=NO_KEY))
        assert code == 2
        assert "cannot be told without a key" in err
        for name, campaign in (("a", "spring"), ("studio-b", "autumn")):
            options = ("--detach", "--yes", "--account", name)
            code, _, err = crew.finish(crew.run(campaign, *options, more=NO_KEY))
            assert code == 0, err
        for campaign in ("spring", "autumn"):
            code, _, err = crew.finish(crew.run(campaign, "--follow", more=NO_KEY))
            assert code == 0, err
        crew.studio.check_once("spring")
        with urllib.request.urlopen(f"{other}/__simulator__/stats") as answer:
            assert len(json.load(answer)["charges"]) == LOOKS + 1


def test_what_no_worker_has_the_key_of_goes_on_in_its_own_process(crew: Crew) -> None:
    with another_account() as other:
        crew.hire(more={"HEYGEN_API_BASE": other})
        code, out, err = crew.finish(crew.run("spring", "--yes"))
        assert (code, "Done: 7 bought" in out) == (0, True)
        assert "goes on in this process: no living worker serves" in err
        assert crew.queue.list_runs() == []
        code, _, err = crew.finish(crew.run("autumn", "--detach", "--yes"))
        assert code == 0  # it waits
        (waiting,) = crew.queue.list_runs()
        assert (waiting.campaign, waiting.started_at) == ("autumn", None)
        assert crew.finish(crew.run("autumn", "--cancel"))[0] == 0
        code, _, err = crew.finish(crew.run("autumn", "--follow"))
        assert code == 2
        assert "was cancelled" in err
