"""The one place through which every text reaches a terminal, a pipe, or a log of a CI.

Manifests, results, file names and what the API says are anybody's words. ``guard_streams`` stands
in front of stdout and stderr while a command goes on: whatever is written there, by whom ever,
loses what a terminal or a CI would carry out. Colours of our own pass, because ``style`` signs
them with a number that no file can know.

What is written in place of a character is also its escape in JSON, so that a document says the
same as before.
"""

import io
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast
from urllib.parse import urlsplit

import click

_SIGNATURE = int.from_bytes(os.urandom(6), "big")
_STYLE = re.compile(rf"(\x1b\[{_SIGNATURE};[0-9]+m)")
_ASCII_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|\r(?!\n)")
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\uffa0\ufe00-\ufe0d\U000e0100-\U000e01ef]"
)
"""Letters and marks that nobody sees, and that ``str.isprintable`` takes for printable."""

_ANYWHERE = r"#(?=#(?:\[|vso\[|teamcity\[))"
_COMMAND = re.compile(rf"(?m)^([^\S\n]*):(?=:)|{_ANYWHERE}")
"""What a CI that reads the log carries out: at the start of a line, or wherever it stands."""

_COMMAND_BUT_ANNOTATIONS = re.compile(_ANYWHERE)
_LONGEST_COMMAND = len("##teamcity[")
_SPACES = frozenset("\xa0\u3000")
"""Unbreakable and wide spaces: not printable for Python, and harmless."""


# --- texts ----------------------------------------------------------------------------------------


def escape_text(text: str) -> str:
    """Return a text as one line that a terminal only shows; styles of our own stay.

    Control, direction and invisible characters are made visible, line ends and tabs too.
    """
    if text.isprintable() and not _INVISIBLE.search(text):
        return text
    return _outside_styles(text, _escape_characters)


def join_lines(lines: Iterable[str]) -> str:
    """Return texts as lines: none of them makes another line of its own."""
    return "\n".join(map(escape_text, lines))


def style(text: str, *, fg: str | None = None, bold: bool | None = None) -> str:
    """Return a text in a colour or in bold, signed as ours. What it holds is escaped."""
    begin = click.style("", fg=fg, bold=bold, reset=False)
    signed = re.sub(r"\x1b\[", f"\x1b[{_SIGNATURE};", begin)
    return f"{signed}{escape_text(text)}\x1b[{_SIGNATURE};0m" if signed else escape_text(text)


def show_link(url: str) -> str:
    """Return a link of the API's that can be opened; of any other kind only what it is."""
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        scheme = ""
    if scheme in ("http", "https") and escape_text(url) == url and " " not in url:
        return url
    return "(a link that is not http or https, and is not shown)"


def _outside_styles(text: str, escape: Callable[[str], str]) -> str:
    if "\x1b" not in text:
        return escape(text)
    parts = _STYLE.split(text)
    return "".join(part if i % 2 else escape(part) for i, part in enumerate(parts))


def _escape_characters(text: str) -> str:
    if text.isprintable() and not _INVISIBLE.search(text):
        return text
    return "".join(map(_escape_character, text))


def _escape_character(char: str) -> str:
    if char in _SPACES or (char.isprintable() and not _INVISIBLE.match(char)):
        return char
    if (code := ord(char)) < 0x10000:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"


def escape_lines(text: str) -> str:
    """Escape what is written to a terminal, which may have many lines and tabs in them."""
    if text.isascii() and not _ASCII_CONTROL.search(text):
        return text
    *lines, last = text.split("\n")
    return "".join([*(f"{_escape_line(line)}\n" for line in lines), _escape_tabbed(last)])


def _escape_line(line: str) -> str:
    return f"{_escape_tabbed(line[:-1])}\r" if line.endswith("\r") else _escape_tabbed(line)


def _escape_tabbed(line: str) -> str:
    return "\t".join(map(_escape_characters, line.split("\t")))


def _escape_controls(text: str) -> str:
    """Escape what moves a cursor alone: marks of direction belong to the data in a table."""
    text = text.encode("utf-8", "replace").decode()
    return _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


# --- streams --------------------------------------------------------------------------------------


def terminal_width(stream: TextIO) -> int | None:
    """Return the columns of the terminal that a stream writes to; None where there is none."""
    try:
        if not stream.isatty():
            return None
        return os.get_terminal_size(stream.fileno()).columns or None
    except (OSError, ValueError):
        return None


