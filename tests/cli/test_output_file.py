"""What options name to be written never replaces what cannot be made again."""

import sqlite3
from contextlib import closing
from pathlib import Path

import click
import pytest

from runner.cli import COMMANDS, cli, invoke
from runner.cli.output_file import OutputFile
from runner.errors import UsageError

MANIFEST = """\
version: 1
campaign: spring
base: {name: Zoe, prompt: "A woman in her forties, smiling, studio"}
looks:
  office: {prompt: "Wearing a navy blazer, modern office, morning light"}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spring.yaml").write_text(MANIFEST, "utf-8")
    return tmp_path


def written() -> list[tuple[str, str]]:
    """Return each option of a command that names a file to write, and the command."""
    found = []
    with click.Context(cli) as ctx:
        for name in COMMANDS:
            command = cli.get_command(ctx, name)
            assert command is not None
            for option in command.get_params(ctx):
                if isinstance(option.type, OutputFile) and option.opts[0] != "--log":
                    found.append((name, option.opts[0]))
    return found


def test_every_option_that_names_a_file_to_write_is_known() -> None:
    assert set(written()) >= {
        *(("run", "--out"), ("run", "--summary"), ("plan", "--out"), ("export", "--out")),
        ("export", "--ledger"),
    }


@pytest.mark.parametrize(("name", "option"), written())
def test_no_command_writes_over_a_manifest(
    name: str, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert invoke([name, "spring.yaml", option, "spring.yaml"]) == 2
    assert "spring.yaml is a manifest: it would be written over." in capsys.readouterr().err
    assert Path("spring.yaml").read_text() == MANIFEST


@pytest.mark.parametrize("name", ["ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"])
@pytest.mark.parametrize("over_backups", [False, True])
def test_no_part_of_a_ledger_is_written_over(
    folder: Path, name: str, *, over_backups: bool
) -> None:
    """Also where it is not there just now, and under whatever way leads to it."""
    state = folder / "spring.lookbook" / "simulated"
    state.mkdir(parents=True)
    (folder / "link").symlink_to(state)
    for path in (state / name, folder / "link" / name):
        with pytest.raises(UsageError, match="is part of a ledger"):
            OutputFile(over_backups=over_backups).convert(str(path), None, None)


def test_a_backup_is_written_over_by_a_newer_one_alone(folder: Path) -> None:
    backup = folder / "backup.db"
    with closing(sqlite3.connect(backup)) as database:
        database.execute("CREATE TABLE takes (uid TEXT)")
    assert OutputFile(over_backups=True).convert(str(backup), None, None) == backup
    with pytest.raises(UsageError, match="is a database"):
        OutputFile().convert(str(backup), None, None)


@pytest.mark.parametrize(
    ("name", "text", "kept"),
    [
        ("notes", "# mine\nlooks :\n  a: {}\n", True),
        ("other.yml", "services: {}\n", True),
        ("results.json", '{"campaign": "spring",\n"looks": []}\n', False),
        ("summary.md", "## spring\n", False),
        ("empty", "", False),
    ],
)
def test_what_a_command_wrote_may_be_written_over(name: str, text: str, *, kept: bool) -> None:
    Path(name).write_text(text, "utf-8")
    if not kept:
        assert OutputFile().convert(name, None, None) == Path(name)
        return
    with pytest.raises(UsageError, match="is a manifest"):
        OutputFile().convert(name, None, None)


def test_the_log_is_not_added_to_a_manifest(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["--log", "spring.yaml", "validate", "spring.yaml"]) == 2
    assert "is a manifest" in capsys.readouterr().err
    assert Path("spring.yaml").read_text() == MANIFEST
