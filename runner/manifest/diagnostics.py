"""Findings: what is wrong, where, and what to do; collected, never thrown one by one."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from runner.manifest.codes import CODES, Severity
from runner.manifest.yaml.source import Source, Span

_MAX_MESSAGE_CHARS = 400
"""Characters of a message: it may quote a value of any length."""


MAX_FINDINGS = {Severity.ERROR: 100, Severity.WARNING: 1_000, Severity.HINT: 1_000}
"""How many findings of each kind are told; more are counted, and cost no more than that."""

_MORE = {
    Severity.ERROR: "more-errors",
    Severity.WARNING: "more-warnings",
    Severity.HINT: "more-hints",
}


def and_more(looks: int) -> str:
    """Count looks beyond the one that is named, in words."""
    return f"and {looks:,} more look{'' if looks == 1 else 's'}"


class Diagnostic(NamedTuple):
    """One finding. ``line`` and ``column`` are counted from 1, in characters.

    ``look`` is the key of the look it is about, ``hint`` what to do. ``text`` is the quoted line
    and ``length`` how many of its characters, from ``column`` on, the caret underlines. ``more`` is
    how many looks it holds for beside ``look``; the message says so too.
    """

    severity: Severity
    code: str
    message: str
    file: str
    line: int
    column: int
    look: str | None = None
    hint: str | None = None
    text: str = ""
    length: int = 1
    more: int = 0


def count_findings(diagnostics: Sequence[Diagnostic]) -> str:
    """Count findings in words, as in ``2 errors, 1 warning``; empty where there are none."""
    parts = []
    for severity in Severity:
        count = sum(diagnostic.severity is severity for diagnostic in diagnostics)
        if count:
            parts.append(f"{count:,} {severity.value}{'s' if count > 1 else ''}")
    return ", ".join(parts)


class Findings:
    """Collects diagnostics of one manifest, and folds those that repeat in each combination.

    Beyond ``MAX_FINDINGS`` they are only counted.
    """

    def __init__(self, source: Source, *, hints: bool = True) -> None:
        self.source = source
        self.hints = hints
        self.errors = 0
        self._counts = dict.fromkeys(Severity, 0)
        self._found: dict[tuple[str, int, int, str], Diagnostic] = {}
        self._more: dict[tuple[str, int, int, str], int] = {}
        self._places: set[tuple[int, int]] = set()

    def report(
        self,
        code: str,
        message: str,
        at: int | Span,
        *,
        look: str | None = None,
        hint: str | None = None,
        needle: str | None = None,
        fold: bool = False,
        about: str | None = None,
    ) -> None:
        """Record one finding; ``needle`` narrows the place down to that text where it shows.

        ``fold`` says that the place makes many looks (a matrix): the first is told, the rest are
        counted. So they are where all of it is ``about`` one thing, such as a picture that many
        looks use. Without either, only an identical finding is dropped.
        """
        severity = CODES[code].severity
        if severity is Severity.ERROR:
            self.errors += 1
        if self._counts[severity] >= MAX_FINDINGS[severity]:
            self._counts[severity] += 1
            return
        if isinstance(at, Span):
            span = at
        else:
            span = self.source.find(needle, at) if needle else self.source.span(at)
        identity = (code, span.line, span.column, "" if fold else message)
        if about is not None:
            identity = (code, 0, 0, about)
        if identity in self._found:
            again = fold or (about is not None and look != self._found[identity].look)
            self._more[identity] = self._more.get(identity, 0) + again
            return
        self._counts[severity] += 1
        self._places.add((span.line, span.column))
        self._found[identity] = Diagnostic(
            severity,
            code,
            message
            if len(message) <= _MAX_MESSAGE_CHARS
            else message[: _MAX_MESSAGE_CHARS - 1] + "…",
            self.source.name,
            span.line,
            span.column,
            look,
            hint,
            self.source.line(span.line),
            span.length,
        )

    @property
    def full(self) -> bool:
        """Return whether no further error will be told, only counted."""
        return self._counts[Severity.ERROR] >= MAX_FINDINGS[Severity.ERROR]

    def has(self, line: int, column: int) -> bool:
        """Return whether something is reported for this place already."""
        return (line, column) in self._places

    def all(self) -> tuple[Diagnostic, ...]:
        """Return everything found, in the order of the file, and how much more there is."""
        told = []
        for identity, diagnostic in self._found.items():
            more = self._more.get(identity, 0)
            if more:
                here = "" if identity[1:3] == (0, 0) else " made here"
                message = f"{diagnostic.message} ({and_more(more)}{here})"
                diagnostic = diagnostic._replace(  # noqa: PLW2901  (as it is told)
                    message=message, more=more
                )
            told.append(diagnostic)
        told.sort(key=lambda found: (found.line, found.column))
        return (*told, *self._rest(told))

    def _rest(self, told: list[Diagnostic]) -> Iterator[Diagnostic]:
        for severity, count in self._counts.items():
            rest = count - MAX_FINDINGS[severity]
            if rest > 0:
                last = next(found for found in reversed(told) if found.severity is severity)
                words = f"and {rest:,} more {severity.value}{'' if rest == 1 else 's'}"
                yield last._replace(
                    code=_MORE[severity], message=words, look=None, hint=None, text="", more=0
                )
