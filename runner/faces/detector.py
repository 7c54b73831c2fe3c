"""One picture to one measure, with dlib; for a worker process, where the models stay loaded."""

import hashlib
import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from runner.face_measures import FaceBox, FaceMeasure, NoFace
from runner.faces.models import find_models
from runner.image_files import open_image, raise_own

if TYPE_CHECKING:
    from PIL.Image import Image

SIDES = (480, 960)
"""Pixels of the longer side that a picture is reduced to: the second where the first shows none.

``runner.face_measures.MODEL`` names the first: another one is another measure.
"""

MIN_SCORE = -0.3
"""The detector's score from which on something is a face where nothing scores higher.

Its own bound is 0, at which it misses dark faces of little contrast.
"""

MIN_OTHER_SCORE = 0.0
"""The score from which on there is a second face."""

MIN_SHARE = 0.4
"""A second face counts where it is at least so wide, as a share of the widest one."""

MIN_WIDTH = 60
"""Pixels of the picture itself below which a face is too small to be measured."""

NICENESS = 10
"""How far a worker steps back: what buys and downloads goes first."""


class Found(NamedTuple):
    """A face that a detector found; in pixels of the picture that it was given."""

    left: int
    top: int
    width: int
    height: int
    score: float


class _Tools(NamedTuple):
    detector: Any
    landmarks: Any
    descriptor: Any


@cache
def _load() -> _Tools:
    """Load the models, once in a process. Raises ModuleNotFoundError without the extra."""
    import dlib

    models = find_models()
    if models is None:
        raise ModuleNotFoundError("face_recognition_models")
    if os.name == "posix":
        os.nice(NICENESS)
    return _Tools(
        dlib.get_frontal_face_detector(),
        dlib.shape_predictor(str(models.landmarks)),
        dlib.face_recognition_model_v1(str(models.descriptor)),
    )


def measure_file(path: str, sha256: str) -> FaceMeasure | None:
    """Measure the face in a picture; None where the file is not there, or another content.

    Raises ModuleNotFoundError without the extra, and what says nothing of the picture, which is
    measured another time: MemoryError, and the disk's OSError.
    """
    tools = _load()
    try:
        with Path(path).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                return None
    except OSError:
        return None
    for side in SIDES:
        try:
            picture, scale = _open(path, side)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - a damaged file can raise nearly anything
            raise_own(error)
            return FaceMeasure(sha256, none=NoFace.UNREADABLE)
        if min(picture.size) * scale < MIN_WIDTH:
            return FaceMeasure(sha256, none=NoFace.SMALL)
        measure = _measure(tools, picture, sha256, scale)
        if measure.none is not NoFace.NONE or scale <= 1:
            return measure
    return FaceMeasure(sha256, none=NoFace.NONE)


def _open(path: str, side: int) -> tuple["Image", float]:
    """Read a picture, at most ``side`` pixels long, and its own pixels for each of these."""
    from PIL import Image, ImageOps

    with open_image(Path(path), reduce_to=side) as opened:
        longest = max(opened.width, opened.height)
        picture = ImageOps.exif_transpose(opened.image).convert("RGB")
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    return picture, longest / max(picture.size)


def _measure(tools: _Tools, picture: "Image", sha256: str, scale: float) -> FaceMeasure:
    import numpy as np

    pixels = np.asarray(picture)
    areas, scores, _ = tools.detector.run(pixels, 0, MIN_SCORE)
    found = [
        Found(area.left(), area.top(), area.width(), area.height(), score)
        for area, score in zip(areas, scores, strict=True)
    ]
    face = choose_face(found)
    if isinstance(face, NoFace):
        return FaceMeasure(sha256, none=face)
    box = _box(face, picture.size)
    if face.width * scale < MIN_WIDTH:
        return FaceMeasure(sha256, none=NoFace.SMALL, box=box)
    area = areas[found.index(face)]
    numbers = tools.descriptor.compute_face_descriptor(pixels, tools.landmarks(pixels, area))
    return FaceMeasure.of_numbers(sha256, [*numbers], box)


def choose_face(found: Sequence[Found]) -> Found | NoFace:
    """Return the face that a picture is of, or why there is none."""
    sure = [face for face in found if face.score >= MIN_OTHER_SCORE]
    if not sure:
        return max(found, key=lambda face: face.score, default=NoFace.NONE)
    widest = max(sure, key=lambda face: face.width)
    least = MIN_SHARE * widest.width
    rivals = [face for face in sure if face is not widest and face.width >= least]
    return NoFace.SEVERAL if rivals else widest


def _box(face: Found, size: tuple[int, int]) -> FaceBox:
    """Return where a face is, as fractions of a picture, inside of it."""
    width, height = size
    left, top = max(0, face.left), max(0, face.top)
    right, bottom = min(width, face.left + face.width), min(height, face.top + face.height)
    parts = (left / width, top / height, (right - left) / width, (bottom - top) / height)
    return FaceBox(*(round(part, 4) for part in parts))
