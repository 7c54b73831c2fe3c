"""``-v`` and ``--log FILE`` tell what a run does, and the key is in no byte of it."""

import base64
import json
import logging
from pathlib import Path
from urllib.parse import quote

import pytest

from runner.cli import COMMANDS, FORMER, cli, invoke
from runner.cli.log_handlers import start_log
from runner.simulator.server import Embedded
from runner.simulator.settings import Latency, SimulatorSettings
from tests.heygen.loopback import Loopback, Say, http

KEY = "SENTINEL\\key-0123'456789+/=="
MANIFEST = """\
version: 1
campaign: spring
base: {name: Sarah, prompt: "A woman of forty, green eyes, a friendly face, soft light"}
looks:
  office: {prompt: "Wearing a navy blazer, modern office, morning light"}
"""
ECHO = json.dumps({"error": {"code": "unauthorized", "message": f"bad\nkey {KEY}"}}).encode()


@pytest.fixture
def manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "spring.yaml"
    path.write_text(MANIFEST)
    monkeypatch.setenv("HEYGEN_API_KEY", KEY)
    monkeypatch.setenv("HEYGEN_CONFIG_DIR", str(tmp_path))
    return path


def holds_key(data: bytes) -> list[str]:
    """Return the spellings of the key that are in some bytes."""
    plain = [KEY, repr(KEY)[1:-1], json.dumps(KEY)[1:-1], quote(KEY, safe=""), "SENTINEL"]
    coded = [KEY.encode().hex(), base64.b64encode(KEY.encode()).decode()]
    return [word for word in [*plain, *coded] if word.lower().encode() in data.lower()]


@pytest.mark.slow
@pytest.mark.parametrize("simulate", [True, False], ids=["rehearsal", "account"])
def test_a_run_is_told_and_the_key_is_not(
    manifest: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    simulate: bool,
) -> None:
    log = manifest.with_name("run.log")
    settings = SimulatorSettings(latency=Latency("fixed", 0.05, 0.05), pictures=False)
    run = ["run", str(manifest), "--yes", "--format", "json"]
    if simulate:
        sim = ["--simulate", "--sim", "latency=fixed:0.05", "--sim", "pictures=off"]
        assert invoke(["--log", str(log), *run, *sim, "-v"]) == 0
    else:
        with Embedded(settings) as account:
            monkeypatch.setenv("HEYGEN_API_BASE", account.url)
            assert invoke([*run, "-v", "--log", str(log)]) == 0
    out, err = capsys.readouterr()
    json.loads(out)
    data = log.read_bytes()
    text = data.decode()
    assert not holds_key(data)
    assert not holds_key(err.encode())
    assert log.stat().st_mode & 0o077 == 0
    for line in text.splitlines():
        assert line.split()[2].startswith("runner."), line
        assert line in err
    assert "INFO runner.heygen: POST /v3/avatars: 200 in " in text
    assert "(request " in text
    assert "INFO runner.executor: office#1: send 1: BOUGHT" in text
    assert "INFO runner.ledger: office#1 intended price=1.00" in text
    assert "INFO runner.ledger: office#1 completed" in text
    assert "INFO runner.images: office.1 from 127.0.0.1: " in text
    assert "idempotency" not in text.lower()
    assert not logging.getLogger("runner").handlers


def test_a_server_that_repeats_the_key_does_not_bring_it_into_the_log(
    manifest: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = manifest.with_name("run.log")
    with Loopback(Say(http(401, ECHO, f"X-Request-Id: {KEY}"), "keep")) as server:
        monkeypatch.setenv("HEYGEN_API_BASE", server.url)
        assert invoke(["looks", "--log", str(log)]) == 3
    assert KEY.encode() in server.requests[0]
    text = log.read_text()
    assert "GET /v3/users/me: 401 in " in text
    assert not holds_key(log.read_bytes())
    assert len(text.splitlines()) == 1, "what a server says begins no line of its own"
    assert not holds_key("".join(capsys.readouterr()).encode())


def test_a_record_with_a_traceback_is_redacted_as_a_whole(manifest: Path) -> None:
    log = manifest.with_name("run.log")
    stop = start_log(str(log))
    try:
        raise RuntimeError({"X-Api-Key": KEY})
    except RuntimeError:
        logging.getLogger("runner.heygen").exception("met %r", KEY)
    finally:
        stop()
    assert "Traceback" in log.read_text()
    assert not holds_key(log.read_bytes())


def test_a_log_that_cannot_be_written_is_said_before_anything_is_done(
    manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert invoke(["plan", str(manifest), "--log", str(manifest / "run.log")]) == 2
    err = capsys.readouterr().err
    assert "cannot be written" in err
    assert "Nothing was sent" in err


@pytest.mark.parametrize("name", sorted([*COMMANDS, *FORMER]))
def test_every_command_takes_the_options_after_its_name(name: str) -> None:
    command = cli.get_command(None, name)  # type: ignore[arg-type]  # the context is not used
    again = cli.get_command(None, name)  # type: ignore[arg-type]
    assert command is again
    assert command is not None
    spelled = [option for parameter in command.params for option in parameter.opts]
    for option in ("-v", "--verbose", "--log"):
        assert spelled.count(option) == 1
