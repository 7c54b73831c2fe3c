"""What git keeps of a campaign's folder: results and nothing else, unless the user says so."""

import subprocess
from pathlib import Path

import pytest

from runner.cli.version_control import advise_about_git, is_ignored
from runner.ledger.state_dirs import (
    KEPT_IN_GIT,
    StateDirs,
    make_state_folder,
    remove_empty_folder,
)
from runner.model import Campaign
from tests.executor.harness import campaign


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.fixture
def spring(tmp_path: Path) -> Campaign:
    git(tmp_path, "init", "-q")
    return Campaign("spring", tmp_path / "spring.yaml", campaign().looks)


def fill(folder: Path) -> None:
    for name in ("results.json", "review.json", "ledger.sqlite", "images/a.jpg", "catalog.html"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")


def test_a_folder_that_a_run_makes_keeps_results_in_git_and_nothing_else(
    spring: Campaign,
) -> None:
    dirs = StateDirs(spring.manifest)
    make_state_folder(dirs.simulated())
    assert {"*", "!.gitignore", "!results.json", "!review.json", "!*/"} <= set(
        (dirs.root / ".gitignore").read_text().splitlines()
    )
    for folder in (dirs.root, dirs.root / "api.example_me", dirs.simulated().folder):
        fill(folder)
    git(spring.manifest.parent, "add", "-A")
    assert git(spring.manifest.parent, "ls-files").splitlines() == [
        "spring.lookbook/.gitignore",
        "spring.lookbook/api.example_me/results.json",
        "spring.lookbook/api.example_me/review.json",
        "spring.lookbook/results.json",
        "spring.lookbook/review.json",
    ]


def test_a_folder_that_was_there_is_left_alone(spring: Campaign) -> None:
    dirs = StateDirs(spring.manifest)
    dirs.root.mkdir()
    state = dirs.simulated()
    make_state_folder(state)
    assert not (dirs.root / ".gitignore").exists()
    (dirs.root / ".gitignore").write_text("mine\n")
    make_state_folder(state)
    assert (dirs.root / ".gitignore").read_text() == "mine\n"


def test_a_folder_with_nothing_but_that_file_is_empty(spring: Campaign) -> None:
    dirs = StateDirs(spring.manifest)
    (state := dirs.simulated()).folder  # noqa: B018
    make_state_folder(state)
    fill(dirs.root)
    remove_empty_folder(state)
    assert not state.folder.exists()
    remove_empty_folder(type(state)(dirs.root))
    assert (dirs.root / ".gitignore").read_text() == KEPT_IN_GIT


def test_results_that_git_ignores_are_said_once(spring: Campaign) -> None:
    dirs = StateDirs(spring.manifest)
    state = type(dirs.simulated())(dirs.root)
    fill(dirs.root)
    assert advise_about_git(spring, state) == []
    (spring.manifest.parent / ".gitignore").write_text("*.lookbook/\n")
    assert is_ignored(state.results)
    (line,) = advise_about_git(spring, state)
    assert f"git ignores {state.results}" in line
    dirs.use(state)
    assert advise_about_git(spring, state) == []
    git(spring.manifest.parent, "add", "-f", str(state.results))
    assert not is_ignored(state.results)


def test_without_git_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert not is_ignored(tmp_path / "results.json")
