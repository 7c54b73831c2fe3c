"""What buys more of a campaign waits for the run that holds its ledger."""

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from runner.cli import after_run
from runner.cli.context import Context
from runner.errors import LedgerClaimed
from runner.ledger.runs import LastRun
from runner.model import Campaign
from runner.plan.request import Request
from tests.cli.test_shared import (
    ME,
    MemoryDatabase,
    MemoryLocation,
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
        monkeypatch.setattr(f"runner.cli.commands.{command}.start", start)
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
