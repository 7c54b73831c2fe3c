"""What a command reaches of the world outside: made once in ``main``, and handed down."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from runner.cli.environment import Console, Randomness, WallClock
from runner.cli.invocation import Invocation

if TYPE_CHECKING:  # `--help` needs neither HTTP nor an event loop
    import httpx

    from runner.executor.ports import Clock, Entropy

__all__ = ["Context", "pass_context"]


def _pass(_point: str) -> None:
    """Pass a commit point."""


@dataclass(frozen=True, slots=True)
class Context:
    """Time, randomness, people, settings and network, as one command has them.

    ``home`` is the user's folder. ``transport`` carries HTTP requests; None: the network.
    ``simulated_at`` is the URL of the embedded simulator where a command uses that.
    ``failpoint`` is told every commit point that is passed, and ``inline`` commits in the calling
    thread instead of a thread of the ledger's own.
    """

    clock: "Clock" = field(default_factory=WallClock)
    entropy: "Entropy" = field(default_factory=Randomness)
    console: Console = field(default_factory=Console)
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    home: str = field(default_factory=lambda: os.path.expanduser("~"))  # noqa: PTH111
    transport: "httpx.AsyncBaseTransport | None" = None
    simulated_at: str | None = None
    failpoint: Callable[[str], None] = _pass
    inline: bool = False
    invocation: Invocation = field(default_factory=Invocation)


pass_context = click.make_pass_decorator(Context, ensure=True)
"""Hand a command the context as its first argument."""
