"""A run that the review page started: the command itself, in a process of its own.

So a page that is closed, or a server that dies, takes nothing with it: the run has its own ledger
lock, its own ceiling, and resumes like any other.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from runner.errors import StorageError
from runner.files import make_folder, read_file

LOG = "review-run.log"
MAX_LOG = 4 * 1024 * 1024
TOLD_LINES = 12
"""Lines of the run's last words that the page shows."""

PATIENCE = 20.0
"""Seconds that a run gets to leave cleanly when the server ends."""


class ReviewRun:
    """One run and what became of it."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / LOG
        self._process: subprocess.Popen[bytes] | None = None
        self.paused = False

    @property
    def is_going(self) -> bool:
        """Return whether it is at work."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """Return the process that is, or was, at work."""
        return self._process.pid if self._process is not None else None

    def start(self, arguments: Sequence[str | Path], given: bytes) -> None:
        """Start ``lookbook`` with these arguments; it reads ``given``. Raises StorageError."""
        make_folder(self._log.parent)
        try:
            with self._log.open("wb") as log, TemporaryFile() as stdin:
                stdin.write(given)
                stdin.seek(0)
                self._process = subprocess.Popen(  # noqa: S603 - this very program
                    [sys.executable, "-m", "runner", *arguments],
                    stdin=stdin,
                    stdout=log,
                    stderr=log,
                    env={**os.environ, "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"},
                    start_new_session=True,
                )
        except OSError as error:
            raise StorageError(f"The run could not be started: {error.strerror}.") from error
        self.paused = False

    def pause(self) -> None:
        """Stop it from sending more, as Ctrl-C does once."""
        if self._process is not None and self.is_going:
            self.paused = True
            with suppress(OSError):
                self._process.send_signal(signal.SIGINT)

    def wait(self) -> bool:
        """Wait until it has left, for a bounded time; return whether it has."""
        if self._process is None:
            return True
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            return False
        return True

    def outcome(self) -> dict[str, Any] | None:
        """Return exit code and last words of a run that ended; None where none has."""
        if self._process is None or self.is_going:
            return None
        try:
            text = read_file(self._log, MAX_LOG).decode("utf-8", "replace")
        except OSError:
            text = ""
        lines = [line.rstrip() for line in text.splitlines() if line.strip()]
        return {"exit": self._process.returncode, "words": lines[-TOLD_LINES:]}
