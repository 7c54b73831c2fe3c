"""What the commands' parts say to people, for a caller in Python: to a listener, not a stream."""

import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TextIO, cast

LineListener = Callable[[str], None]

_listener: ContextVar[LineListener | None] = ContextVar("listener", default=None)
_lock = threading.Lock()
_users = 0


class _Split:
    """A stream that hands what is written in a capturing context to its listener.

    Whatever else the process writes goes to the stream as before. It has no ``buffer``, like
    ``Terminal``: click would write there past it.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"text is written here, not {type(text).__name__}")
        listener = _listener.get()
        if listener is None:
            return self.stream.write(text)
        listener(text)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def isatty(self) -> bool:
        return _listener.get() is None and self.stream.isatty()

    def __getattr__(self, name: str) -> Any:
        if name == "buffer" and _listener.get() is not None:
            raise AttributeError(name)
        return getattr(self.stream, name)


@contextmanager
def capture_output(listener: LineListener) -> Iterator[None]:
    """Hand a listener each line that this context, and what it starts, writes to stdout or stderr.

    Other threads and tasks of the process keep their streams.
    """
    rest = ""

    def collect(text: str) -> None:
        nonlocal rest
        *lines, rest = (rest + text).split("\n")
        for line in lines:
            if line.strip():
                listener(line)

    _split_streams()
    token = _listener.set(collect)
    try:
        yield
    finally:
        if rest.strip():
            listener(rest)
        _listener.reset(token)
        _join_streams()


@contextmanager
def release_output() -> Iterator[None]:
    """Pass what is written in the block to the streams, also where a context captures it."""
    token = _listener.set(None)
    try:
        yield
    finally:
        _listener.reset(token)


def _split_streams() -> None:
    global _users  # noqa: PLW0603  # the streams are the process's own
    with _lock:
        _users += 1
        if not isinstance(sys.stdout, _Split):
            sys.stdout = cast("TextIO", _Split(sys.stdout))
        if not isinstance(sys.stderr, _Split):
            sys.stderr = cast("TextIO", _Split(sys.stderr))


def _join_streams() -> None:
    """Put back the streams after the last user, unless somebody replaced them meanwhile."""
    global _users  # noqa: PLW0603  # as above
    with _lock:
        _users -= 1
        if not _users and isinstance(sys.stdout, _Split):
            sys.stdout = sys.stdout.stream
        if not _users and isinstance(sys.stderr, _Split):
            sys.stderr = sys.stderr.stream
