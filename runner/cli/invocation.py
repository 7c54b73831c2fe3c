"""What is known of a command while it goes on, for whoever has to say how it ended."""

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TextIO, cast

import click

from runner.cli.terminal import write_utf8

if TYPE_CHECKING:  # `--help` needs no paths
    from pathlib import Path

__all__ = ["Invocation", "note_form", "note_manifest"]


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

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class Invocation:
    """The manifest that a command works on, and the JSON document that its caller waits for.

    ``out`` is stdout where a program reads it; None where a person does.
    """

    def __init__(self) -> None:
        self.manifest: Path | None = None
        self.out: _Watched | None = None
        self.form_known = False

    def owes_json(self, arguments: Sequence[str]) -> bool:
        """Return whether stdout is to hold one JSON document, and holds nothing yet.

        Where the command line was not understood, the form is read from its ``arguments``.
        """
        if self.out is not None:
            return not self.out.written
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


def note_manifest(ctx: click.Context, _param: click.Parameter, value: "Path") -> "Path":
    """Note which manifest is meant (a callback of the argument)."""
    invocation = _invocation(ctx)
    if invocation is not None:
        invocation.manifest = value
    return value
