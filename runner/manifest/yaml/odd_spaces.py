"""White space that looks like a space and is none to YAML, where it decides the structure.

It comes from web pages, chats and word processors. YAML takes it for a letter of the key behind it,
so its own complaints are about keys that nobody wrote.
"""

import re

from runner.manifest.diagnostics import Findings
from runner.manifest.yaml.source import Span

_ODD = "\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_INDENTED = re.compile(f" *[{_ODD}][ {_ODD}]*(?=(?:- |[\\w\"'.-]+:(?:[\\s{_ODD}]|$)))")
_AFTER_COLON = re.compile(f" *(?:- +)?[A-Za-z_][\\w.-]*:(?=[{_ODD}])")
_BLOCK_TEXT = re.compile(r"(?:^|[:\s-])[|>][+-]?[0-9]?[+-]?\s*(?:#.*)?$")
_LEADING = re.compile(f"[ {_ODD}]*")


def report_odd_spaces(findings: Findings) -> bool:
    """Report the first line whose structure hangs on such a space; return whether there is one."""
    lines = findings.source.lines
    places = [
        (number, column)
        for number, line in enumerate(lines)
        if (column := _column_of(line)) is not None and not _is_block_text(lines, number)
    ]
    if not places:
        return False
    number, column = places[0]
    more = f" Such lines: {len(places)}." if len(places) > 1 else ""
    findings.report(
        "yaml-space",
        f"a space that YAML does not take for one (U+{ord(lines[number][column]):04X})",
        Span(number + 1, column + 1),
        hint="Replace it by an ordinary space; it comes from copying out of a web page or a chat."
        f"{more}",
    )
    return True


def _column_of(line: str) -> int | None:
    """Return where such a space is, counted from 0: in the indentation, or behind a key's colon."""
    if _INDENTED.match(line):
        return len(line) - len(line.lstrip(" "))
    after = _AFTER_COLON.match(line)
    return after.end() if after else None


def _is_block_text(lines: list[str], number: int) -> bool:
    """Return whether a line is text below a ``|`` or ``>``, where any space may stand."""
    width = _width(lines[number])
    for line in reversed(lines[:number]):
        if line.strip() and _width(line) < width:
            if _BLOCK_TEXT.search(line):
                return True
            width = _width(line)
        if not width:
            return False
    return False


def _width(line: str) -> int:
    leading = _LEADING.match(line)
    return leading.end() if leading else 0
