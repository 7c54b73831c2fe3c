"""What buys more of a campaign waits for the run that holds its ledger."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from runner.cli import after_run
from runner.cli.confirm import confirm_plan
from runner.cli.context import Context
from runner.errors import LedgerClaimed
from runner.ledger.runs import LastRun
from runner.model import Campaign
from runner.plan.request import Request
from runner.queue.port import RunWaiting
from runner.simulator.behaviour import Behaviour
from runner.simulator.server import Embedded
from runner.simulator.settings import Latency, SimulatorSettings
from tests.cli.test_shared import (
    MANIFEST,
    ME,
    MemoryDatabase,
    MemoryLocation,
    charges,
    database,
    fill,
    find_command,
    manifest,
    settings,
)

__all__ = ["database", "manifest"]

Begin = Callable[..., tuple[Result, list[Request], list[float]]]


@pytest.fixture
def begin(database: MemoryDatabase, manifest: object, monkeypatch: pytest.MonkeyPatch) -> Begin:
    """Begin a command beside a run that ends while this waits for the third time."""
    place = database.find_ledger(ME, "spring")
    fill(place.open(concurrency=1, **settings()), manifest)  # type: ignore[arg-type]

    def invoke(*line: str) -> tuple[Result, list[Request], list[float]]:
        asked: list[Request] = []
        naps: list[float] = []
        place.held = True

        def start(_context: Context, _campaign: Campaign, request: Request) -> int:
            asked.append(request)
            if place.held:
                raise LedgerClaimed("Another run holds the ledger: process 7 on a.")
            return 0

        def sleep(seconds: float) -> None:
            naps.append(seconds)
            place.held = len(naps) < 3

        def is_alive(_last: LastRun, ledger: MemoryLocation) -> bool:
            return ledger.held

        command, *rest = line
        monkeypatch.setattr(f"runner.cli.commands.{command}.start_unqueued", start)
        monkeypatch.setattr("runner.cli.after_run.time.sleep", sleep)
        monkeypatch.setattr(after_run, "is_alive", is_alive)
        line = (str(manifest), *rest, "--on", "memory")
        done = CliRunner().invoke(
            find_command(command), line, obj=Context(environment={}), standalone_mode=False
        )
        return done, asked, naps

    return invoke


@pytest.mark.parametrize("line", [("retry",), ("reroll", "office")])
def test_a_retry_and_a_reroll_beside_a_run_plan_and_ask_when_it_has_ended(
    begin: Begin, line: tuple[str, ...]
) -> None:
    done, asked, naps = begin(*line, "--yes")
    assert (done.exception, done.return_value) == (None, 0)
    assert done.stderr.count("process 7 on a. This waits for its end") == 1
    assert len(naps) == 3
    assert [(one.retry, one.reroll) for one in asked] == [
        (line[0] == "retry", 0 if line[0] == "retry" else 1)
    ] * 2  # the account is not asked who it is as long as the run goes on


def test_a_run_that_does_not_end_is_not_waited_for_for_ever(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(after_run, "MAX_WAIT", -1.0)
    done, asked, naps = begin("retry")
    assert isinstance(done.exception, LedgerClaimed)
    assert (len(asked), naps) == (2, [])


class Studio:
    """A campaign that was bought once, and a run of it that can be queued."""

    def __init__(self, database: MemoryDatabase, manifest: Path, url: str) -> None:
        self.queue = database.queue
        self._manifest = manifest
        self._url = url
        self._context = Context(environment={"HEYGEN_API_KEY": "k", "HEYGEN_API_BASE": url})
        self.call("run", "--yes")
        self.call("run", "--yes", "--detach")
        self.account = self.queue.runs["run1"].account
        self._pack = self.queue.packs["run1"]
        self.end("run1")

    def call(self, command: str, *line: str) -> Result:
        """Carry out a command; return what it said."""
        given = [str(self._manifest), *line, "--on", "memory"]
        done = CliRunner().invoke(
            find_command(command), given, obj=self._context, standalone_mode=False
        )
        if done.exception is not None:
            raise done.exception
        assert done.return_value == 0, done.output
        return done

    def enqueue(self) -> str:
        """Queue a run; return its id."""
        return self.queue.enqueue(self._pack, by="a colleague")

    def end(self, run: str) -> None:
        """End a run, as a worker does."""
        begun = self.queue.begin(run, "one")
        assert begun is not None
        self.queue.end(begun, 0)

    def charges(self) -> int:
        """Return how often the account was charged."""
        return charges(self._url)


@pytest.fixture
def studio(database: MemoryDatabase, manifest: Path) -> Iterator[Studio]:
    calm = Behaviour(billing="subscription")
    quick = SimulatorSettings(pictures=False, latency=Latency.parse("fixed:0.1"), behaviour=calm)
    with Embedded(quick) as simulator:
        yield Studio(database, manifest, simulator.url)


def test_what_buys_more_waits_for_a_run_that_is_queued_and_has_not_begun(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    bought: list[int] = []

    def sleep(_seconds: float) -> None:
        bought.append(studio.charges())
        if len(bought) == 2:
            studio.end(waiting)

    monkeypatch.setattr("runner.cli.after_run.time.sleep", sleep)
    waiting = studio.enqueue()
    said = studio.call("reroll", "office", "--yes").stderr
    waits = "queued by a colleague, waits for a worker. This waits for its end, 60 minutes at most"
    assert said.count(f"run {waiting}, {waits}") == 1
    assert said.count("--on memory --cancel") == 1  # nobody is asked anything meanwhile
    assert f"run {waiting} waits for one" in said
    assert bought == [2, 2]
    assert studio.charges() == 3


@pytest.fixture
def queued(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Queue a run while a person is asked for the first time; return its id once it is there."""
    runs: list[str] = []

    def ask(*asked: Any, **named: Any) -> Any:
        if not runs:
            runs.append(studio.enqueue())
        return confirm_plan(*asked, **named)

    monkeypatch.setattr("runner.cli.run_attempt.confirm_plan", ask)
    return runs


def test_a_run_that_goes_on_here_is_refused_where_one_was_queued_while_a_person_was_asked(
    studio: Studio, manifest: Path, queued: list[str]
) -> None:
    manifest.write_text(MANIFEST.replace("navy", "red"))
    with pytest.raises(RunWaiting):
        studio.call("run", "--yes")
    assert studio.charges() == 2
    studio.end(queued[0])
    studio.call("run", "--yes")
    assert studio.charges() == 3


def test_what_was_queued_while_a_person_was_asked_is_waited_for_and_then_asked_about_anew(
    studio: Studio, queued: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.queue.enlist("one", [studio.account], 8)
    monkeypatch.setattr("runner.cli.after_run.time.sleep", lambda _s: studio.end(queued[0]))
    said = studio.call("reroll", "office", "--yes").stderr
    assert said.count("1 generation to buy") == 2
    assert said.count(f"run {queued[0]}, queued by a colleague") == 1
    assert "waits for one" not in said
    assert studio.charges() == 3


def test_a_queued_run_is_not_waited_for_for_ever(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(after_run, "MAX_WAIT", -1.0)
    studio.enqueue()
    with pytest.raises(RunWaiting):
        studio.call("retry", "--yes")
    assert studio.charges() == 2
