"""What a command reaches of the world outside: made once in ``main``, and handed down."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from runner.cli.environment import Console, Randomness, WallClock, find_home
from runner.cli.invocation import Invocation

if TYPE_CHECKING:  # `--help` needs neither HTTP nor an event loop
    import httpx

    from runner.executor.ports import Clock, Entropy, Faces
    from runner.ledger.shared import SharedLedgers
    from runner.store.port import NamedStore
    from runner.takes import Account


def _pass(_point: str) -> None:
    """Pass a commit point."""


def open_faces(folder: Path, at_once: int) -> "Faces | None":
    """Return what measures faces in a state folder; None where the extra is not installed."""
    from runner.faces.models import find_models

    if find_models() is None:
        return None
    from runner.faces.pool import FacePool

    return FacePool(folder, at_once=at_once)


class Context(NamedTuple):
    """Time, randomness, people, settings and network, as one command has them.

    A tuple, because ``--help`` would wait for the import of dataclasses.

    ``home`` is the user's folder, where there is one. ``transport`` carries HTTP requests; None:
    the network.
    ``simulated_at`` is the URL of the embedded simulator where a command uses that.
    ``failpoint`` is told every commit point that is passed, and ``inline`` commits in the calling
    thread instead of a thread of the ledger's own. ``faces`` opens what measures faces in a state
    folder, so many pictures at once; it returns None where that is impossible. ``handles_signals``:
    a run answers Ctrl-C and its like itself. ``shows_plan``: whoever agreed to it has not seen it.
    ``shows_catalog``: whoever reads the output can open what lies on this machine.
    ``shared`` is the database that ledgers live in, and ``store`` what pictures and pages are
    copied into, where one was named. ``queued`` is the run of the queue that is carried
    out, if any, ``account`` whose key it has to have, and ``named_manifest`` how whoever queued it
    names the manifest.
    """

    clock: "Clock" = WallClock()
    entropy: "Entropy" = Randomness()
    console: Console = Console()
    environment: Mapping[str, str] = os.environ
    home: str | None = find_home()
    transport: "httpx.AsyncBaseTransport | None" = None
    simulated_at: str | None = None
    failpoint: Callable[[str], None] = _pass
    inline: bool = False
    faces: "Callable[[Path, int], Faces | None]" = open_faces
    invocation: Invocation | None = None
    handles_signals: bool = True
    shows_plan: bool = True
    shows_catalog: bool = True
    shared: "SharedLedgers | None" = None
    store: "NamedStore | None" = None
    queued: str | None = None
    account: "Account | None" = None
    named_manifest: Path | None = None


pass_context = click.make_pass_decorator(Context, ensure=True)
"""Hand a command the context as its first argument."""
