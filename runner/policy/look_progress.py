"""How far one look has come in a run: its open jobs, what may still be bought, what is missing."""

from collections import Counter
from dataclasses import dataclass, field

MAX_CONSENT_REQUESTS = 3
"""How often one take may go back and forth between consent and processing in one run."""


@dataclass(slots=True)
class LookProgress:
    """The state of one look in one run.

    ``open`` counts its jobs that are queued or running, ``released`` its takes in flight that this
    run no longer waits for. ``retries`` is how many failures may still be bought again, ``goal``
    how many usable takes the look is to have. ``spare`` are planned takes of earlier runs, by uid:
    a purchase uses them up before it makes new ones.
    """

    retries: int = 0
    goal: int = 0
    spare: list[str] = field(default_factory=list)
    open: int = 0
    released: int = 0
    _jobs: int = 0
    _consents: Counter[str] = field(default_factory=Counter)

    def open_job(self) -> int:
        """Count one more job; return its ordinal."""
        self.open += 1
        self._jobs += 1
        return self._jobs

    def close_job(self) -> None:
        """Count one job less: its take is decided, or it could not be sent."""
        self.open -= 1

    def release(self) -> None:
        """Count one job less whose take is still in flight."""
        self.open -= 1
        self.released += 1

    def resume(self, uid: str) -> int | None:
        """Count a released take as open again; return the ordinal of the job that waits for it.

        Return None, and change nothing else, where the take came back from a consent too often.
        """
        self._consents[uid] += 1
        if self._consents[uid] > MAX_CONSENT_REQUESTS:
            return None
        self.released -= 1
        return self.open_job()

    def retry(self, *, good: int, unwanted: int) -> int | None:
        """Replace a failed job by one that buys again; return its ordinal, None where it may not.

        ``good`` counts the usable takes of the wanted identity, ``unwanted`` those in flight that
        are one too many after an edit. They may still become usable, and so may what was released:
        a failure that leaves enough of them is not bought again.
        """
        coming = (self.open - 1) + self.released + unwanted
        if self.retries <= 0 or good + coming >= self.goal:
            return None
        self.retries -= 1
        self.open -= 1
        return self.open_job()

    def take_spare(self) -> str | None:
        """Return a planned take to use for a purchase and strike it off, or None."""
        return self.spare.pop() if self.spare else None


def compute_goal(wanted: int, *, there: int, bought: int) -> int:
    """Return how many usable takes a look is to have at the end of a run.

    ``wanted`` is the manifest's number, ``there`` counts what is usable or in flight, ``bought``
    what the plan buys: a reroll asks for more than the manifest.
    """
    return max(wanted, there + bought) if bought else wanted
