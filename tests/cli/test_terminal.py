"""Nothing that anybody wrote reaches a terminal as more than a text."""

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from runner.cli import COMMANDS, FORMER, invoke
from runner.cli.terminal import (
    Terminal,
    escape_text,
    guard_streams,
    printing_annotations,
    printing_data,
    show_link,
    style,
)
from runner.shell import quote_command
from tests.cli.hostile import (
    EVIL,
    FORGED,
    NAME,
    SNEAKY,
    HostileApi,
    find_dangers,
    list_tries,
    refuse_to_serve,
    stand_in,
    write_manifest,
    write_spoiled,
)

# --- every command --------------------------------------------------------------------------------


class Stand:
    """A campaign that ran on a hostile account, and the commands that are tried on it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.api = HostileApi()
        Image.new("RGB", (512, 512), (200, 150, 120)).save(folder / "sarah.png")
        (folder / NAME).write_text(write_manifest(), encoding="utf-8")
        monkeypatch.chdir(folder)
        stand_in(monkeypatch, self.api, folder)


@pytest.fixture
def stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stand:
    return Stand(tmp_path, monkeypatch)


def test_no_command_prints_what_a_terminal_would_carry_out(
    stand: Stand, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = list_tries()
    assert set(tried) == {*COMMANDS, *FORMER}, "a command is not tried"
    Path("spoiled.yaml").write_text(write_spoiled(), encoding="utf-8")
    Path("sheet.csv").write_text(f"key,prompt,{SNEAKY}\n{EVIL},{EVIL},x\n", encoding="utf-8")
    monkeypatch.setattr("runner.simulator.server.serve", refuse_to_serve)
    monkeypatch.setattr("runner.review.server.serve_review", refuse_to_serve)
    assert invoke(["run", NAME, "--yes"]) in (1, 4, 6)
    wrong = _dangers("run", capsys)
    assert states() == {
        "base": "fetched",
        "office": "fetched",
        "failed": "failed",
        "refused": "failed",
        "lost": "unknown",
    }
    stand.api.stranger()
    for command, tries in tried.items():
        for words in tries:
            code = invoke([command, *words])
            assert code != 70, (command, words, capsys.readouterr())
            wrong += _dangers(f"{command} {words[1:]}", capsys)
    assert not wrong


def states() -> dict[str, str]:
    (results,) = Path().rglob("results.json")
    looks = json.loads(results.read_text("utf-8"))["looks"]
    return {look["look"]: look["state"] for look in looks}


def _dangers(what: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    out, err = capsys.readouterr()
    data = "--format', 'csv'" in what
    found = find_dangers(err)
    found += [] if data else find_dangers(out)
    return [f"{what}: {one}" for one in found]


def test_what_a_run_says_on_a_terminal_is_as_harmless_as_in_a_pipe(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    streams = io.StringIO(), io.StringIO()
    for name, stream in zip(("stdout", "stderr"), streams, strict=True):
        monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
        monkeypatch.setattr(sys, name, stream)
    assert invoke(["run", NAME, "--yes", "-v"]) in (1, 4, 6)
    stand.api.stranger()
    for words in (["looks"], ["explain", NAME, "failed"], ["export", NAME, "--format", "csv"]):
        assert invoke(words) == 0, streams[1].getvalue()
    out, err = (stream.getvalue() for stream in streams)
    assert "\x1b[1m" in out, "colours of our own stay"
    assert "%|" in err, "so does the bar"
    bar = re.compile(r"\x1b\[[0-9]+m|\x1b\[A|\r")
    # A cell of CSV may have lines of its own.
    assert not [one for one in find_dangers(bar.sub("", out)) if not one.startswith(FORGED)]
    assert not find_dangers(bar.sub("", err))


# --- texts ----------------------------------------------------------------------------------------


def test_a_text_is_shown_on_one_line_with_what_nobody_sees_made_visible() -> None:
    assert escape_text("a\tb\nc\u200bd\U000e0041\u3164") == (
        r"a\u0009b\u000ac\u200bd\udb40\udc41\u3164"
    )
    plain = "Zoë · naïve — 東京\u3000駅\xa0👩 ❤\ufe0f"
    assert escape_text(plain) is plain or escape_text(plain) == plain


def test_a_style_is_ours_alone() -> None:
    stream = io.StringIO()
    Terminal(stream).write(style("a\x1b[31mb", fg="green") + "\x1b[32mc\n")
    assert stream.getvalue() == "\x1b[32ma\\u001b[31mb\x1b[0m\\u001b[32mc\n"


@pytest.mark.parametrize("cut", range(1, 9))
@pytest.mark.parametrize("text", ["::error::x", "  ::error::x", "a ##[error]", "##vso[task.x]"])
def test_a_workflow_command_is_broken_wherever_it_is_cut_into_writes(text: str, cut: int) -> None:
    stream = io.StringIO()
    terminal = Terminal(stream)
    for piece in ("first\n", text[:cut], text[cut:]):
        terminal.write(piece)
    assert not find_dangers(stream.getvalue())
    assert len(stream.getvalue()) == len("first\n" + text) + 5


def test_annotations_of_our_own_are_workflow_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    with guard_streams():
        with printing_annotations():
            sys.stdout.write("::error line=1::a ##[b]\n")
        sys.stdout.write("::error::c\n")
    assert stream.getvalue() == "::error line=1::a \\u0023#[b]\n\\u003a:error::c\n"


@pytest.mark.parametrize("text", [EVIL, SNEAKY, "\\##[x", "a\\u0041::"])
def test_json_says_the_same_after_its_characters_were_made_visible(text: str) -> None:
    stream = io.StringIO()
    Terminal(stream).write(json.dumps({text: text}, ensure_ascii=False))
    assert not find_dangers(stream.getvalue())
    assert json.loads(stream.getvalue()) == {text: text}


def test_a_table_in_a_file_keeps_its_marks_of_direction(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    with guard_streams(), printing_data():
        sys.stdout.write("\ufeffkey,prompt\r\na,می\u200cخواهم\x1b[2J\r\n")
    assert stream.getvalue() == "\ufeffkey,prompt\r\na,می\u200cخواهم\\u001b[2J\r\n"


def test_what_an_encoding_lacks_is_written_as_its_escape() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    Terminal(stream).write("Zoë \udc80\n")
    stream.flush()
    assert raw.getvalue() == b"Zo\\xeb \\udc80\n"


WORDS = ["a b", "it's", "$(touch x)", "`id`", "a\nb", "\x1b[31m", "\udcff\u202e'\\", "-x", "é", ""]


@pytest.mark.parametrize("word", WORDS)
def test_a_command_to_copy_means_the_same_words_in_a_shell(word: str) -> None:
    command = quote_command(
        sys.executable, "-c", "import os, sys; os.write(1, os.fsencode(sys.argv[1]))", word
    )
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=True)
    assert done.stdout == word.encode("utf-8", "surrogateescape")
    assert not find_dangers(command)


def test_a_path_that_looks_like_an_option_is_led_by_its_folder() -> None:
    assert quote_command("lookbook", "run", Path("-rf.yaml")) == "lookbook run ./-rf.yaml"


def test_the_commands_that_a_campaign_suggests_name_its_file_as_a_shell_reads_it(
    stand: Stand, capsys: pytest.CaptureFixture[str]
) -> None:
    assert invoke(["status", NAME]) == 0
    command = next(line for line in capsys.readouterr().out.splitlines() if "lookbook run" in line)
    words = subprocess.run(
        ["bash", "-c", f"printf '%s\\n' {command}"], capture_output=True, check=True, text=True
    ).stdout.splitlines()
    assert words[:3] == ["lookbook", "run", NAME]
    assert not Path("pwned").exists()


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "file:///etc/passwd", "ssh://x", "https://a\u202eb", "http://[", ""],
)
def test_a_link_that_is_not_for_a_browser_is_not_shown(url: str) -> None:
    assert show_link(url).startswith("(a link")
    assert show_link("https://app.example/consent?x=1") == "https://app.example/consent?x=1"
