"""``${name}`` in texts: plain substitution, no code. ``$${`` is the escape for ``${``."""

import re
from collections import ChainMap
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType

__all__ = ["LONGEST", "Problem", "Scope", "names_in"]

LONGEST = 100_000
"""Characters that one text may grow to; variables that double each other stop here."""

_NOTHING: Mapping[str, str] = MappingProxyType({})
_TOKEN = re.compile(r"\$\$\{|\$\{([^{}\n]*)\}|\$\{")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z_][A-Za-z0-9_-]*)?\Z")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in a template: a diagnostic's code and words, and the text to point at."""

    code: str
    message: str
    needle: str
    hint: str


@dataclass(slots=True)
class Scope:
    """What names stand for. ``templates`` may use other names; ``literals`` are taken as they are.

    Literals come first. ``used`` collects every name that was asked for.
    """

    templates: ChainMap[str, str] = field(default_factory=ChainMap)
    literals: ChainMap[str, str] = field(default_factory=ChainMap)
    used: set[str] = field(default_factory=set)

    def child(
        self, templates: Mapping[str, str] | None = None, literals: Mapping[str, str] | None = None
    ) -> "Scope":
        """Give a scope with names of its own in front of these."""
        return Scope(
            self.templates.new_child(dict(templates or {})),
            self.literals.new_child(dict(literals or {})),
            self.used,
        )

    def expand(self, text: str, own: Mapping[str, str] = _NOTHING) -> tuple[str, list[Problem]]:
        """Put every name's value in; ``own`` are literals of this text alone.

        What cannot be put in stays as it is written, and is told.
        """
        problems: list[Problem] = []
        return self._expand(text, (), own, problems), problems

    def depends(self, text: str, names: Collection[str]) -> bool:
        """Whether a text uses any of some names, directly or through variables."""
        pending, seen = names_in(text), set[str]()
        while pending:
            name = pending.pop()
            if name in names:
                return True
            if name not in seen:
                seen.add(name)
                pending += names_in(self.templates.get(name, ""))
        return False

    def _expand(
        self, text: str, inside: tuple[str, ...], own: Mapping[str, str], problems: list[Problem]
    ) -> str:
        if "${" not in text:
            return text

        def replacement(match: re.Match[str]) -> str:
            if match[0] == "$${":
                return "${"
            value = self._value(match, inside, own, problems)
            return match[0] if value is None else value

        parts: list[str] = []
        position = total = 0
        for match in _TOKEN.finditer(text):
            parts += (text[position : match.start()], replacement(match))
            position = match.end()
            total += len(parts[-1])
            if total > LONGEST:
                message = f"the text grows beyond {LONGEST:,} characters"
                problems.append(Problem("bad-template", message, match[0], "Use fewer variables."))
                return ""
        return "".join(parts) + text[position:]

    def _value(
        self,
        match: re.Match[str],
        inside: tuple[str, ...],
        own: Mapping[str, str],
        problems: list[Problem],
    ) -> str | None:
        name = match[1]
        if name is None:
            rest = match.string[match.start() :].partition("\n")[0].strip()
            hint = "Close it with `}`, or write `$${` for the characters themselves."
            problems.append(Problem("bad-template", "`${` is never closed", rest, hint))
            return None
        name = name.strip()
        self.used.add(name)
        if name in own:
            return own[name]
        if name in self.literals:
            return self.literals[name]
        if name in inside:
            circle = " → ".join([*inside[inside.index(name) :], name])
            problems.append(
                Problem("variable-cycle", f"variables refer to each other: {circle}",
                        match[0], "Write one of them out.")
            )  # fmt: skip
            return None
        if name in self.templates:
            return self._expand(self.templates[name], (*inside, name), own, problems)
        problems.append(self._unknown(name, match[0], inside))
        return None

    def _unknown(self, name: str, written: str, inside: tuple[str, ...]) -> Problem:
        if not _NAME.match(name):
            said = f"`{written}` is no name" if name else "`${}` names nothing"
            hint = "There is no code in `${...}`, only names. Write `$${` for the characters."
            return Problem("bad-template", said, written, hint)
        known = sorted({*self.templates, *self.literals})
        meant = get_close_matches(name, known, n=1)
        if meant:
            hint = f"Did you mean `${{{meant[0]}}}`?"
        else:
            hint = f"Declare it under `variables:`, as in `{name}: ...`"
            hint += ", or write `$${` for the characters themselves."
        where = f" (used in `{inside[-1]}`)" if inside else ""
        return Problem("unknown-variable", f"nothing here is called `{name}`{where}", written, hint)


def names_in(text: str) -> list[str]:
    """Give the names that a text uses, in order."""
    return [match[1].strip() for match in _TOKEN.finditer(text) if match[1] is not None]
