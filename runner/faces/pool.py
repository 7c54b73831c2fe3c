"""Worker processes that measure faces: off the event loop, few, and each with its models loaded."""

import logging
import os
from pathlib import Path

import anyio
import anyio.to_process
from anyio import BrokenWorkerProcess, CapacityLimiter

from runner.face_measures import FaceMeasure
from runner.faces.detector import measure_file

log = logging.getLogger("runner.faces")

SECONDS_PER_PICTURE = 0.2
"""What a picture takes on one core; for telling beforehand how long it takes."""

MAX_WORKERS = 8
"""More would only take more memory, about 110 MB each."""


def count_workers() -> int:
    """Return how many processes measure where nothing else is to be done: one for each core."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(MAX_WORKERS, cores or 1))


class FacePool:
    """Measures pictures of one state folder, ``at_once`` processes at a time.

    The processes end with the event loop.
    """

    def __init__(self, folder: Path, *, at_once: int = 1) -> None:
        self._folder = folder
        self._limiter = CapacityLimiter(at_once)

    async def measure(self, image: str, sha256: str) -> FaceMeasure | None:
        """Measure a picture; None where its file is gone or changed, or a worker broke."""
        path = str(self._folder / image)
        try:
            return await anyio.to_process.run_sync(
                measure_file, path, sha256, cancellable=True, limiter=self._limiter
            )
        except (BrokenWorkerProcess, ImportError, MemoryError, OSError, RuntimeError) as error:
            log.warning("a face could not be measured: %s", str(error) or type(error).__name__)
            return None
