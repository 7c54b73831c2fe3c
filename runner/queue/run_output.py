"""What of a run's messages is kept for those who follow it: much, and always the end."""

from collections import deque
from collections.abc import Callable

MAX_MESSAGES = 4_000_000
"""Characters of messages that are kept of one beginning of a run: those of some 20,000 looks."""

LAST_PIECES = 100
"""So many pieces of what is written beyond are kept as well."""


class BoundedOutput:
    """Hands on what a run writes. Its stdout, which is one document at its end, is never cut."""

    def __init__(self, write: Callable[[str, bool], None]) -> None:
        self._write = write
        self._left = MAX_MESSAGES
        self._last: deque[tuple[str, bool]] = deque(maxlen=LAST_PIECES)
        self._beyond = 0

    def write(self, text: str, error: bool) -> None:  # noqa: FBT001 - as a process is followed
        """Hand a piece on, or keep it until the end; ``error`` is set for stderr."""
        if error and (self._beyond or len(text) > self._left):
            self._last.append((text, error))
            self._beyond += 1
            return
        self._left -= len(text) if error else 0
        self._write(text, error)

    def finish(self) -> None:
        """Hand on the end of what was not handed on."""
        pieces = [*self._last]
        if missing := self._beyond - len(pieces):
            told = f"\n({missing} pieces of what this run wrote here are not kept.)\n"
            pieces.insert(0, (told, True))
        for piece in pieces:
            self._write(*piece)
