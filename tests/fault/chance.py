"""Randomness from a seed and a label, so that one draw never disturbs another."""

from datetime import UTC, datetime
from random import Random

__all__ = ["Chance", "SeededEntropy", "month_of"]


def month_of(at: float) -> str:
    """Return the calendar month (UTC) of a time, as ``2027-01``."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m")


class Chance:
    """The source of every draw of one history."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def of(self, *label: object) -> Random:
        """Return a stream that depends on the seed and the label alone."""
        return Random("/".join(map(str, (self.seed, *label))))


class SeededEntropy:
    """``runner.executor.ports.Entropy`` for one process of a history."""

    def __init__(self, stream: Random) -> None:
        self._stream = stream

    def key(self) -> str:
        """Return a fresh idempotency key."""
        return f"lookbook-{self._stream.getrandbits(96):024x}"

    def uid(self) -> str:
        """Return a fresh name for a take or a run."""
        return f"{self._stream.getrandbits(64):016x}"

    def random(self) -> float:
        """Return a number in [0, 1)."""
        return self._stream.random()
