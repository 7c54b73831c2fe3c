"""What plain YAML scalars mean, and the traps in them.

YAML 1.1 (PyYAML, most tools) and 1.2 (editors) disagree about ``no``, ``010``, ``1:30`` and dates.
The manifest reads what both read alike, and asks about the rest instead of guessing.
"""

import re
from math import isfinite
from typing import NamedTuple

NUMERIC = frozenset("0123456789+-.")
"""First characters of plain scalars that may be a number or a date."""

WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
"""Plain scalars that are nothing or a boolean; every other one without a numeric start is text."""

for _truth, _spelled in ((True, ("yes", "true", "on")), (False, ("no", "false", "off"))):
    for _word in _spelled:
        WORDS |= dict.fromkeys((_word, _word.capitalize(), _word.upper()), _truth)

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z")
# Most manifests hold none of these: each is compiled when it is needed.
_FLOAT = r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\Z"
_DATE = (
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
    r"(?:(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?"
    r"(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?)?\Z"
)
# Read as numbers by YAML 1.1 alone, or by 1.2 alone, or as different numbers by the two.
_AMBIGUOUS = (
    r"[-+]?(?:0[0-9_]+|0b[01_]+|0o[0-7]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*_[0-9_]*(?:\.[0-9_]*)?"
    r"|[1-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?|0[0-9]+\.[0-9]*|\.(?:inf|Inf|INF))\Z"
    r"|\.(?:nan|NaN|NAN)\Z"
)
_MAX_NUMBER_CHARS = 40


class Date(NamedTuple):
    """A plain scalar that YAML 1.1 reads as a date or a time."""

    text: str


class Ambiguous(NamedTuple):
    """A plain scalar that YAML versions read as different numbers, or as none."""

    text: str


Scalar = str | int | float | bool | Date | Ambiguous | None


def resolve(text: str) -> Scalar:
    """Return what a plain scalar is. Text that is a number to nobody stays text."""
    if text in WORDS:
        return WORDS[text]
    if len(text) > _MAX_NUMBER_CHARS or text[0] not in NUMERIC:
        return text
    if _INTEGER.match(text):
        return int(text)
    if re.match(_FLOAT, text):
        return float(text) if isfinite(float(text)) else Ambiguous(text)
    if re.match(_DATE, text):
        return Date(text)
    return Ambiguous(text) if re.match(_AMBIGUOUS, text) else text


def describe(value: object) -> str:
    """Name the kind of a value as a reader would: for "`no` is a boolean in YAML"."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float | Ambiguous):
        return "a number"
    if isinstance(value, Date):
        return "a date"
    if isinstance(value, str):
        return "text"
    return "a mapping" if isinstance(value, dict) else "a list"
