"""Whether a state folder is what it seems: files and folders, and nothing that leads elsewhere.

A repository may carry a state folder, and git carries symbolic links. What is read, written, moved
and deleted there must be there: a link named ``images`` would move pictures to anywhere, one named
``ledger.lock`` would empty what it leads to, and a pipe would be waited for without end.
"""

import os
import stat
from pathlib import Path

from runner.errors import UsageError
from runner.files import describe_kind

FOLDERS = frozenset({"images", "thumbs", "pictures", "simulator.state.files"})
FILE_ENDINGS = (".json", ".html", ".sqlite", "-wal", "-shm", "-journal", ".lock", ".state", ".log")
HINT = (
    "A state folder may have come with a repository. Replace it by the files themselves, or move "
    "it away, and run the same command again. Nothing was sent."
)


def check_state_folder(folder: Path) -> None:
    """Raise UsageError where a state folder, or something in it, is no plain file or folder.

    Folders are looked into one level deep; pictures are checked where they are opened.
    """
    try:
        mode = folder.lstat().st_mode
    except OSError:
        return  # it is not there; whoever makes it says what is wrong
    if not stat.S_ISDIR(mode):
        raise _refuse(folder, mode, "a folder")
    try:
        with os.scandir(folder) as entries:
            found = [entry for entry in entries if not _is_plain(entry)]
    except OSError:
        return  # it cannot be listed: every file in it says so
    for entry in sorted(found, key=lambda entry: entry.name):
        mode = entry.stat(follow_symlinks=False).st_mode
        wanted = "a folder" if entry.name in FOLDERS else "a file"
        raise _refuse(Path(entry.path), mode, wanted)


def _is_plain(entry: "os.DirEntry[str]") -> bool:
    if entry.is_dir(follow_symlinks=False):
        return entry.name in FOLDERS or not entry.name.endswith(FILE_ENDINGS)
    return entry.is_file(follow_symlinks=False) and entry.name not in FOLDERS


def refuse_odd_file(path: Path) -> None:
    """Raise UsageError where something other than a plain file lies at a path."""
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return
    if not stat.S_ISREG(mode):
        raise _refuse(path, mode, "a file")


def _refuse(path: Path, mode: int, wanted: str) -> UsageError:
    return UsageError(f"{path} is {describe_kind(mode)}, not {wanted}.", hint=HINT)
