"""Whether git keeps the results that a fresh checkout needs; said once for each campaign."""

import subprocess
from pathlib import Path

from runner.ledger.state_dirs import StateDir, StateDirs
from runner.model import Campaign

PATIENCE = 5.0
"""Seconds that git may take to answer."""

NOTE = "ignored-by-git"


def advise_about_git(campaign: Campaign, state: StateDir) -> list[str]:
    """Return what to do where git ignores results.json, the first time that this is so."""
    dirs = StateDirs(campaign.manifest)
    if state.is_simulated or dirs.has_note(NOTE) or not is_ignored(state.results):
        return []
    dirs.add_note(NOTE)
    line = (
        f"git ignores {state.results}: without it, a fresh checkout is asked whether to buy "
        "everything again. Let git keep that file (an exception in .gitignore, or `git add -f`)."
    )
    return [line]


def is_ignored(path: Path) -> bool:
    """Return whether a file lies in a work tree of git, is not tracked there, and is ignored."""
    return _ask_git(path, "check-ignore", "-q")


def is_tracked(path: Path) -> bool:
    """Return whether git keeps a file, so that everybody with the repository has it."""
    return _ask_git(path, "ls-files", "--error-unmatch", "--")


def _ask_git(path: Path, *question: str) -> bool:
    """Return whether git says yes to a question about a file in a work tree."""
    folder = path.absolute().parent
    if not any((above / ".git").exists() for above in (folder, *folder.parents)):
        return False
    command = ["git", "-c", "core.fsmonitor=", "-C", str(folder), *question, path.name]
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and a name that we chose
            command, capture_output=True, timeout=PATIENCE, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0
