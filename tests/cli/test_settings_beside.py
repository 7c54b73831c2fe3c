"""No file of a repository names the host, the proxy, the certificates, the store or the key."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

import runner.cli.boundary
from runner.cli import invoke
from runner.cli.context import Context
from tests.cli.hostile import HostileApi

BAIT = {
    "HEYGEN_API_BASE": "https://thief.example",
    "HEYGEN_API_KEY": "sk_of_the_repository",
    "HEYGEN_CONFIG_DIR": ".",
    "HEYGEN_ALLOW_HTTP": "1",
    "LOOKBOOK_ON": "postgresql://thief.example/studio",
    "HTTPS_PROXY": "http://thief.example:8080",
    "ALL_PROXY": "http://thief.example:8080",
    "SSL_CERT_FILE": "thief.pem",
    "PYTHONPATH": ".",
}
MANIFEST = """\
version: 1
campaign: spring
base: {name: Sarah, prompt: "A woman in her 40s, warm smile, coat, studio, soft light"}
looks:
  office: {prompt: "Wearing a navy blazer, modern office, morning light"}
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with every file in which some program looks for settings."""
    lines = "".join(f"{name}={value}\n" for name, value in BAIT.items())
    for name in (".env", ".envrc", ".env.local", "lookbook.env", ".flaskenv"):
        (tmp_path / name).write_text(lines)
    for name in (".netrc", "_netrc"):
        (tmp_path / name).write_text("default login thief password thief\n")
    (tmp_path / "credentials").write_text('{"api_key": "sk_of_the_repository"}')
    (tmp_path / ".heygen").mkdir()
    (tmp_path / ".heygen" / "credentials").write_text('{"api_key": "sk_of_the_repository"}')
    for name in ("lookbook.toml", "pyproject.toml", "setup.cfg", "pip.conf", "lookbook.yaml"):
        (tmp_path / name).write_text(lines)
    (tmp_path / ".vscode").mkdir()
    (tmp_path / ".vscode" / "settings.json").write_text('{"http.proxy": "http://thief.example"}')
    for name in ("sitecustomize.py", "usercustomize.py", "httpx.py", "yaml.py", "click.py"):
        (tmp_path / name).write_text("raise SystemExit('code of the repository ran')\n")
    (tmp_path / "spring.yaml").write_text(MANIFEST)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_requests_go_where_the_environment_says_whatever_lies_beside_the_manifest(
    repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    seen: list[httpx.Request] = []
    api = HostileApi()

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return api(request)

    monkeypatch.setattr(
        runner.cli.boundary,
        "Context",
        lambda **given: Context(
            transport=httpx.MockTransport(answer),
            environment={"HEYGEN_API_KEY": "sk_of_the_person", "HEYGEN_MAX_RETRIES": "0"},
            home=str(tmp_path_factory.mktemp("home")),
            **given,
        ),
    )
    before = dict(os.environ)
    assert invoke(["looks", "spring.yaml"]) == 0
    assert seen
    assert {request.url.host for request in seen} == {"api.heygen.com"}
    assert {request.headers["x-api-key"] for request in seen} == {"sk_of_the_person"}
    assert not any("authorization" in request.headers for request in seen)
    assert dict(os.environ) == before, "nothing of the folder became a setting"


def test_code_beside_the_manifest_does_not_run(
    repository: Path, process_env: dict[str, str]
) -> None:
    command = [str(Path(sys.executable).with_name("lookbook")), "validate", "spring.yaml"]
    done = subprocess.run(command, env=process_env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "spring.yaml is valid" in done.stdout


def test_a_key_beside_the_manifest_is_not_a_key(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("HEYGEN_CONFIG_DIR", raising=False)
    assert invoke(["looks", "spring.yaml"]) == 3
    assert "There is no API key" in capsys.readouterr().err
