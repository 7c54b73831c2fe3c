"""One scalar of a YAML text replaced, and every other character of it left as it is.

The scalar keeps its style where the new text allows it: plain, quoted or block, wrapped if it was.
Whether it does is not derived from YAML's rules but read back: what a parser finds in the new text
must be what it found in the old one, with only that value changed.
"""

import re
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any, NamedTuple

import yaml

from runner.manifest.yaml.scalars import resolve
from runner.manifest.yaml.source import COLUMN_BITS, LINE_END

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_HEADER = re.compile(r"[|>][-+0-9]*")
_SINGLE_SPACE = re.compile(r"(?<=\S) (?=\S)")
_NARROWEST = 40
"""Characters of a line below which nothing is wrapped, however narrow the old text was."""

_NAMED_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
_ESCAPED = re.compile(
    '[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|["\\\\]'
)


class ScalarSpan(NamedTuple):
    """A scalar as it is written: its characters from ``start`` to ``end``, and its value.

    ``style`` is ``"'"``, ``'"'``, ``"|"``, ``">"`` or nothing for a plain one. ``line`` and
    ``column`` are counted from 1. An anchor or a tag before it is no part of it.
    """

    start: int
    end: int
    value: str
    style: str
    line: int
    column: int


def index_scalars(text: str) -> dict[int, ScalarSpan]:
    """Return the scalars of a YAML text by their marks, as ``Map.marks`` and ``Seq.marks`` hold.

    The mark of an alias leads to the scalar that it stands for. Raises yaml.YAMLError.
    """
    found: dict[int, ScalarSpan] = {}
    anchors: dict[str, ScalarSpan] = {}
    before: list[int] = []
    anchor: str | None = None
    for token in yaml.scan(text, Loader=_LOADER):
        mark = (token.start_mark.line << COLUMN_BITS) + token.start_mark.column
        if isinstance(token, yaml.AnchorToken | yaml.TagToken):
            before.append(mark)
            if isinstance(token, yaml.AnchorToken):
                anchor = token.value
                anchors.pop(anchor, None)
            continue
        if isinstance(token, yaml.ScalarToken):
            span = _span(token)
            found |= dict.fromkeys((*before, mark), span)
            if anchor is not None:
                anchors[anchor] = span
        elif isinstance(token, yaml.AliasToken) and token.value in anchors:
            found[mark] = anchors[token.value]
        before, anchor = [], None
    return found


def _span(token: Any) -> ScalarSpan:
    start, end = token.start_mark, token.end_mark
    style = "" if token.plain else token.style
    return ScalarSpan(start.index, end.index, token.value, style, start.line + 1, start.column + 1)


def replace_scalar(text: str, span: ScalarSpan, new: str) -> str:
    """Return the text with another value in place of one scalar's.

    The line breaks of ``new`` become those of the file. A block scalar keeps the line breaks that
    it ends in. Raises ValueError where no way of writing the value reads back as it is.
    """
    new = LINE_END.sub("\n", new)
    old = text[span.start : span.end]
    if span.style in ("|", ">"):
        new = new.rstrip() + span.value[len(span.value.rstrip()) :]
        old = old.rstrip()
    end = span.start + len(old)
    new.encode()  # half a surrogate pair cannot be written in UTF-8
    for written in _spellings(old, span.style, new):
        changed = text[: span.start] + written + text[end:]
        if _differs_only_in(text, changed, span, new):
            return changed
    raise ValueError("no way of writing this text in YAML reads back as it is")


# --- ways of writing it ---------------------------------------------------------------------------


def _spellings(old: str, style: str, new: str) -> Iterator[str]:
    """Return ways of writing a value, the one most like the old first; not all of them fit."""
    lines = LINE_END.split(old)
    width = max(_NARROWEST, *map(len, lines))
    line_end = match[0] if (match := LINE_END.search(old)) else "\n"
    quoted = _quote(new)
    if style in ("|", ">"):
        header, *content = lines
        first = next((line for line in content if line.strip()), "  ")
        indent = " " * (len(first) - len(first.lstrip(" ")))
        body = new.rstrip()
        if style == ">":
            body = re.sub(r"\n+", lambda run: run[0] + "\n", body)
            body = "\n".join(_wrap(line, width - len(indent)) for line in body.split("\n"))
        yield line_end.join([header, *(indent + line if line else "" for line in body.split("\n"))])
        yield _HEADER.sub(lambda _: quoted, header, count=1)
        return
    same = {"": new, "'": "'" + new.replace("'", "''") + "'"}.get(style, quoted)
    if "\t" in new:  # not every parser takes a tab in text without quotation marks
        same = quoted
    if len(lines) > 1:
        second = lines[1]
        indent = second[: len(second) - len(second.lstrip())]
        yield _wrap(same, width).replace("\n", line_end + indent)
    yield same
    yield quoted


def _wrap(text: str, width: int) -> str:
    """Break a line at single spaces, so that no part is longer than ``width`` where that can be."""
    lines = [""]
    for word in _SINGLE_SPACE.split(text):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append(word)
        else:
            lines[-1] += f" {word}" if lines[-1] else word
    return "\n".join(lines)


def _quote(value: str) -> str:
    return '"' + _ESCAPED.sub(_escape, value) + '"'


def _escape(match: re.Match[str]) -> str:
    char = match[0]
    code = ord(char)
    hexadecimal = f"\\x{code:02X}" if code < 0x100 else f"\\u{code:04X}"
    return _NAMED_ESCAPES.get(char, hexadecimal)


# --- reading it back ------------------------------------------------------------------------------


def _differs_only_in(before: str, after: str, span: ScalarSpan, value: str) -> bool:
    """Return whether two texts are one document but for the value of one scalar."""
    changed = 0
    try:
        for old, new in zip_longest(_events(before), _events(after)):
            if old is None or new is None or type(old) is not type(new):
                return False
            if _is_at(old, span):
                changed += 1
                plain = not new.style and new.tag is None
                if new.value != value or (plain and not isinstance(resolve(value), str)):
                    return False
                if (old.anchor, old.tag) != (new.anchor, new.tag):
                    return False
            elif _content(old) != _content(new):
                return False
    except yaml.YAMLError:
        return False
    return changed == 1


def _events(text: str) -> Iterator[Any]:
    return iter(yaml.parse(text, Loader=_LOADER))


def _is_at(event: Any, span: ScalarSpan) -> bool:
    """Return whether an event is the scalar that ends there; it begins at its anchor or tag."""
    if not isinstance(event, yaml.ScalarEvent):
        return False
    start, end = event.start_mark, event.end_mark
    return bool(start and end and start.index <= span.start and end.index == span.end)


def _content(event: Any) -> tuple[Any, ...]:
    names = ("anchor", "tag", "value", "style", "flow_style", "version", "tags")
    return tuple(getattr(event, name, None) for name in names)
