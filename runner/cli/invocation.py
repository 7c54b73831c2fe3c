"""What is known of a command while it goes on, for whoever has to say how it ended."""

import sys
from collections.abc import Iterable, Sequence
from contextlib import redirect_stdout
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TextIO, cast

import click

from runner.cli.terminal import write_utf8

if TYPE_CHECKING:  # `--help` needs neither paths nor results
    from pathlib import Path

    from runner.results.model import Results

FOR_PEOPLE = frozenset({"text", "github"})
"""Forms in the terminal's own encoding; every other one is for programs, and UTF-8 everywhere."""


class _Watched:
    """A stream that remembers whether anything was written to it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.written = False

    def write(self, text: str) -> int:
        count = self._stream.write(text)
        self.written = self.written or count > 0
        return count

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class Invocation:
    """The manifest that a command works on, and the JSON document that its caller waits for.

    ``out`` is stdout where a program reads it; None where a person does. ``summary`` is the file
    of ``--summary``, ``summary_text`` what was written there. ``results`` are what the ledger held
    when the command ended, and ``more`` what the command found out beside them; ``folder`` is where
    the ledger lies. ``keeps_results``: a caller in Python wants them, and nothing is printed.
    ``began``: a run has begun to send, and the ledger holds what it did.
    """

    def __init__(self) -> None:
        self.manifest: Path | None = None
        self.summary: Path | None = None
        self.summary_text = ""
        self.out: _Watched | None = None
        self.form_known = False
        self.results: Results | None = None
        self.more: dict[str, Any] = {}
        self.folder: Path | None = None
        self.keeps_results = False
        self.began = False

    @property
    def stdout(self) -> TextIO:
        """Return what documents are written to: sys.stdout may be another while a command ends."""
        return cast("TextIO", self.out or sys.stdout)

    @property
    def awaits_results(self) -> bool:
        """Return whether a program waits for a document of which nothing was printed yet."""
        return self.keeps_results or (self.out is not None and not self.out.written)

    def owes_json(self, arguments: Sequence[str]) -> bool:
        """Return whether stdout is to hold one JSON document, and holds nothing yet.

        Where the command line was not understood, the form is read from its ``arguments``.
        """
        if self.out is not None:
            return self.awaits_results
        return not self.form_known and _ask_for_json(arguments)


def _ask_for_json(arguments: Sequence[str]) -> bool:
    return "--format=json" in arguments or ("--format", "json") in pairwise(arguments)


def _invocation(ctx: click.Context) -> Invocation | None:
    """Return what ``main`` knows of the command; None where something else called it."""
    found: Invocation | None = getattr(ctx.find_root().obj, "invocation", None)
    return found


def note_form(ctx: click.Context, _param: click.Parameter, value: str) -> str:
    """Note that the caller reads JSON (a callback of ``--format``)."""
    invocation = _invocation(ctx)
    if invocation is not None:
        invocation.form_known = True
    if value not in FOR_PEOPLE:
        write_utf8()
    if invocation is not None and value == "json":
        invocation.out = _Watched(sys.stdout)
        ctx.with_resource(redirect_stdout(cast("TextIO", invocation.out)))
    return value


def note_report_form(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """Note that the caller reads JSON, and send to stderr what the command says to people.

    A callback of ``--format`` for commands whose document is the results as they end.
    """
    note_form(ctx, param, value)
    if value == "json":
        ctx.with_resource(redirect_stdout(sys.stderr))
    return value


def refuse_undecodable(path: "Path") -> None:
    """Raise UsageError for a path whose bytes are no UTF-8, also where its folder's are not."""
    text = str(path.absolute())
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError:
        from runner.errors import UsageError

        shown = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        raise UsageError(
            f"The name {shown} is not UTF-8.",
            hint="Results and catalog could not name it: rename the file, or its folder.",
        ) from None


def note_manifest(ctx: click.Context, _param: click.Parameter, value: "Path") -> "Path":
    """Note which manifest is meant (a callback of the argument). Raises UsageError.

    Its name stands in results, in the catalog and in commands to copy, which are Unicode text.
    """
    refuse_undecodable(value)
    invocation = _invocation(ctx)
    if invocation is not None:
        invocation.manifest = value
    return value


def note_summary(
    ctx: click.Context, _param: click.Parameter, value: "Path | None"
) -> "Path | None":
    """Note which file a job's page is written to (a callback of ``--summary``)."""
    invocation = _invocation(ctx)
    if invocation is not None:
        invocation.summary = value
    return value
