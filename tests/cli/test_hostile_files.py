"""Commands on files from a stranger: refused in words, exit code 2, no wait and no trace."""

import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from runner.cli import doomed_looks, invoke
from runner.cli.doomed_looks import find_ids
from runner.errors import UsageError

MANIFEST = """\
version: 1
campaign: spring
base: {name: Sarah, photo: sarah.png}
looks:
  office: {prompt: "Wearing a navy blazer, modern office, morning light"}
"""

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links, pipes and names of POSIX")


def link_to_a_pipe(path: Path) -> None:
    os.mkfifo(path.with_name("pipe"))
    path.symlink_to("pipe")


ODD: dict[str, Callable[[Path], None]] = {
    "pipe": os.mkfifo,
    "folder": Path.mkdir,
    "link in a circle": lambda path: path.symlink_to(path.name),
    "link to a pipe": link_to_a_pipe,
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (512, 512), "teal").save("sarah.png")
    Path("spring.yaml").write_text(MANIFEST)
    return tmp_path


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("place", ["spring.yaml", "sarah.png", "plan.json", "sheet.csv"])
def test_what_is_no_file_where_one_is_expected_is_refused_at_once(
    folder: Path, place: str, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / place).unlink(missing_ok=True)
    ODD[kind](folder / place)
    command = {
        "plan.json": ["run", "spring.yaml", "--simulate", "--plan", place],
        "sheet.csv": ["init", "new.yaml", "--from-csv", place],
    }.get(place, ["validate", "spring.yaml"])
    assert invoke(command) == 2
    told = capsys.readouterr()
    assert "Traceback" not in told.err + told.out
    assert place in told.err + told.out


@pytest.mark.parametrize(
    "command",
    [
        ["plan", "spring.yaml"],
        ["plan", "spring.yaml", "--simulate"],
        ["status", "spring.yaml"],
        ["export", "spring.yaml"],
        ["catalog", "spring.yaml"],
        ["run", "spring.yaml", "--simulate", "--yes"],
    ],
)
@pytest.mark.parametrize("name", [".", "images", "results.json", "ledger.lock"])
def test_every_command_refuses_a_state_folder_that_leads_out(
    folder: Path, command: list[str], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").write_text("somebody's")
    root = folder / "spring.lookbook"
    if name == ".":
        root.symlink_to(elsewhere)
    else:
        root.mkdir()
        (root / name).symlink_to(elsewhere if name == "images" else elsewhere / "file")
    assert invoke(command) == 2
    told = capsys.readouterr().err
    assert "is a symbolic link" in told
    assert "Nothing was sent" in told
    assert [path.name for path in elsewhere.iterdir()] == ["file"]
    assert (elsewhere / "file").read_text() == "somebody's"


@pytest.mark.parametrize(
    "command",
    [
        ["validate", "{name}.yaml", "--format", "json"],
        ["plan", "{name}.yaml", "--format", "json"],
        ["run", "{name}.yaml", "--simulate", "--yes", "--format", "json"],
        ["init", "{name}-new.yaml"],
        ["init", "new.yaml", "--photo", "{name}.png"],
        ["adopt", "{name}-new.yaml", "--group", "g"],
    ],
)
def test_a_file_name_that_is_not_utf8_is_refused_before_anything_is_sent(
    folder: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    name = os.fsdecode(b"spr\xffing")
    try:
        (folder / f"{name}.yaml").write_text(MANIFEST)
        (folder / "sarah.png").rename(folder / f"{name}.png")
    except OSError:
        pytest.skip("this file system knows UTF-8 alone")
    assert invoke([word.format(name=name) for word in command]) == 2
    told = capsys.readouterr()
    assert r"spr\xffing" in told.err
    assert "is not UTF-8" in told.err
    if "json" in command:
        assert json.loads(told.out)["error"]["code"] == "usage"
    assert not (folder / f"{name}.lookbook").exists()


def test_a_photo_behind_a_link_to_a_name_that_is_not_utf8_works(folder: Path) -> None:
    target = folder / os.fsdecode(b"sar\xffah.png")
    try:
        (folder / "sarah.png").rename(target)
    except OSError:
        pytest.skip("this file system knows UTF-8 alone")
    (folder / "sarah.png").symlink_to(target.name)
    settings = ["--sim", "latency=fixed:0.05", "--sim", "pictures=off"]
    assert invoke(["run", "spring.yaml", "--simulate", "--yes", *settings]) == 0


def test_a_plan_saved_to_a_device_leaves_the_device(folder: Path) -> None:

    target = folder / "redirected"
    with target.open("wb") as file:
        assert invoke(["plan", "spring.yaml", "--out", f"/dev/fd/{file.fileno()}"]) == 0
    assert "saved" in json.loads(target.read_text())


def test_a_manifest_beside_this_one_that_is_too_large_to_read_stops_what_would_delete(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo("pipe.yaml")
    Path("other.yaml").write_text("existing: look_123456")
    assert find_ids(Path("spring.yaml"), {"look_123456"}) == {"look_123456": "other.yaml"}
    monkeypatch.setattr(doomed_looks, "MAX_TEXT_BYTES", 10)
    with pytest.raises(UsageError, match=r"other.yaml cannot be read \(it is larger"):
        find_ids(Path("spring.yaml"), {"look_123456"})


@pytest.fixture
def piped() -> Iterator[str]:
    """Return the path of a pipe that holds the manifest, as a shell makes one of ``<(...)``."""
    reader, writer = os.pipe()
    os.write(writer, MANIFEST.encode())
    os.close(writer)
    yield f"/dev/fd/{reader}"
    os.close(reader)


@pytest.mark.parametrize("command", ["validate", "plan", "graph"])
def test_a_manifest_from_a_pipe_is_read_where_nothing_is_spent(
    folder: Path, command: str, piped: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert invoke([command, piped]) == 0
    assert "office" in (out := capsys.readouterr()).out or "is valid: 1 look" in out.out
    assert ("this plan makes everything anew" in out.err) is (command == "plan")
    assert sorted(path.name for path in folder.iterdir()) == ["sarah.png", "spring.yaml"]


def test_a_manifest_on_stdin_is_called_a_dash(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in ("validate", "plan"):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(MANIFEST.encode())))
        assert invoke([command, "-"]) == 0
    assert "2 generations to buy" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words", [["run", "--yes"], ["status"], ["prune"], ["export"], ["plan", "-o", "plan.json"]]
)
def test_what_needs_a_ledger_takes_no_manifest_from_a_pipe(
    folder: Path, words: list[str], piped: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for manifest in (piped, "-"):
        assert invoke([words[0], manifest, *words[1:]]) == 2
        assert "a manifest in a file" in capsys.readouterr().err
    assert sorted(path.name for path in folder.iterdir()) == ["sarah.png", "spring.yaml"]
