"""What a command reaches of the world outside: made once in ``main``, and handed down."""

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

import click

from runner.cli.environment import Console, Randomness, WallClock
from runner.cli.invocation import Invocation

if TYPE_CHECKING:  # `--help` needs neither HTTP nor an event loop
    import httpx

    from runner.executor.ports import Clock, Entropy

__all__ = ["Context", "pass_context"]


def _pass(_point: str) -> None:
    """Pass a commit point."""


class Context(NamedTuple):
    """Time, randomness, people, settings and network, as one command has them.

    A tuple, because ``--help`` would wait for the import of dataclasses.

    ``home`` is the user's folder. ``transport`` carries HTTP requests; None: the network.
    ``simulated_at`` is the URL of the embedded simulator where a command uses that.
    ``failpoint`` is told every commit point that is passed, and ``inline`` commits in the calling
    thread instead of a thread of the ledger's own.
    """

    clock: "Clock" = WallClock()
    entropy: "Entropy" = Randomness()
    console: Console = Console()
    environment: Mapping[str, str] = os.environ
    home: str = os.path.expanduser("~")  # noqa: PTH111
    transport: "httpx.AsyncBaseTransport | None" = None
    simulated_at: str | None = None
    failpoint: Callable[[str], None] = _pass
    inline: bool = False
    invocation: Invocation | None = None


pass_context = click.make_pass_decorator(Context, ensure=True)
"""Hand a command the context as its first argument."""
