"""What surrounds a run: the doctor's checks, and a key that comes from a file."""

import json
import os
import subprocess
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import jsonschema
import pytest

import runner.cli.boundary
from runner.cli import invoke
from runner.cli.context import Context
from runner.resources import schema

KEY = "sk_0123456789"
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
Captured = pytest.CaptureFixture[str]


class Account:
    """An account with a wallet, whose clock stands still; ``seen`` are its requests."""

    def __init__(self) -> None:
        self.user: dict[str, Any] = {"username": "anna", "wallet": wallet(36)}
        self.status = 200
        self.seen: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        headers = {"Date": format_datetime(NOW, usegmt=True)}
        if self.status != 200:
            error = {"error": {"code": "unauthorized", "message": "no"}}
            return httpx.Response(self.status, json=error, headers=headers)
        data = [] if request.url.path.startswith("/v3/avatars") else self.user
        return httpx.Response(200, json={"data": data, "has_more": False}, headers=headers)


def wallet(balance: float) -> dict[str, Any]:
    return {"currency": "usd", "remaining_balance": balance}


class Clock(NamedTuple):
    seconds: float

    def now(self) -> float:
        return self.seconds

    async def sleep(self, _seconds: float) -> None:
        return


class Surroundings:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
        self.account = Account()
        self.given: dict[str, Any] = {
            "transport": httpx.MockTransport(self.account),
            "environment": {"HEYGEN_API_KEY": KEY},
            "clock": Clock(NOW.timestamp()),
            "home": str(home),
        }
        made = lambda **more: Context(**{**self.given, **more})  # noqa: E731
        monkeypatch.setattr(runner.cli.boundary, "Context", made)

    def doctor(self, capsys: Captured, *arguments: str, code: int) -> dict[str, tuple[str, str]]:
        """Return what is found by check: status, and message with hint."""
        assert invoke(["doctor", *arguments, "--format", "json"]) == code
        document = json.loads(capsys.readouterr().out)
        jsonschema.validate(document, schema("doctor"))
        assert document["ready"] == (code == 0)
        return {
            one["check"]: (one["status"], f"{one['message']} {one['hint']}")
            for one in document["checks"]
        }


@pytest.fixture
def around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Surroundings:
    monkeypatch.chdir(tmp_path)
    return Surroundings(monkeypatch, tmp_path)


def test_the_doctor_finds_what_a_run_needs_with_one_free_question(
    around: Surroundings, capsys: Captured
) -> None:
    found = around.doctor(capsys, code=0)
    assert found["account"] == ("ok", "api.heygen.com/anna None")
    assert found["wallet"][1].startswith("$36.00")
    assert {found[name][0] for name in ("network", "key", "clock", "folder", "disk")} == {"ok"}
    assert [request.url.path for request in around.account.seen] == ["/v3/users/me"]
    assert list(Path().iterdir()) == []
    assert invoke(["doctor"]) == 0
    assert "A run could begin." in capsys.readouterr().out


def test_the_doctor_says_of_each_trouble_what_to_do_and_ends_with_its_code(
    around: Surroundings, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    around.account.user["wallet"] = wallet(0)
    around.given["clock"] = Clock(NOW.timestamp() + 7200)
    found = around.doctor(capsys, code=3)
    assert found["wallet"][0] == "failed"
    assert "Top it up" in found["wallet"][1]
    assert found["clock"][0] == "warning"
    assert "2 h 0 min ahead of HeyGen's" in found["clock"][1]
    around.account.status = 401
    found = around.doctor(capsys, code=3)
    assert "does not accept the key" in found["account"][1]
    assert "wallet" not in found
    around.given["environment"] = {}
    assert "There is no API key" in around.doctor(capsys, code=3)["key"][1]
    around.given["environment"] = {"HEYGEN_API_BASE": "ftp://x"}
    assert around.doctor(capsys, code=2)["network"][0] == "failed"
    monkeypatch.setenv("HTTPS_PROXY", "gopher://proxy.example")
    around.given["environment"] = os.environ
    assert "HTTPS_PROXY" in around.doctor(capsys, code=2)["network"][1]


@pytest.mark.parametrize("scheme", ["http://", ""])
def test_a_proxy_is_shown_without_its_password(
    around: Surroundings, capsys: Captured, scheme: str
) -> None:
    around.given["environment"] = {
        "HEYGEN_API_KEY": KEY,
        "HTTPS_PROXY": f"{scheme}anna:hidden@proxy.example:8080",
    }
    found = around.doctor(capsys, code=0)
    assert found["network"][1].startswith(f"HTTPS_PROXY {scheme}proxy.example:8080")
    assert "hidden" not in str(found)


@pytest.mark.parametrize(
    "line",
    [
        "HEYGEN_API_KEY=sk_from_the_file",
        'export HEYGEN_API_KEY="sk_from_the_file"  # mine',
        "HEYGEN_API_KEY = 'sk_from_the_file'",
        "HEYGEN_API_KEY=sk_from_the_file # mine",
    ],
)
def test_a_file_that_is_named_gives_the_key_and_nothing_else(
    line: str, around: Surroundings, capsys: Captured
) -> None:
    file = Path("keys.env")
    file.write_text(f"# keys\nHEYGEN_API_BASE=https://thief.example\n{line}\nHTTPS_PROXY=x\n")
    file.chmod(0o600)
    assert invoke(["adopt", "--env-file", str(file), "-v"]) == 0
    assert {request.headers["x-api-key"] for request in around.account.seen} == {"sk_from_the_file"}
    assert {request.url.host for request in around.account.seen} == {"api.heygen.com"}
    told = capsys.readouterr()
    assert "HEYGEN_API_BASE in keys.env is not read" in told.err
    assert "sk_from_the_file" not in told.err + told.out


@pytest.mark.parametrize("text", ["", "OTHER=1\n", "HEYGEN_API_KEY=\n", 'HEYGEN_API_KEY="a b"\n'])
def test_a_file_without_a_key_is_an_error_and_no_other_key_is_used(
    text: str, around: Surroundings, capsys: Captured
) -> None:
    Path("keys.env").write_text(text)
    assert invoke(["adopt", "--env-file", "keys.env"]) == 3
    assert "keys.env" in capsys.readouterr().err
    assert invoke(["adopt", "--env-file", "missing.env"]) == 3
    assert around.account.seen == []


def test_a_file_of_keys_that_git_keeps_is_warned_about(
    around: Surroundings, capsys: Captured
) -> None:
    Path("keys.env").write_text(f"HEYGEN_API_KEY={KEY}\n")
    for command in (["git", "init", "-q"], ["git", "add", "keys.env"]):
        subprocess.run(command, check=True, capture_output=True)
    assert invoke(["adopt", "--env-file", "keys.env"]) == 0
    assert "git keeps keys.env" in capsys.readouterr().err
