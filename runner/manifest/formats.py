"""Findings for people and for programs: text with a caret, JSON, GitHub annotations, SARIF."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from runner import __version__
from runner.manifest.codes import CODES, Severity
from runner.manifest.diagnostics import Diagnostic, and_more
from runner.text_width import char_width

_MAX_COLUMNS = 100
_UNSAFE = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_SARIF_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.HINT: "note"}
_GITHUB_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.HINT: "notice"}


def as_text(diagnostics: Iterable[Diagnostic]) -> str:
    """Return findings for a person: place, words, the quoted line with a caret, and the cure."""
    return "\n".join(_block(diagnostic) for diagnostic in diagnostics).rstrip("\n")


def as_summary(diagnostics: Iterable[Diagnostic]) -> tuple[str, ...]:
    """Return a line for each kind of finding: the first of it, and how many more looks have it.

    ``validate`` shows all of them; this is what stands above a question about money.
    """
    kinds: dict[str, list[Diagnostic]] = {}
    for found in diagnostics:
        kinds.setdefault(found.code, []).append(found)
    return tuple(_line(same) for same in kinds.values())


def _line(same: Sequence[Diagnostic]) -> str:
    first = same[0]
    own = f" ({and_more(first.more)}"
    words = first.message.partition(own)[0] if first.more else first.message
    named = f"{first.look}: " if first.look and f"`{first.look}`" not in words else ""
    more = sum(found.more for found in same) + len(same) - 1
    rest = f" ({and_more(more)})" if more else ""
    return _safe(f"{first.file}:{first.line}: {named}{words}{rest} [{first.code}]")


def as_json(diagnostics: Sequence[Diagnostic]) -> dict[str, Any]:
    """Return findings in the form of ``schemas/diagnostics.schema.json``."""
    return {
        "version": 1,
        "valid": not any(found.severity is Severity.ERROR for found in diagnostics),
        "diagnostics": [_item(diagnostic) for diagnostic in diagnostics],
    }


def as_github(diagnostics: Iterable[Diagnostic]) -> str:
    """Return findings as workflow commands, which GitHub Actions shows beside the lines."""
    return "\n".join(_annotation(diagnostic) for diagnostic in diagnostics)


def as_sarif(diagnostics: Sequence[Diagnostic]) -> dict[str, Any]:
    """Return findings as a SARIF 2.1.0 log, which code scanning services read."""
    used = sorted({diagnostic.code for diagnostic in diagnostics})
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "lookbook",
                        "version": __version__,
                        "rules": [_rule(code) for code in used],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(diagnostic, used) for diagnostic in diagnostics],
            }
        ],
    }


def _block(found: Diagnostic) -> str:
    place = f"{found.file}:{found.line}:{found.column}"
    named = not found.look or f"`{found.look}`" in found.message
    words = found.message if named else f"{found.message} (look {found.look})"
    lines = [_safe(f"{place}: {found.severity.value}[{found.code}]: {words}")]
    if found.severity is Severity.HINT:
        return f"{lines[0]}. {found.hint}"
    if found.text.strip():
        number = str(found.line)
        quoted, caret = _quote_line(found)
        lines += [f"  {number} | {quoted}", f"  {' ' * len(number)} | {caret}"]
    if found.hint:
        lines.append(_safe(f"  -> {found.hint}"))
    return "\n".join([*lines, ""])


def _quote_line(found: Diagnostic) -> tuple[str, str]:
    """Return the line and its caret, a window of it where it is long, aligned as terminals do."""
    text, start = found.text, found.column - 1
    end = min(start + found.length, len(text))
    first = max(0, min(start - 20, len(text) - _MAX_COLUMNS)) if len(text) > _MAX_COLUMNS else 0
    window = text[first : first + _MAX_COLUMNS]
    left = "…" if first else ""
    right = "…" if first + _MAX_COLUMNS < len(text) else ""
    shown = _safe(window)
    before = left + shown[: start - first]
    padding = "".join("\t" if char == "\t" else " " * char_width(char) for char in before)
    under = sum(char_width(char) for char in shown[start - first : end - first])
    return f"{left}{shown}{right}".rstrip(), padding + "^" * max(under, 1)


def _safe(text: str) -> str:
    """Replace what would move the cursor or turn the text around: it may come from anybody."""
    return _UNSAFE.sub("�", text)


def _item(found: Diagnostic) -> dict[str, Any]:
    item: dict[str, Any] = {
        "severity": found.severity.value,
        "code": found.code,
        "message": found.message,
        "file": found.file,
        "line": found.line,
        "column": found.column,
    }
    if found.look is not None:
        item["look"] = found.look
    if found.hint is not None:
        item["hint"] = found.hint
    return item


def _annotation(found: Diagnostic) -> str:
    properties = {
        "file": Path(found.file).as_posix(),
        "line": found.line,
        "col": found.column,
        "endColumn": found.column + found.length,
        "title": found.code,
    }
    told = ",".join(f"{name}={_escape(str(value), ':,')}" for name, value in properties.items())
    words = found.message + (f"\n{found.hint}" if found.hint else "")
    return f"::{_GITHUB_LEVELS[found.severity]} {told}::{_escape(words)}"


def _escape(text: str, also: str = "") -> str:
    for char in "%\r\n" + also:
        text = text.replace(char, f"%{ord(char):02X}")
    return _safe(text)


def _rule(name: str) -> dict[str, Any]:
    code = CODES[name]
    return {
        "id": name,
        "shortDescription": {"text": code.meaning},
        "help": {"text": code.cure},
        "defaultConfiguration": {"level": _SARIF_LEVELS[code.severity]},
    }


def _result(found: Diagnostic, rules: list[str]) -> dict[str, Any]:
    words = found.message + (f" {found.hint}" if found.hint else "")
    return {
        "ruleId": found.code,
        "ruleIndex": rules.index(found.code),
        "level": _SARIF_LEVELS[found.severity],
        "message": {"text": words},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {
                        # A file's name need not be UTF-8; its bytes are what names it.
                        "uri": quote(Path(found.file).as_posix(), errors="surrogateescape")
                    },
                    "region": {
                        "startLine": found.line,
                        "startColumn": found.column,
                        "endColumn": found.column + found.length,
                    },
                }
            }
        ],
    }