class Terminal:
    """A text stream that hands on what is written to it, harmless.

    It has no ``buffer``: click would write there past it. ``_wrapped`` is the name by which tqdm
    finds out that its bar is on the same stream, and clears it before a line is written.

    A stream that cannot be written any more (a full disk, a terminal that was closed) ends no
    command: ``failure`` keeps why, and what is written afterwards is dropped. Only a reader of
    results who has gone is worth stopping for, so BrokenPipeError passes where ``essential``.
    Where a person reads it, long lines are broken between words, unless not ``wraps``.
    """

    def __init__(self, stream: TextIO, *, essential: bool = True) -> None:
        self._wrapped = stream
        self._essential = essential
        self.failure: OSError | None = None
        self._line = ""
        self.wraps = stream.isatty()
        self.escape = escape_lines
        self.commands = _COMMAND

    def write(self, text: str) -> int:
        """Write a text; return its length. Raises TypeError for bytes."""
        if not isinstance(text, str):
            raise TypeError(f"a terminal takes text, not {type(text).__name__}")
        shown = _outside_styles(text, self.escape)
        if self.wraps and (width := terminal_width(self._wrapped)):
            from runner.cli.wrap import wrap_lines

            shown = wrap_lines(shown, width)
        shown = self._break_commands(shown)
        if "\x1b" in shown:
            shown = shown.replace(f"\x1b[{_SIGNATURE};", "\x1b[")
        self._attempt(lambda: self._write(shown))
        return len(text)

    def flush(self) -> None:
        """Hand on what is buffered."""
        self._attempt(self._wrapped.flush)

    def _write(self, shown: str) -> None:
        try:
            self._wrapped.write(shown)
        except UnicodeEncodeError:
            from runner.cli.plain_text import encode_plainly

            self._wrapped.write(encode_plainly(shown, self._wrapped.encoding or "ascii"))

    def _attempt(self, action: Callable[[], object]) -> None:
        if self.failure is not None:
            return
        try:
            action()
        except OSError as error:
            if self._essential and isinstance(error, BrokenPipeError):
                raise
            self.failure = error

    def writelines(self, lines: Iterable[str]) -> None:
        """Write texts, one after the other."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        if name == "buffer":
            raise AttributeError(name)
        return getattr(self._wrapped, name)

    def _break_commands(self, text: str) -> str:
        """Escape the first character of workflow commands, also of one that began before."""
        before = self._line
        if before or "::" in text or "##" in text:
            broken = self.commands.sub(_break, before + text)
            if broken.startswith(before):
                text = broken[len(before) :]
            else:  # its beginning has left already
                text = f"\\u{ord(text[0]):04x}{self.commands.sub(_break, text[1:])}"
        line = (before + text).rpartition("\n")[2].lstrip()
        self._line = line if len(line) < _LONGEST_COMMAND else f"-{line[-_LONGEST_COMMAND:]}"
        return text


def _break(match: re.Match[str]) -> str:
    return f"{match[0][:-1]}\\u{ord(match[0][-1]):04x}"


@contextmanager
def guard_streams() -> Iterator[None]:
    """Stand in front of stdout and stderr until the block ends."""
    before = sys.stdout, sys.stderr
    sys.stdout = cast("TextIO", _guarded(sys.stdout))
    sys.stderr = cast("TextIO", _guarded(sys.stderr, essential=False))
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def _guarded(stream: TextIO, *, essential: bool = True) -> Any:
    return stream if isinstance(stream, Terminal) else Terminal(stream, essential=essential)


def open_missing_streams() -> None:
    """Open the null device for each standard stream that the parent closed.

    Without it the next file that is opened, the ledger among them, would get the number of stdout.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115


def write_utf8() -> None:
    """Write UTF-8 to stdout from now on, and long lines as they are: a program reads it."""
    guard = getattr(sys.stdout, "_stream", sys.stdout)
    stream = cursor_stream(guard)
    if isinstance(guard, Terminal):
        guard.wraps = False
    if isinstance(stream, io.TextIOWrapper) and stream.encoding.lower() not in ("utf-8", "utf8"):
        stream.reconfigure(encoding="utf-8")


def discard_output(stream: TextIO) -> None:
    """Send what is still buffered nowhere: Python would complain about it at its end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@contextmanager
def printing_data() -> Iterator[None]:
    """Leave marks of direction in what is written to stdout, where that is no terminal.

    A table that is redirected into a file is somebody's data. What moves a cursor is escaped still.
    """
    stream = sys.stdout
    if not isinstance(stream, Terminal) or stream.isatty():
        yield
        return
    stream.escape = _escape_controls
    try:
        yield
    finally:
        stream.escape = escape_lines


def print_json(document: object) -> None:
    """Print a document of ours for programs."""
    import json

    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


@contextmanager
def printing_annotations() -> Iterator[None]:
    """Leave workflow commands in what is written to stdout: there they are meant, one a line."""
    stream = sys.stdout
    if not isinstance(stream, Terminal):
        yield
        return
    stream.commands = _COMMAND_BUT_ANNOTATIONS
    try:
        yield
    finally:
        stream.commands = _COMMAND


def cursor_stream(stream: TextIO) -> TextIO:
    """Return what a progress bar draws on: it moves the cursor, and holds words of ours alone."""
    return stream._wrapped if isinstance(stream, Terminal) else stream  # noqa: SLF001
