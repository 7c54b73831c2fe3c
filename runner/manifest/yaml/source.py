"""The manifest as text: read once, its encoding checked, its lines kept for quoting."""

import errno
import re
from pathlib import Path
from typing import NamedTuple

from runner.files import is_inherited, read_given

COLUMN_BITS = 32
"""A mark is ``line << COLUMN_BITS | column``, both counted from 0 as PyYAML does."""

MAX_TEXT_BYTES = 64 * 1024 * 1024
"""What a manifest may weigh; far above any real one, far below what hurts."""

MAX_CHARS = 100_000
"""Characters of one text, as it is written and with its variables put in (not of inline data)."""

_BOMS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
# A key or scalar as it is written: quoted, up to its end or the line's; or plain, up to what ends
# it, which inside brackets (flow style) is also a comma or a bracket.
_QUOTED = r"""\"(?:[^"\\]|\\.)*"?|'(?:[^']|'')*'?"""
_TOKEN = _QUOTED + r"|[\[{]|(?:(?!:(?:\s|$)|\s+#).)*[^\s:]"
_FLOW_TOKEN = _QUOTED + r"|[\[{]|(?:\$\{[^{}]*\}|(?!:(?:\s|$)|\s+#)[^,\[\]{}])*[^\s:,\[\]{}]"
_MAX_TOKEN = 400
"""Characters of a scalar that are looked at for its end: more is never underlined."""

LINE_END = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
"""The line ends of YAML 1.1, which is what libyaml counts."""


class Span(NamedTuple):
    """A place in the manifest: line and column counted from 1, and its length there."""

    line: int
    column: int
    length: int = 1


class Unreadable(Exception):
    """The file cannot be a manifest; ``code`` is the diagnostic's, ``span`` where it shows."""

    def __init__(
        self, source: "Source", code: str, message: str, hint: str, span: Span | None = None
    ) -> None:
        super().__init__(message)
        self.source = source
        self.code = code
        self.message = message
        self.hint = hint
        self.span = span or Span(1, 1)


STDIN = "<stdin>"
"""What stands for the name of a manifest that came through a pipe: no file is called so."""


class Source:
    """One manifest file: ``name`` as the person wrote the path, ``path`` absolute, ``text``."""

    __slots__ = ("_found", "_lines", "name", "path", "text")

    def __init__(self, path: Path, text: str = "") -> None:
        self.name = str(path)
        # What came through a pipe names its pictures from the working folder.
        self.path = Path.cwd() / STDIN if is_inherited(path) else path.absolute()
        self.text = text
        self._lines: list[str] | None = None
        self._found: dict[tuple[str, int], Span] = {}

    @property
    def lines(self) -> list[str]:
        """The text's lines, as YAML counts them, without their ends."""
        if self._lines is None:
            self._lines = LINE_END.split(self.text)
        return self._lines

    def line(self, number: int) -> str:
        """Return one line, counted from 1; empty beyond the end."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""

    def span(self, mark: int) -> Span:
        """Return the place of a mark: the scalar or key there, as far as its line goes."""
        line, column = mark >> COLUMN_BITS, mark & (1 << COLUMN_BITS) - 1
        if line >= len(self.lines):  # YAML ends a last line that has no end of its own
            return self.end()
        text = self.line(line + 1)
        before = text[:column]
        opened = sum(map(before.count, "{[")) - sum(map(before.count, "}]"))
        pattern = re.compile(_FLOW_TOKEN if opened > 0 else _TOKEN)
        token = pattern.match(text[: column + _MAX_TOKEN], column)
        return Span(line + 1, column + 1, max(len(token[0]) if token else 1, 1))

    def end(self) -> Span:
        """Return the place behind the last character."""
        return Span(len(self.lines), len(self.lines[-1]) + 1)

    def find(self, needle: str, mark: int) -> Span:
        """Find some text in the value that begins at a mark; else the value's own place.

        A value goes on over the lines that are indented deeper than the line it begins on.
        """
        known = self._found.get((needle, mark))
        if known is None:
            known = self._found[needle, mark] = self._search(needle, mark)
        return known

    def _search(self, needle: str, mark: int) -> Span:
        span = self.span(mark)
        indent = _indent(self.line(span.line))
        start = span.column - 1
        for number in range(span.line, len(self.lines) + 1):
            line = self.line(number)
            if number > span.line and line.strip() and _indent(line) <= indent:
                break
            column = line.find(needle, start)
            if column >= 0:
                return Span(number, column + 1, len(needle))
            start = 0
        return span


def line_of(mark: int) -> int:
    """Return a mark's line, counted from 1."""
    return (mark >> COLUMN_BITS) + 1


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def read_source(path: Path) -> Source:
    """Read a manifest. Raises Unreadable where it is no UTF-8 text of a sensible size."""
    try:
        return decode_source(path, read_given(path, MAX_TEXT_BYTES))
    except OSError as error:
        reason = error.strerror or str(error)
        code, message, hint = "file-unreadable", f"cannot read {path}: {reason}", _advice(path)
        if error.errno == errno.EFBIG:
            code = "file-too-large"
            message = f"the manifest is larger than {MAX_TEXT_BYTES // 1024**2} MiB"
            hint = "Keep pictures in files of their own and name them by path."
        raise Unreadable(Source(path), code, message, hint) from None


def decode_source(path: Path, data: bytes) -> Source:
    """Return a manifest's bytes as text, without its byte order mark. Raises Unreadable."""
    save = "Save the file as UTF-8 (in VS Code: click the encoding in the status bar)."
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            message = f"the file is saved as {encoding}, not as UTF-8"
            raise Unreadable(Source(path), "encoding", message, save)
    try:
        return Source(path, data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        before = LINE_END.split(data[: error.start].decode("utf-8-sig", "replace"))
        byte = data[error.start]
        legacy = bytes([byte]).decode("cp1252", "replace")
        guess = f"; in Windows-1252 it would be {legacy!r}" if legacy != "\ufffd" else ""
        raise Unreadable(
            Source(path, data.decode("utf-8-sig", "replace")),
            "encoding",
            f"the byte 0x{byte:02X} here is not UTF-8{guess}",
            save,
            Span(len(before), len(before[-1]) + 1),
        ) from None


def _advice(path: Path) -> str:
    if path.is_dir():
        return "This is a folder: name the YAML file in it."
    if not path.exists():
        from runner.shell import quote_command

        return f"Check the path, or start one with: {quote_command('lookbook', 'init', path)}"
    if not path.is_file():
        return "Name a file, or write it to stdin, with `-` in place of its name."
    return "Check the file's permissions."
