"""Where the log goes: a file or stderr, one line for each record, and never a secret."""

import logging
import os
import sys
import time
from collections.abc import Callable

from runner.cli.context import find_home
from runner.cli.redact import find_secrets, redact
from runner.cli.terminal import escape_lines, escape_text
from runner.files import append_private

LINE_FORM = "%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s"


class RedactingFormatter(logging.Formatter):
    """Writes a record with the time in UTC, control characters visible, and secrets redacted."""

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__(LINE_FORM, "%Y-%m-%dT%H:%M:%S")
        self._secrets = find_secrets(os.environ, find_home())

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's name
        """Write the line; what a server said cannot begin another one."""
        return escape_text(super().formatMessage(record))

    def format(self, record: logging.LogRecord) -> str:
        """Write the record, its traceback included."""
        return escape_lines(redact(super().format(record), self._secrets))


class QuietHandler(logging.StreamHandler):  # type: ignore[type-arg]  # generic in the stubs alone
    """A handler whose own trouble (a full disk, a reader who left) changes nothing for the run.

    The standard library would print the record as it is, and with it what the formatter redacts.
    """

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging's name
        """Drop the record."""


class TerminalHandler(QuietHandler):
    """Writes to stderr, above the progress bar where there is one."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        tqdm = sys.modules.get("tqdm")
        if tqdm is None:
            super().emit(record)
            return
        try:
            tqdm.tqdm.write(self.format(record), file=self.stream)
        except (OSError, ValueError):
            self.handleError(record)


def start_log(path: str | None) -> Callable[[], None]:
    """Log everything of ours to a file, or to stderr; returns what ends that. Raises OSError."""
    logger = logging.getLogger("runner")
    handler: QuietHandler
    if path is None:
        handler = TerminalHandler(sys.stderr)
    else:
        handler = QuietHandler(
            open(  # noqa: SIM115  # closed by who ends the log; only open has an opener
                path, "a", encoding="utf-8", errors="backslashreplace", opener=_open_privately
            )
        )
    handler.setFormatter(RedactingFormatter())
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)

    def stop() -> None:
        logger.removeHandler(handler)
        logger.setLevel(before)
        if path is not None:
            handler.stream.close()

    return stop


def _open_privately(path: str, _flags: int) -> int:
    return append_private(path)
