"""Faces of a history: measured as HeyGen's books have them, and what the judge knows of them."""

from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

from runner.face_measures import FaceBox, FaceMeasure
from runner.ledger.reading import read_snapshot

if TYPE_CHECKING:
    from tests.fault.environment import Environment

__all__ = ["HOLD", "Portraits", "find_root", "place_of"]

HOLD = 0.4
"""From this distance on the manifests of histories hold a look."""

SECONDS = 0.3
PLACES = 128
Row = Mapping[str, Any]


def place_of(face: str) -> int:
    """Return the only number of a face's descriptor that is not 0: two faces share it seldom."""
    return sha256(face.encode()).digest()[0] % PLACES


class Portraits:
    """Measures the face that HeyGen drew, where the picture on disk is still the one it sent."""

    def __init__(self, environment: "Environment", folder: Path) -> None:
        self._environment = environment
        self._folder = folder

    async def measure(self, image: str, digest: str) -> FaceMeasure | None:
        """Return where a face lies; None where the picture is gone, painted over, or unknown."""
        await anyio.sleep(SECONDS)
        self._environment.alive()
        path = self._folder / image
        if not path.is_file() or sha256(path.read_bytes()).hexdigest() != digest:
            return None
        judge, file = self._environment.judge, self._folder / "ledger.sqlite"
        takes = read_snapshot(judge.ledger if self._environment.history.shared else file).all_takes
        shown = next((take.avatar_id for take in takes if take.image == image), None)
        look = self._environment.simulator.account.looks.get(shown or "")
        if look is None:
            return None
        numbers = [0.0] * PLACES
        numbers[place_of(look.face)] = 0.7
        return FaceMeasure.of_numbers(digest, numbers, FaceBox(0.25, 0.25, 0.5, 0.5))


def find_root(
    take: Row, picks: Mapping[str, str], find: Callable[[str, object], Row | None]
) -> Row | None:
    """Return the pick that a take's chain of references begins with; None where none is known."""
    seen: set[str] = set()
    at: Row | None = take
    while at is not None and at["uid"] not in seen:
        seen.add(at["uid"])
        key = at["reference_look"]
        if key is None and at["reference_id"] is None:
            return at if at is not take else None
        if key is None:
            before = find("avatar_id", at["reference_id"])
            key = before["look"] if before is not None else None
        at = find("uid", picks.get(key or ""))
    return None
