"""Looks before their texts are put in, and how the parts of a prompt become one text."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from runner.manifest.matrix import Combination
from runner.manifest.template import Scope
from runner.manifest.yaml.nodes import Map

_SPACES = re.compile(r"[ \t\r\n]{2,}|[\t\r\n]")
_CLOSERS = tuple(",.;:!?)]}")


class Draft(NamedTuple):
    """A look before its texts are put in: its fields, and where they come from.

    ``mark`` is the place of its declaration; ``combination`` and ``matrix`` say which matrix made
    it, and ``scope`` what names stand for there.
    """

    key: str
    fields: Map
    mark: int
    scope: Scope
    combination: Combination | None = None
    matrix: str | None = None

    def at(self, field: str) -> int:
        """Return the place of a field, or the look's own where it does not give the field."""
        return self.fields.at(field) if field in self.fields else self.mark

    def at_key_in(self, field: str) -> int:
        """Return the place of the look key in ``field: {look: KEY}``, or of the literal id."""
        value = self.fields.get(field)
        return value.at("look") if isinstance(value, Map) and "look" in value else self.at(field)


def normalize_spaces(text: str) -> str:
    """Make white space even: line breaks and runs of spaces become one space."""
    if "  " in text or "\n" in text or "\t" in text or text[:1] == " " or text[-1:] == " ":
        return _SPACES.sub(" ", text).strip(" ")
    return text


def join_prompt(parts: Sequence[str]) -> str:
    """Join prefix, prompt and suffix, and make white space even.

    A space goes between two parts that have none there, unless the second begins with a mark such
    as a comma. Line breaks and runs of spaces become one space: how a prompt is laid out in the
    file is no part of what is paid for.
    """
    text = ""
    for part in parts:
        tidy = normalize_spaces(part)
        if text and tidy and not tidy.startswith(_CLOSERS):
            text += " "
        text += tidy
    return text
