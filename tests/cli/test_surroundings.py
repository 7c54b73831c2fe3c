"""Machines as they are: old encodings, missing homes and streams, full disks, shares, proxies."""

import errno
import io
import json
import runpy
import signal
import sqlite3
import sys
from pathlib import Path

import httpx
import pytest

import runner
from runner.cli import invoke
from runner.cli.context import Console, find_home
from runner.cli.silence import explain_silence, is_lasting
from runner.cli.supervise import _stopping_signals
from runner.cli.terminal import guard_streams, write_utf8
from runner.errors import AccountError, ApiTrouble, LedgerDamaged, StorageError
from runner.heygen.connection import PROXY_REFUSED, explain_http_error
from runner.ledger.lock import lock_ledger
from runner.ledger.sqlite_errors import explain_sqlite_error
from runner.replies import Lost, NotSent, Refusal

MANIFEST = """\
version: 1
campaign: spring
base: {name: Zoë — 花, prompt: "A woman in her forties, smiling, studio"}
looks:
  office: {title: "Büro → 花", prompt: "Wearing a navy blazer, modern office, morning light"}
"""
OLD = ("iso8859-1", "cp932", "cp1252", "koi8-r", "ascii")


@pytest.fixture
def manifest(tmp_path: Path) -> str:
    path = tmp_path / "frühling.yaml"
    path.write_text(MANIFEST, encoding="utf-8")
    return str(path)


def printed(monkeypatch: pytest.MonkeyPatch, encoding: str, *arguments: str) -> bytes:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
    assert invoke(arguments) == 0
    sys.stdout.flush()
    return raw.getvalue()


@pytest.mark.parametrize("encoding", OLD)
def test_text_degrades_to_what_the_terminal_has(
    manifest: str, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = printed(monkeypatch, encoding, "plan", manifest).decode(encoding)
    assert "office" in told
    assert "\\u2014" not in told  # a dash is a dash everywhere


@pytest.mark.parametrize("encoding", OLD)
def test_what_programs_read_is_utf_8_everywhere(
    manifest: str, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = printed(monkeypatch, encoding, "plan", manifest, "--format", "json")
    assert json.loads(told.decode("utf-8"))["count"] == 2
    rows = printed(monkeypatch, encoding, "export", manifest, "--format", "csv")
    assert "Büro → 花" in rows.decode("utf-8-sig")


def test_half_a_character_of_a_file_name_stays_an_escape(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="cp1252"))
    with guard_streams():
        write_utf8()
        sys.stdout.write(json.dumps({"file": "a\udc80"}, ensure_ascii=False))
        sys.stdout.flush()
    assert json.loads(raw.getvalue()) == {"file": "a\udc80"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_full_stdout_is_said_and_ends_in_1(
    manifest: str, form: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert invoke(["plan", manifest, "--format", form]) == 1
    assert "could not be written to the end" in capsys.readouterr().err


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EPIPE, errno.EIO])
def test_a_stderr_that_cannot_be_written_ends_nothing(
    manifest: str, number: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(number, "gone")

    monkeypatch.setattr(sys, "stderr", Closed())
    assert invoke(["plan", manifest, "--simulate"]) == 0
    assert invoke(["plan", manifest, "--no-such-option"]) == 2
    assert "office" in capsys.readouterr().out


def test_streams_that_the_parent_closed_are_opened_as_nothing(
    manifest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    assert invoke(["plan", manifest]) == 0
    assert not Console().can_answer()
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        stream.close()


def test_a_user_that_the_system_does_not_know_has_no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", lambda uid: {}[uid])
    assert find_home() is None


def test_a_closed_terminal_stops_a_run_as_an_end_does_but_for_nohup() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        assert signal.SIGHUP in _stopping_signals()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        assert _stopping_signals() == [signal.SIGINT, signal.SIGTERM]
    finally:
        signal.signal(signal.SIGHUP, before)


# --- shares ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("SQLITE_PROTOCOL", "locking protocol"),
        ("SQLITE_IOERR_SHMMAP", "disk I/O error"),
        ("SQLITE_IOERR_LOCK", "disk I/O error"),
    ],
)
def test_a_share_without_locks_is_no_damaged_ledger(name: str, text: str) -> None:
    error = sqlite3.OperationalError(text)
    error.sqlite_errorname = name
    told = explain_sqlite_error(error, Path("ledger.sqlite"))
    assert type(told) is StorageError
    assert "share" in told.message
    assert isinstance(
        explain_sqlite_error(sqlite3.DatabaseError("malformed"), Path("x")), LedgerDamaged
    )


@pytest.mark.parametrize("error", [NotImplementedError("no flock"), OSError(37, "No locks")])
def test_a_folder_that_knows_no_locks_is_said(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("runner.ledger.lock.FileLock.acquire", refuse)
    with pytest.raises(StorageError, match="can be locked") as caught, lock_ledger(tmp_path, now=0):
        pass
    assert "disk of this machine" in (caught.value.hint or "")


# --- the network ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "kind", "cure", "lasting"),
    [
        (NotSent("no connection: [SSL: CERTIFICATE_VERIFY_FAILED]"), ApiTrouble, "SSL_CERT", True),
        (NotSent(f"{PROXY_REFUSED}: 407"), ApiTrouble, "HTTPS_PROXY", False),
        (NotSent("no connection: Name or service not known"), ApiTrouble, "network", False),
        (NotSent("no connection in time"), ApiTrouble, "when it is back", False),
        (Lost("reset"), ApiTrouble, "when it is back", False),
        (Refusal(403, "http_403", "a web page", enveloped=False), AccountError, "firewall", False),
        (Refusal(402, "insufficient_credit", "empty"), AccountError, "Nothing was sent", False),
    ],
)
def test_each_silence_has_its_own_cure(
    reply: NotSent | Lost | Refusal, kind: type[Exception], cure: str, lasting: bool
) -> None:
    told = explain_silence(reply)
    assert type(told) is kind
    assert cure in (told.hint or "")
    assert "Nothing was sent" in (told.hint or "")
    assert is_lasting(reply) == lasting


def test_a_certificate_that_nobody_trusts_is_named_as_httpx_names_it() -> None:
    """The words that are searched for are OpenSSL's, and httpx passes them on."""
    error = httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed")
    assert is_lasting(NotSent(explain_http_error(error)))


def test_a_process_that_measures_faces_reads_the_main_module_without_running_the_command() -> None:
    main = Path(runner.__file__).with_name("__main__.py")
    assert "main" in runpy.run_path(str(main), run_name="__mp_main__")
