"""results.json is written while a run goes on, and takes next to nothing of its time."""

import json
from pathlib import Path
from typing import Any, NoReturn

import anyio
import pytest

from runner import catalog
from runner.cli import invoke
from runner.cli.account import open_account
from runner.cli.supervise import keep_results, next_wait
from runner.results.fingerprint import is_own_results, read_fingerprint
from runner.results.model import Results
from tests.cli.hands import ACCOUNT, Office
from tests.executor.harness import look, run_virtual


@pytest.mark.parametrize(("took", "wait"), [(0.01, 60), (1.2, 60), (3.0, 150)])
def test_a_write_takes_no_more_than_a_fiftieth_of_the_time(took: float, wait: float) -> None:
    assert next_wait(took) == pytest.approx(wait)


def test_what_happened_is_written_every_minute_and_nothing_where_nothing_did(
    office: Office,
) -> None:
    campaign = office.campaign(look("navy"))
    seen: list[Any] = []

    async def go() -> None:
        ledger = office.ledger()
        ledger.begin(ACCOUNT, "spring", {})
        async with open_account(office.context) as opened:
            state = opened.make_state(campaign)
            path = state.results
            left = read_fingerprint(state.folder, campaign, ledger)
            work: Any = type("Work", (), {"ledger": ledger})

            def written() -> list[str] | None:
                if not path.is_file():
                    return None
                looks = json.loads(path.read_text())["looks"]
                path.unlink()
                assert left.summary() is None  # the catalog is not of today
                return [one["look"] for one in looks if one["takes"]]

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(keep_results, campaign, work, left)
                await anyio.sleep(61)
                seen.append(written())
                await office.bought(ledger, "base")
                await anyio.sleep(30)
                seen.append(written())
                await anyio.sleep(30)
                assert is_own_results(state.folder, ledger.was_at)
                seen.append(written())
                await anyio.sleep(300)
                seen.append(written())
                tasks.cancel_scope.cancel()
        ledger.close()

    run_virtual(go)
    assert seen == [None, None, ["base"], None]


@pytest.mark.slow
def test_thumbnails_are_there_before_the_catalog_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = tmp_path / "spring.yaml"
    manifest.write_text(
        "{version: 1, campaign: spring, base: {name: Sarah, prompt: A woman in her 40s}}", "utf-8"
    )
    found: list[set[str]] = []
    write = catalog.write_catalog

    def look_first(results: Results, folder: Path) -> Path:
        found.append({path.name for path in folder.glob("thumbs/*")})
        return write(results, folder)

    monkeypatch.setattr(catalog, "write_catalog", look_first)
    settings = ["--sim", "latency=fixed:0.05", "--sim", "pictures=off"]
    assert invoke(["run", str(manifest), "--simulate", "--yes", *settings]) == 0
    (page,) = tmp_path.glob("**/catalog.html")
    assert found[-1] == {path.name for path in page.parent.glob("thumbs/*")} != set()


@pytest.mark.slow
def test_who_stops_while_results_are_written_is_not_told_that_nothing_was_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = tmp_path / "spring.yaml"
    manifest.write_text(
        "{version: 1, campaign: spring, base: {name: Sarah, prompt: A woman in her 40s}}", "utf-8"
    )

    def stop(_run: object) -> NoReturn:
        raise KeyboardInterrupt

    run = ["run", str(manifest), "--simulate", "--yes", "--sim", "latency=fixed:0.05"]
    with monkeypatch.context() as ctrl_c:
        ctrl_c.setattr("runner.cli.run_attempt.write_run_results", stop)
        assert invoke([*run, "--sim", "pictures=off"]) == 4
    told = capsys.readouterr().err
    assert "what it bought is in the ledger" in told
    assert "before anything was sent" not in told
    assert invoke([*run, "--sim", "pictures=off"]) == 0
    assert "Nothing to buy" in capsys.readouterr().err
