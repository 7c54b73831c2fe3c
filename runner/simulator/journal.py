"""The state file: one JSON line for each answered request, written before the answer leaves.

A line holds everything the request changed, so a line that was torn by a crash belongs to a request
that was never answered and is dropped whole. Lines reach the operating system with one ``write``: a
killed process loses nothing, a machine that loses power may lose the last moments. On opening, the
file is rewritten as the shortest list of lines with the same meaning.
"""

import json
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from runner.simulator.blobs import open_temporary

FORMAT = 1

MAX_STATE_BYTES = 1024 * 1024 * 1024
"""What a state file may weigh: a million looks have less."""

JournalLine = list[object]


class StateError(Exception):
    """The state file cannot be used: another simulator holds it, or it is not of this form."""


class Journal:
    """An open state file, held for this process alone until :meth:`close`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        for name in ("", ".lock", ".new", ".files"):
            _refuse_odd(path.with_name(f"{path.name}{name}"), folder=name == ".files")
        self._lock = FileLock(f"{path}.lock", thread_local=False)
        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            raise StateError(f"{path} is in use by another simulator") from None
        self._file: int | None = None

    def read(self) -> Iterator[JournalLine]:
        """Return every entry of the file, oldest first.

        Nothing for a file that does not exist yet.
        """
        try:
            with open_temporary(self.path) as file:
                content = file.read(MAX_STATE_BYTES + 1)
        except FileNotFoundError:
            return
        if len(content) > MAX_STATE_BYTES:
            raise StateError(f"{self.path} is larger than {MAX_STATE_BYTES:,} bytes")
        if not content.startswith(HEADER):
            if not HEADER.startswith(content):  # the very first line may have been torn, too
                raise StateError(f"{self.path} is not a simulator's state of form {FORMAT}")
            return
        lines = content.split(b"\n")
        for number, line in enumerate(lines[1:-1], 2):  # after the last break: torn by a crash
            try:
                entries = json.loads(line)
            except (ValueError, RecursionError):
                entries = None
            if not isinstance(entries, list):
                raise StateError(f"{self.path}: line {number} is not a line of a state file")
            yield from entries

    def rewrite(self, entries: Iterable[JournalLine]) -> None:
        """Replace the file by these entries in one step, and stand ready to append."""
        draft = self.path.with_name(f"{self.path.name}.new")
        draft.unlink(missing_ok=True)
        with draft.open("xb") as file:
            file.write(HEADER)
            file.writelines(_line([entry]) for entry in entries)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path)
        self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND)

    def append(self, entries: list[JournalLine]) -> None:
        """Write what one request changed as one line."""
        if self._file is not None:
            os.write(self._file, _line(entries))

    def close(self) -> None:
        """Close the file and release its lock; another simulator may open it now."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
        self._lock.release()


def _refuse_odd(path: Path, *, folder: bool) -> None:
    """Raise StateError where something at a path would lead elsewhere or be waited for."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not (stat.S_ISDIR(mode) if folder else stat.S_ISREG(mode)):
        raise StateError(f"{path} is not a {'folder' if folder else 'file'}")


def _line(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True).encode() + b"\n"


HEADER = _line({"simulator": FORMAT})
