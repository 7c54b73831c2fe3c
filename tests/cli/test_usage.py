"""What a person types wrong, and what is said about it."""

import errno
import os
import re
from pathlib import Path
from typing import NoReturn

import pytest
from click.shell_completion import BashComplete

from runner.cli import COMMANDS, COMPLETE, FORMER, GROUPS, cli, invoke
from runner.cli.context import Context

MANIFEST = """\
version: 1
campaign: spring
base: {name: Zoe, prompt: "A woman in her forties, smiling, studio"}
looks:
  office: {prompt: "Wearing a navy blazer, modern office, morning light"}
"""
Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spring.yaml").write_text(MANIFEST, "utf-8")
    (tmp_path / "compose.yml").write_text("services: {}\n", "utf-8")
    return tmp_path


def test_the_help_shows_every_command_in_one_group_and_leaves_the_former_names_out(
    capsys: Captured,
) -> None:
    assert len(set(COMMANDS)) == len(COMMANDS) == sum(map(len, GROUPS.values()))
    assert invoke(["--help"]) == 0
    told = capsys.readouterr().out
    assert all(f"{title}:" in told for title in GROUPS)
    shown = re.findall(r"^  ([a-z]+)  ", told, re.MULTILINE)
    assert [name for name in shown if not name.isdigit()] == list(COMMANDS)
    for name in FORMER:
        assert invoke([name, "--help"]) == 0


@pytest.mark.parametrize("name", sorted({*COMMANDS, *FORMER} - {"init"}))
@pytest.mark.parametrize("path", [f"{'a' * 300}.yaml", f"{'a' * 300}/n.yaml", "spring.yaml/n.yaml"])
def test_a_path_that_no_file_can_have_is_no_error_of_the_program(name: str, path: str) -> None:
    assert invoke([name, path]) in (1, 2, 3)


def test_a_link_that_leads_nowhere_is_not_replaced_by_an_adopted_manifest(
    folder: Path, capsys: Captured
) -> None:
    (folder / "link.yaml").symlink_to("gone.yaml")
    assert invoke(["adopt", "link.yaml", "--group", "group_1"]) == 2
    assert "exists already" in capsys.readouterr().err


@pytest.mark.parametrize("code", [errno.EACCES, errno.ENOTDIR])
def test_a_folder_that_nobody_may_look_into_is_no_error_of_the_program(
    code: int, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    def refuse(path: Path) -> NoReturn:
        raise OSError(code, os.strerror(code), str(path))

    monkeypatch.setattr(Path, "exists", refuse)
    assert invoke(["plan", "secret/spring.yaml"]) == 2
    assert f"spring.yaml: {os.strerror(code)}." in capsys.readouterr().err


def test_a_manifest_whose_folder_would_have_too_long_a_name_is_told_so(
    folder: Path, capsys: Captured
) -> None:
    (folder / "spring.yaml").rename(folder / f"{'a' * 249}.yaml")
    assert invoke(["run", f"{'a' * 249}.yaml", "--simulate", "--yes"]) == 2
    assert "No file can have a name as long as" in capsys.readouterr().err


@pytest.mark.parametrize("name", [*COMMANDS, *FORMER])
def test_no_line_of_the_help_is_longer_than_a_terminal(name: str, capsys: Captured) -> None:
    assert invoke([name, "--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if len(line) > 80] == []


def test_what_is_seldom_needed_stands_apart_and_what_makes_no_sense_is_not_shown(
    capsys: Captured,
) -> None:
    assert invoke(["run", "--help"]) == 0
    often, seldom = capsys.readouterr().out.split("Seldom needed:")
    assert "--max-cost" in often
    assert "--new-ledger" in seldom
    for arguments in (["retry", "--help"], ["reconcile", "--help"]):
        assert invoke(arguments) == 0
        told = capsys.readouterr().out
        assert "--new-ledger" not in told
        assert ("--sim " in told) == (arguments[0] == "retry")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["stauts", "spring.yaml"], "Did you mean 'status'?"),
        (["spring.yaml"], "lookbook plan spring.yaml"),
        (["nonsense"], "No such command 'nonsense'."),
        (["plan", "sprng.yaml"], "Did you mean spring.yaml?"),
        (["plan", "summer.yaml"], "Did you mean spring.yaml?"),
        (["run", "spring.yaml", "--dry-run"], "`lookbook plan` shows"),
        (["run", "spring.yaml", "-n"], "`lookbook plan` shows"),
    ],
)
def test_what_may_be_meant_is_said(arguments: list[str], said: str, capsys: Captured) -> None:
    assert invoke(arguments) == 2
    assert said in " ".join(capsys.readouterr().err.split())


def test_the_one_manifest_of_a_folder_needs_no_name(folder: Path, capsys: Captured) -> None:
    os.mkfifo(folder / "pipe.yaml")  # which nobody writes into: it is not waited for
    assert invoke(["validate"]) == 0
    assert "spring.yaml is valid" in capsys.readouterr().out
    assert invoke(["explain", "office"]) == 0
    assert capsys.readouterr().out.startswith("office ·")
    (folder / "summer.yaml").write_text(MANIFEST, "utf-8")
    assert invoke(["validate"]) == 2
    assert "spring.yaml, summer.yaml" in capsys.readouterr().err
    for path in folder.glob("s*.yaml"):
        path.unlink()
    assert invoke(["validate"]) == 2
    assert "Missing argument" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "typed", "offered"),
    [
        ([], "val", ["validate"]),
        ([], "fet", []),
        (["plan"], "", ["spring.yaml"]),
        (["explain"], "of", ["office"]),
        (["reroll", "spring.yaml"], "", ["base", "office", "tag:hero"]),
        (["run", "spring.yaml", "--select"], "tag:", ["tag:hero"]),
        (["run", "--max-c"], "--max-c", ["--max-cost", "--max-concurrency"]),
        (["pick", "spring.yaml"], "", []),
        (["reroll", "compose.yml"], "", []),
    ],
)
def test_a_shell_completes_commands_manifests_and_looks(
    words: list[str], typed: str, offered: list[str], folder: Path, capsys: Captured
) -> None:
    (folder / "spring.yaml").write_text(MANIFEST.replace('light"}', 'light", tags: [hero, "a b"]}'))
    completion = BashComplete(cli, {"obj": Context()}, "lookbook", COMPLETE)
    found = completion.get_completions(words, typed)
    assert [one.value for one in found if one.type == "plain"] == offered
    assert capsys.readouterr() == ("", "")


def test_a_name_that_a_shell_would_carry_out_is_left_to_the_shell(folder: Path) -> None:
    (folder / "spring.yaml").rename(folder / "$(touch x).yaml")
    (found,) = BashComplete(cli, {"obj": Context()}, "lookbook", COMPLETE).get_completions(
        ["run"], ""
    )
    assert (found.value, found.type) == ("", "file")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_is_told_how_to_ask(shell: str, capsys: Captured) -> None:
    assert invoke(["completion", shell]) == 0
    assert f"{COMPLETE}={shell}_complete" in capsys.readouterr().out
