"""Long lines, broken between words for a terminal. Pure.

What is copied is never broken: a line end within a command would carry out its first half alone.
"""

import re

from runner.text_width import split_text, text_width

_STYLES = re.compile(r"\x1b\[[0-9;]*m")
_VERBATIM = re.compile(r"\s*\d* \||::|\s*\^")
"""A line of a file that is quoted with its number, the marks under it, an annotation."""

_COMMAND = r"(?:\x1b\[[0-9;]*m)*lookbook [a-z]+ (?:[^`]*\.ya?ml|-)[^`]*$"
_AMOUNT = r"\d[\d.]* (?:s|min|h|days?)\b\S*"
_UNIT = re.compile(
    rf"(?:`[^`\n]*`\S*|(?:(?<=: )|(?<=^)|(?<=  )){_COMMAND}|{_AMOUNT}|\S+)(?: ·(?= ))?"
)
_HEADING = re.compile(r"(?:Error|Warning): | *(?:(?:[^ ]+ ){1,3} +){1,2}(?=[^ ])| *")
"""What stands before the text of a line: the lines after it begin below the text."""

_COPIED = re.compile(r"[/\\`\x1b]")
"""What a path, a link, or a command has in it, or what is in a colour."""

_MAX_HEADING = 28
_HANGING = 2
"""How much further the rest of a line is indented than its beginning."""

_MAX_ITEM = 5
"""A line that is indented further than this is a part of the text above it, not an item."""


def wrap_lines(text: str, width: int) -> str:
    """Return a text whose lines take at most ``width`` columns, as far as words allow it."""
    if len(text) <= width and text.isascii():
        return text
    lines = text.split("\n")
    return "\n".join(line if _measure(line) <= width else _wrap(line, width) for line in lines)


def _measure(line: str) -> int:
    return text_width(_STYLES.sub("", line) if "\x1b" in line else line)


def _wrap(line: str, width: int) -> str:
    plain = _STYLES.sub("", line)
    if _VERBATIM.match(plain):
        return line
    heading = _HEADING.match(plain)
    hanging = text_width(heading[0]) if heading else 0
    if heading is None or heading[0].isspace() or not 0 < hanging <= _MAX_HEADING:
        indent = len(plain) - len(plain.lstrip())
        hanging = indent if indent > _MAX_ITEM else indent + _HANGING
    pieces, column, end = [], 0, 0
    for unit in _UNIT.finditer(line):
        gap, word = line[end : unit.start()], unit[0]
        end = unit.end()
        size = _measure(word)
        if column > hanging and column + len(gap) + size > width:
            pieces.append("\n" + " " * hanging)
            column = hanging
        else:
            pieces.append(gap)
            column += _measure(gap)
        if column + size > width and not (word.isascii() or _COPIED.search(word)):
            first, *more = _split(word, width - column, width - hanging)
            pieces += [first, *(f"\n{' ' * hanging}{part}" for part in more)]
            column = hanging + _measure(more[-1]) if more else column + size
            continue
        pieces.append(word)
        column += size
    return "".join(pieces) + line[end:]


def _split(word: str, first: int, rest: int) -> list[str]:
    """Split a word of a script without spaces: into a line of a width, and lines of another."""
    begin = split_text(word, max(1, first))[0]
    left = word[len(begin) :]
    return [begin, *split_text(left, max(1, rest))] if left else [begin]
