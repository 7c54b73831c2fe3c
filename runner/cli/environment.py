"""The real clock, the system's randomness, and the people at the terminal.

Everything heavy is imported where it is used: every command makes these, ``--help`` too.
"""

import os
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal

    from runner.cli.progress import Progress


def find_home() -> str | None:
    """Return the user's folder; None for a user without one, as containers often have."""
    home = os.path.expanduser("~")  # noqa: PTH111  # pathlib raises where there is none
    return None if home.startswith("~") else home


class WallClock:
    """Real time (``runner.executor.ports.Clock``)."""

    def now(self) -> float:
        """Return the wall clock in Unix seconds."""
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
        """Return a fresh name for a take or a run."""
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
