"""Whether results and catalog on disk are still those of a campaign and its ledger.

Both are made from nothing but the campaign, what the ledger holds, the pictures on disk and this
program. A run that changed none of these need not make them again: beside them lies what they were
made from, and how the files looked when they were left.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from runner import __version__
from runner.canonical import sha256_hex
from runner.errors import StorageError
from runner.files import read_note, write_atomic
from runner.model import Campaign, LookRef
from runner.results.model import Summary
from runner.results.totals_text import format_totals
from runner.takes import LookState

MADE_FROM = "made-from.json"
RESULTS = "results.json"
FILES = (RESULTS, "catalog.html")
FOLDERS = ("images", "thumbs")
"""The catalog's pictures; a folder's own time changes when a file in it comes, goes or is replaced.

That a picture's content was changed in place is for ``run --fetch-only`` to find out.
"""

_STATES = frozenset(map(str, LookState))

_encode = json.JSONEncoder(
    ensure_ascii=False,
    check_circular=False,
    # Most looks have a reference; to describe each as Python does takes as long as all the rest.
    default=lambda value: {"look": value.look} if isinstance(value, LookRef) else repr(value),
).encode

TOGETHER = 1_000
"""So many looks are hashed as one text; all of them would be a text of many megabytes."""


class PlacedLedger(Protocol):
    """A ledger that knows where it stands."""

    def position(self) -> str:
        """Name what it holds now."""

    def was_at(self, position: str) -> bool:
        """Return whether this very ledger once was at a position, and holds all it held then."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What an earlier run left in a state folder, to compare with a campaign and a ledger.

    ``campaign`` is a hash of all that the manifest says.
    """

    folder: Path
    ledger: PlacedLedger
    campaign: str

    def summary(self) -> Summary | None:
        """Return account and totals of the results on disk; None where these are not of today."""
        try:
            kept = read_note(self.folder / MADE_FROM)
            if kept["made_from"] != self._made_from() or kept["files"] != _seen(self.folder):
                return None
            summary: Summary = kept["summary"]
            return summary if _is_printable(summary) else None
        except (AttributeError, OSError, ValueError, LookupError, TypeError):
            return None

    def knows_results(self) -> bool:
        """Return whether results.json is the one that this ledger left.

        There is nothing new in it.
        """
        return is_own_results(self.folder, self.ledger.was_at)

    def remember(self, results: Summary) -> None:
        """Write down what the results that were just written are made from.

        Where that cannot be written the next run makes them again, and nothing else happens.
        """
        kept = {
            "made_from": self._made_from(),
            "ledger": self.ledger.position(),
            "files": _seen(self.folder),
            "summary": {"account": results["account"], "totals": results["totals"]},
        }
        self._write(kept)

    def remember_results(self) -> None:
        """Write down that this ledger wrote results.json, while the run that changes it goes on.

        The catalog is still the last run's: the next run makes both.
        """
        files = _seen(self.folder)
        self._write({"made_from": None, "ledger": self.ledger.position(), "files": files})

    def _write(self, kept: Mapping[str, Any]) -> None:
        with suppress(StorageError):
            note = json.dumps(kept) + "\n"
            write_atomic(self.folder / MADE_FROM, note.encode(), durable=False)

    def _made_from(self) -> str:
        return sha256_hex(f"{self.campaign}\n{self.ledger.position()}".encode())


def read_fingerprint(folder: Path, campaign: Campaign, ledger: PlacedLedger) -> Fingerprint:
    """Return which results would be those of this campaign and this ledger as they stand."""
    import hashlib  # as late as in runner.canonical

    said = (__version__, campaign.name, str(campaign.manifest), campaign.prices, campaign.matrices)
    digest = hashlib.sha256(_bytes([*said, campaign.credits]))
    for start in range(0, len(campaign.looks), TOGETHER):
        digest.update(_bytes(campaign.looks[start : start + TOGETHER]))
    return Fingerprint(folder, ledger, digest.hexdigest())


def _bytes(said: Any) -> bytes:
    return _encode(said).encode("utf-8", "surrogatepass")


def is_own_results(folder: Path, was_at: Callable[[str], bool]) -> bool:
    """Return whether results.json is the one that this ledger left: there is nothing new in it.

    Much may have happened in the ledger since. Reading that file to find out takes twice the memory
    of all the rest of a run. ``was_at`` is what the ledger itself answers.
    """
    try:
        kept = read_note(folder / MADE_FROM)
        ours: bool = kept["files"][RESULTS] == _seen(folder)[RESULTS]
        return ours and was_at(kept["ledger"])
    except (OSError, ValueError, LookupError, TypeError, OverflowError):
        return False


def _is_printable(summary: Any) -> bool:
    """Return whether a note holds totals that can be printed: anybody may have written it."""
    totals = summary["totals"]
    counts = [totals["looks"], *totals["states"].values()]
    if not totals["states"].keys() <= _STATES or not all(type(one) is int for one in counts):
        return False
    try:
        format_totals(summary)
    except (AttributeError, ArithmeticError, LookupError, TypeError, ValueError):
        return False
    return True


def _seen(folder: Path) -> dict[str, list[int]]:
    """Return how files and folders look from outside."""
    seen: dict[str, list[int]] = {}
    for name in (*FILES, *FOLDERS):
        with suppress(FileNotFoundError):
            found = (folder / name).stat()
            seen[name] = [found.st_mtime_ns, found.st_ino]
            if name in FILES:
                seen[name].append(found.st_size)
    return seen
