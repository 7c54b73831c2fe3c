"""An error of the program ends in one sentence, a log file without secrets, and exit code 70."""

import base64
import json
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from runner import __version__
from runner.cli import invoke, known_campaign
from runner.cli.crash import name_resuming, write_report
from runner.cli.redact import redact, redact_random
from runner.errors import StorageError

KEY = "SENTINEL\\key/0123'456789+=="
MANIFEST = (
    "version: 1\ncampaign: spring\nvariables: {token: x}\nbase: {name: Sarah, avatar_id: look_1}\n"
)


@pytest.fixture
def manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A manifest, a key, and a program in which planning goes wrong and repeats the key."""
    path = tmp_path / "spring.yaml"
    path.write_text(MANIFEST)
    monkeypatch.setenv("HEYGEN_API_KEY", KEY)
    monkeypatch.setenv("HEYGEN_CONFIG_DIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()

    def fail(*_args: Any, **_more: Any) -> None:
        raise RuntimeError(f"the answer\nto {KEY} was {{'X-Api-Key': {KEY!r}}}")

    monkeypatch.setattr(known_campaign, "make_plan", fail)
    return path


def only_log(folder: Path) -> Path:
    (log,) = folder.glob("lookbook-error-*.log")
    return log


def spellings(key: str) -> list[str]:
    plain = [key, repr(key)[1:-1], json.dumps(key)[1:-1], quote(key, safe="")]
    return [*plain, key.encode().hex(), base64.b64encode(key.encode()).decode()]


@pytest.mark.parametrize("state", [True, False], ids=["beside the ledger", "temporary folder"])
@pytest.mark.parametrize("form", ["text", "json"])
def test_one_sentence_a_log_file_and_exit_70(
    manifest: Path, capsys: pytest.CaptureFixture[str], form: str, state: bool
) -> None:
    folder = manifest.with_name("spring.lookbook" if state else "temporary")
    folder.mkdir(exist_ok=True)
    assert invoke(["plan", str(manifest), "--var", f"token={KEY}", "--format", form]) == 70
    out, err = capsys.readouterr()
    log = only_log(folder)
    assert log.stat().st_mode & 0o777 == 0o600
    text = log.read_text()
    assert f"lookbook {__version__}" in text
    assert "Python" in text
    assert "'plan'" in text
    assert "Traceback (most recent call last)" in text
    assert "RuntimeError: the answer" in text
    for spelling in spellings(KEY):
        assert spelling.lower() not in (text + out + err).lower()
    assert "Error: lookbook met an error of its own (RuntimeError: the answer to ***" in err
    assert str(log) in err
    assert "the ledger holds it" in err
    assert "Traceback" not in err
    if form == "text":
        assert out == ""
        return
    error = json.loads(out)["error"]
    assert (error["code"], error["exit"]) == ("internal_error", 70)
    assert str(log) in error["message"]
    assert "resumes" in error["hint"]


@pytest.mark.parametrize(
    ("words", "is_same"),
    [
        (["run", "spring.yaml"], True),
        (["run", "--plan", "saved.json"], False),
        (["run", "--plan=saved.json"], False),
        (["reroll", "spring.yaml", "navy"], False),
    ],
)
def test_a_command_that_would_buy_more_is_not_to_be_repeated(
    words: list[str], is_same: bool
) -> None:
    assert name_resuming(words).startswith("Run the same command") is is_same


def test_a_document_that_was_printed_already_is_not_followed_by_another(
    manifest: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import click

    def print_and_fail(*_args: Any, **_more: Any) -> None:
        click.echo('{"actions": []}')
        raise ZeroDivisionError

    monkeypatch.setattr(known_campaign, "make_plan", print_and_fail)
    assert invoke(["plan", str(manifest), "--format", "json"]) == 70
    assert json.loads(capsys.readouterr().out) == {"actions": []}


def test_where_no_file_can_be_written_the_report_is_printed(
    manifest: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(manifest.with_name("nowhere")))
    assert invoke(["plan", str(manifest)]) == 70
    err = capsys.readouterr().err
    assert "no log file could be written" in err
    assert "Traceback (most recent call last)" in err
    assert KEY not in err


def test_a_command_that_buys_more_each_time_is_not_to_be_repeated(
    manifest: Path,  # its temporary folder takes the log
) -> None:
    assert write_report(ValueError(), ["run", "a.yaml"]).hint.startswith("Run the same command")
    for again in (["reroll", "a.yaml"], ["retry", "a.yaml"], ["run", "a.yaml", "--cascade"]):
        assert write_report(ValueError(), again).hint.startswith("`lookbook run` with this")


def test_an_error_that_is_foreseen_leaves_no_log(
    manifest: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: Any, **_more: Any) -> None:
        raise StorageError("The disk is full.")

    monkeypatch.setattr(known_campaign, "make_plan", fail)
    assert invoke(["plan", str(manifest)]) == 1
    assert capsys.readouterr().err.endswith("\nError: The disk is full.\n")
    assert not list(manifest.parent.rglob("*.log"))
    assert invoke(["plan", str(manifest), "--format", "json"]) == 1
    told = {"code": "storage", "message": "The disk is full.", "hint": None, "exit": 1}
    assert json.loads(capsys.readouterr().out) == {"error": told}


@pytest.mark.parametrize("form", ["--format=json", "--format json", "--format text"])
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["plan", "MANIFEST", "--no-such-option"], "usage"),
        (["plan", "MANIFEST", "--price", "nonsense"], "usage"),
        (["plan"], "usage"),
        (["plan", "BROKEN"], "invalid_manifest"),
        (["plan", "MISSING"], "usage"),
        (["run", "BROKEN"], "invalid_manifest"),
        (["export", "BROKEN"], "invalid_manifest"),
    ],
)
def test_every_exit_leaves_one_document_where_a_program_reads_json(
    manifest: Path,
    capsys: pytest.CaptureFixture[str],
    form: str,
    arguments: list[str],
    code: str,
) -> None:
    broken = manifest.with_name("broken.yaml")
    broken.write_text("version: 1\ncampaign: [\n")
    places = {"MANIFEST": manifest, "BROKEN": broken, "MISSING": manifest.with_name("no.yaml")}
    given = [str(places.get(word, word)) for word in arguments]
    assert invoke([*given, *form.split(" ")]) == 2
    out, err = capsys.readouterr()
    assert "Error: " in err
    if form == "--format text":
        assert out == ""
        return
    document = json.loads(out)
    assert (document["error"]["code"], document["error"]["exit"]) == (code, 2)
    assert document["error"]["message"] in err.replace("\n       ", "\n")
    assert document.get("valid", False) is False


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("x-api-key: abcdef", "x-api-key: ***"),
        ("{'Authorization': 'Bearer abc.def'}", "{'Authorization': 'Bearer ***'}"),
        ("(b'X-Api-Key', b'abc')", "(b'X-Api-Key', b'***')"),
        ('{"api_key": "abc"}', '{"api_key": "***"}'),
        ("https://cdn.example/a.png?Signature=abc&b=c is gone",
         "https://cdn.example/a.png?*** is gone"),
        ("https://me:word@example/", "https://***@example/"),
        ("sk_V2_hgu_abcdefgh1234", "sk_***"),
        ("MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=", "***"),
        ("lookbook-5f3a1c0a9d", "lookbook-5f3a1c0a9d"),
        ("/home/me/spring.yaml line 12 in CampaignReader", None),
    ],
)  # fmt: skip
def test_what_looks_like_a_secret_is_redacted(text: str, kept: str | None) -> None:
    assert redact_random(redact(text)) == (text if kept is None else kept)
