"""What a command reaches of the world outside: made once in ``main``, and handed down.

The real clock, the system's randomness and the people at the terminal. Everything heavy is imported
where it is used: every command makes these, ``--help`` too.
"""

import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from runner.cli.invocation import Invocation
from runner.errors import LedgerQuestion, UsageError

if TYPE_CHECKING:  # `--help` needs neither HTTP nor an event loop
    from decimal import Decimal

    import httpx

    from runner.cli.progress import Progress
    from runner.executor.ports import Clock, Entropy, Faces
    from runner.ledger.shared import SharedLedgers
    from runner.model import Campaign
    from runner.store.port import NamedStore
    from runner.takes import Account


def find_home() -> str | None:
    """Return the user's folder; None for a user without one, as containers often have."""
    home = os.path.expanduser("~")  # noqa: PTH111  # pathlib raises where there is none
    return None if home.startswith("~") else home


class WallClock:
    """Real time (``runner.executor.ports.Clock``)."""

    def now(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        import anyio

        await anyio.sleep(max(0.0, seconds))


class Randomness:
    """Real randomness (``runner.executor.ports.Entropy``), from the system's own source."""

    def key(self) -> str:
        """Return a fresh idempotency key of 192 bits."""
        import secrets

        return f"lookbook-{secrets.token_hex(24)}"

    def uid(self) -> str:
        import secrets

        return secrets.token_hex(8)

    def random(self) -> float:
        """Return a number in [0, 1)."""
        import secrets

        return secrets.SystemRandom().random()


class Console:
    """The terminal: whether somebody can answer there, and what shows progress.

    ``answers`` counts questions that only a person can answer and did: another process would ask
    them again.
    """

    answers = 0

    def note_answer(self) -> None:
        """Note that a person answered what ``--yes`` does not."""
        self.answers += 1

    def can_answer(self) -> bool:
        """Return whether a person reads stderr and can type an answer."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    def can_choose(self) -> bool:
        """Return whether a person reads stdout and can type an answer."""
        return sys.stdin.isatty() and sys.stdout.isatty()

    def progress(self, ceiling: "Decimal | None") -> "Progress":
        """Return what shows the progress of work that may cost ``ceiling`` USD."""
        from runner.cli.progress import Progress

        return Progress(ceiling=ceiling)

    def confirm_or_refuse(self, question: str, *, yes: bool, undone: str) -> None:
        """Ask for a yes, unless ``--yes`` gave it. Raises UsageError where nobody did.

        ``undone`` is what the error says of what would have been done.
        """
        if yes:
            return
        if not self.can_answer():
            raise UsageError(
                f"There is nobody to ask here, so {undone}.", hint="Add --yes to go ahead."
            )
        if not click.confirm(question, err=True):
            raise UsageError(f"Declined; {undone}.")

    def ask_for_name(
        self, campaign: "Campaign", question: str, *, prompt: str, hint: str, show: str = ""
    ) -> None:
        """Ask a person to type the campaign's name, where a yes is too easy.

        ``hint`` says what to do where nobody can be asked, ``show`` is text that follows the
        question where somebody can. Raises LedgerQuestion where the name was not typed.
        """
        if not self.can_answer():
            raise LedgerQuestion(question, hint=hint)
        click.echo(f"{question}\n{show}" if show else question, err=True)
        if click.prompt(prompt, default="", show_default=False, err=True) != campaign.name:
            raise LedgerQuestion("Nothing was sent.")
        self.note_answer()


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
