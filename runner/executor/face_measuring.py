"""Faces: measured when a picture is there, beside the run and never in its way."""

from collections import deque
from collections.abc import Iterable

import anyio
from anyio.abc import TaskGroup

from runner.executor.context import RunContext
from runner.face_measures import MODEL, FaceMeasure, NoFace
from runner.takes import Take

MAX_TAIL = 2.0
"""Seconds that a run waits at its end for the last pictures; `lookbook faces` measures the rest."""

MIN_PICTURE = 60
"""Pixels of the shorter side below which a picture is not even looked at."""


class FaceMeasuring:
    """Measures the pictures of a run as they come, each content once."""

    def __init__(self, context: RunContext, *, at_once: int = 1) -> None:
        self._context = context
        self._most_hands = at_once
        self._hands = 0
        self._waiting: deque[Take] = deque()
        self._idle = anyio.Event()

    def soon(self, take: Take, tasks: TaskGroup) -> None:
        """Measure one take's picture in ``tasks`` when its turn comes."""
        if self._context.faces is None or take.image is None:
            return
        self._waiting.append(take)
        if self._hands < self._most_hands:
            self._hands += 1
            tasks.start_soon(self._work)

    async def finish(self) -> None:
        """Wait until everything is measured, but not long: the run is done but for this."""
        with anyio.move_on_after(MAX_TAIL):
            while self._hands:
                await self._idle.wait()

    async def _work(self) -> None:
        try:
            while self._waiting:
                await self.measure(self._waiting.popleft())
        finally:
            self._hands -= 1
            self._idle.set()
            self._idle = anyio.Event()

    async def measure(self, take: Take) -> FaceMeasure | None:
        """Measure one take's picture now, unless its content was measured already."""
        context = self._context
        if take.image is None or take.sha256 is None:
            return None
        known = context.ledger.face(take.sha256)
        if known is not None and known.model == MODEL:
            return known
        if min(take.width or MIN_PICTURE, take.height or MIN_PICTURE) < MIN_PICTURE:
            found: FaceMeasure | None = FaceMeasure(take.sha256, none=NoFace.SMALL)
        elif context.faces is None:
            return None
        else:
            found = await context.faces.measure(take.image, take.sha256)
        if found is not None:
            with anyio.CancelScope(shield=True):
                await context.ledger.note_face(found)
        return found


def find_unmeasured(takes: Iterable[Take], measured: Iterable[FaceMeasure]) -> list[Take]:
    """Return the takes whose pictures are on disk and were not measured, each content once."""
    known = {measure.sha256 for measure in measured if measure.model == MODEL}
    missing: dict[str, Take] = {}
    for take in takes:
        if take.image is not None and take.sha256 is not None and take.sha256 not in known:
            missing.setdefault(take.sha256, take)
    return list(missing.values())
