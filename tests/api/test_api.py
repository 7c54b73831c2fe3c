"""lookbook from Python: nothing printed, nobody asked, errors raised, and nothing bought twice."""

import re
import subprocess
import sys
import threading
from decimal import Decimal
from pathlib import Path

import anyio
import pytest
from PIL import Image

from runner.api import (
    AccountError,
    BudgetRefused,
    Exit,
    ManifestError,
    Message,
    RunEvent,
    TakeChanged,
    TakeState,
    UsageError,
    load,
    plan,
    run,
    run_async,
)
from runner.api.events import tell
from runner.cli.captured import capture_output

ROOT = Path(__file__).parents[2]
QUICK = {"latency": "fixed:0.05", "pictures": "off"}
PROMPT = "Wearing a navy blazer, an office, morning light"


@pytest.fixture
def manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("HEYGEN_API_KEY", "HEYGEN_API_BASE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HEYGEN_CONFIG_DIR", str(tmp_path / "none"))
    Image.new("RGB", (512, 512), (200, 150, 120)).save(tmp_path / "a.png")
    path = tmp_path / "spring.yaml"
    path.write_text(
        "version: 1\ncampaign: spring\nbase: {name: Sarah, photo: a.png}\n"
        f"looks: {{office: {{prompt: '{PROMPT}'}}}}\n"
    )
    return path


def test_a_campaign_is_planned_run_and_run_again(
    manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    campaign = load(manifest)
    events: list[RunEvent] = []

    def listen(event: RunEvent) -> None:
        events.append(event)
        raise RuntimeError("what a listener raises ends no run")

    todo = plan(campaign, simulate=True)
    assert (todo.count, todo.cost) == (2, Decimal(2))
    result = run(campaign, simulate=True, sim=QUICK, on_event=listen)

    assert (result.exit, result.done) == (Exit.DONE, True)
    looks = {look["look"]: look for look in result.results["looks"]}
    assert list(looks) == ["base", "office"]
    image = looks["office"]["image"]
    assert image is not None
    assert (result.folder / image).is_file()
    ready = {e.look for e in events if isinstance(e, TakeChanged) and e.state is TakeState.FETCHED}
    assert ready == set(looks)
    told = [event.text for event in events if isinstance(event, Message)]
    assert any(line.startswith("Done: 2 bought") for line in told)
    assert not any("\x1b" in line for line in told)

    async def again() -> float:
        second = await run_async(campaign, simulate=True, sim=QUICK)
        return second.results["totals"]["cost_usd"]

    assert anyio.run(again) == 2.0
    assert plan(campaign, simulate=True).count == 0
    assert capsys.readouterr() == ("", "")


def test_what_keeps_a_run_from_beginning_is_raised(
    manifest: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = load(manifest)
    with pytest.raises(UsageError, match="needs max_cost"):
        run(campaign)
    with pytest.raises(UsageError, match="not nan"):
        run(campaign, max_cost=float("nan"))
    with pytest.raises(UsageError, match="lists of expressions"):
        plan(campaign, select="office")
    with pytest.raises(UsageError, match="embedded simulator"):
        run(campaign, max_cost=1, sim=QUICK)
    with pytest.raises(AccountError):
        run(campaign, max_cost=1)
    with pytest.raises(BudgetRefused, match=r"\$2.00"):
        run(campaign, max_cost=1.5, simulate=True, sim=QUICK)
    assert plan(campaign, simulate=True).count == 2
    with pytest.raises(UsageError, match="on= names no database"):
        run(campaign, max_cost=1, on="")
    monkeypatch.setenv("LOOKBOOK_ON", "")
    with pytest.raises(UsageError, match="LOOKBOOK_ON names no database"):
        plan(campaign)
    assert plan(campaign, simulate=True).count == 2

    async def in_a_loop() -> None:
        run(campaign, simulate=True)

    with pytest.raises(UsageError, match="event loop") as caught:
        anyio.run(in_a_loop)
    assert "run_async" in (caught.value.hint or "")
    manifest.write_text("version: 1\ncampaign: spring\nbase: {nom: x}\n")
    with pytest.raises(ManifestError) as wrong:
        load(manifest)
    assert wrong.value.diagnostics[0].line == 3
    assert capsys.readouterr() == ("", "")


def test_only_the_run_is_captured_and_other_threads_print_as_before(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines: list[str] = []
    before = sys.stdout
    with capture_output(lines.append):
        sys.stdout.write("one\n\ntwo")
        other = threading.Thread(target=print, args=("another thread",))
        other.start()
        other.join()
        with capture_output(lambda line: lines.append(f"inner {line}")):
            sys.stderr.write("three")
        sys.stdout.write(" and a half\n")
        sys.stdout.write("the rest")
        with pytest.raises(TypeError):
            sys.stdout.write(b"")  # type: ignore[arg-type]
    assert lines == ["one", "inner three", "two and a half", "the rest"]
    assert sys.stdout is before
    assert capsys.readouterr() == ("another thread\n", "")


def test_streams_that_somebody_replaced_meanwhile_stay(capsys: pytest.CaptureFixture[str]) -> None:
    before, mine = sys.stdout, sys.stderr
    with capture_output(lambda _line: None):
        sys.stdout = mine
    try:
        assert sys.stdout is mine
    finally:
        sys.stdout = before


def test_nobody_has_to_listen(capsys: pytest.CaptureFixture[str]) -> None:
    tell(None, Message("to nobody"))
    assert capsys.readouterr() == ("", "")


def test_importing_it_reads_no_library() -> None:
    """Nor does the command import it: ``tests/test_house.py`` has no arrow to ``runner.api``."""
    heavy = ("anyio", "click", "httpx", "jsonschema", "PIL", "sqlite3", "yaml", "runner.cli")
    code = f"import sys, runner.api; print([n for n in {heavy} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"


def test_the_examples_of_the_documentation_run(
    manifest: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(manifest.parent)
    page = (ROOT / "docs" / "python.md").read_text("utf-8")
    names: dict[str, object] = {"__name__": "__main__"}
    for block in re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        exec(block, names)  # the page's own words
    out = capsys.readouterr().out
    assert "2 generations for 2" in out
    assert "office fetched" in out
    assert out.endswith("2.0\n")
