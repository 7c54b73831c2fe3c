"""``${name}`` in texts: plain substitution, no code. ``$${`` is the escape for ``${``."""

import re
from collections import ChainMap
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from runner.manifest.yaml.source import MAX_CHARS
from runner.suggest import suggest

MAX_NESTING = 50
"""How many variables may stand within each other."""

MAX_PROBLEMS = 20
"""How many problems of one text are told: more of the same help nobody."""

MAX_SUGGESTIONS = 20
"""For how many unknown names of a manifest it is searched what they may have meant."""

_MAX_NEEDLE = 100
_NO_NAMES: Mapping[str, str] = MappingProxyType({})
_TOKEN = re.compile(r"\$\$\{|\$\{([^{}\n]*)\}|\$\{")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z_][A-Za-z0-9_-]*)?\Z")


class Problem(NamedTuple):
    """What is wrong in a template: a diagnostic's code and words, and the text to point at."""

    code: str
    message: str
    needle: str
    hint: str


@dataclass(slots=True)
class Scope:
    """What names stand for. ``templates`` may use other names; ``literals`` are taken as they are.

    Literals come first. ``used`` collects every name that was asked for, ``searched`` the unknown
    ones for which a likely name was searched.
    """

    templates: ChainMap[str, str] = field(default_factory=ChainMap)
    literals: ChainMap[str, str] = field(default_factory=ChainMap)
    used: set[str] = field(default_factory=set)
    searched: set[str] = field(default_factory=set)

    def child(
        self, templates: Mapping[str, str] | None = None, literals: Mapping[str, str] | None = None
    ) -> "Scope":
        """Return a scope with names of its own in front of these."""
        return Scope(
            self.templates.new_child(dict(templates or {})),
            self.literals.new_child(dict(literals or {})),
            self.used,
            self.searched,
        )

    def expand(self, text: str, own: Mapping[str, str] = _NO_NAMES) -> tuple[str, list[Problem]]:
        """Substitute every name's value; ``own`` are literals of this text alone.

        What cannot be put in stays as it is written, and is told.
        """
        expansion = _Expansion(self, own)
        try:
            return expansion.text(text, ()), expansion.problems
        except _TooMuch as error:
            hint = "Use fewer variables within variables."
            return text, [Problem("bad-template", str(error), "${", hint)]

    def depends(self, text: str, names: Collection[str]) -> bool:
        """Return whether a text uses any of some names, directly or through variables."""
        pending, seen = names_in(text), set[str]()
        while pending:
            name = pending.pop()
            if name in names:
                return True
            if name not in seen:
                seen.add(name)
                pending += names_in(self.templates.get(name, ""))
        return False


class _TooMuch(Exception):
    """Variables within variables go beyond every bound."""


class _Expansion:
    """One text being expanded; each variable's value is worked out once."""

    def __init__(self, scope: Scope, own: Mapping[str, str]) -> None:
        self.scope = scope
        self.own = own
        self.problems: list[Problem] = []
        self.values: dict[str, str] = {}

    def text(self, text: str, inside: tuple[str, ...]) -> str:
        if "${" not in text:
            return text
        if len(inside) > MAX_NESTING:
            raise _TooMuch(f"variables refer to each other more than {MAX_NESTING} levels deep")
        parts: list[str] = []
        position = total = 0
        for match in _TOKEN.finditer(text):
            value = "${" if match[0] == "$${" else self.value(match, inside)
            parts += (text[position : match.start()], match[0] if value is None else value)
            position = match.end()
            total += len(parts[-1])
            if total > MAX_CHARS:
                raise _TooMuch(f"the text grows beyond {MAX_CHARS:,} characters")
        return "".join(parts) + text[position:]

    def value(self, match: re.Match[str], inside: tuple[str, ...]) -> str | None:
        """Return what a name stands for; None where that cannot be said."""
        if len(self.problems) >= MAX_PROBLEMS:
            return None
        if match[1] is None:
            start = match.start()
            rest = match.string[start : start + _MAX_NEEDLE].partition("\n")[0].strip()
            hint = "Close it with `}`, or write `$${` for the characters themselves."
            self.problems.append(Problem("bad-template", "`${` is never closed", rest, hint))
            return None
        scope, name = self.scope, match[1].strip()
        scope.used.add(name)
        known = self.own.get(name, scope.literals.get(name, self.values.get(name)))
        if known is not None:
            return known
        if name in inside:
            circle = " → ".join([*inside[inside.index(name) :], name])
            message = f"variables refer to each other: {circle}"
            hint = "Write one of them out."
            self.problems.append(Problem("variable-cycle", message, match[0], hint))
            return None
        if name not in scope.templates:
            self.problems.append(self.unknown(name, match[0], inside))
            return None
        value = self.values[name] = self.text(scope.templates[name], (*inside, name))
        return value

    def unknown(self, name: str, written: str, inside: tuple[str, ...]) -> Problem:
        if not _NAME.match(name):
            said = f"`{written}` is no name" if name else "`${}` names nothing"
            hint = "There is no code in `${...}`, only names. Write `$${` for the characters."
            return Problem("bad-template", said, written, hint)
        searched = self.scope.searched
        meant: list[str] = []
        if name in searched or len(searched) < MAX_SUGGESTIONS:
            searched.add(name)
            meant = suggest(name, sorted({*self.scope.templates, *self.scope.literals, *self.own}))
        if meant:
            hint = f"Did you mean `${{{meant[0]}}}`?"
        else:
            hint = f"Declare it under `variables:`, as in `{name}: ...`"
            hint += ", or write `$${` for the characters themselves."
        where = f" (used in `{inside[-1]}`)" if inside else ""
        return Problem("unknown-variable", f"nothing here is called `{name}`{where}", written, hint)


def names_in(text: str) -> list[str]:
    """Return the names that a text uses, in order."""
    return [match[1].strip() for match in _TOKEN.finditer(text) if match[1] is not None]
