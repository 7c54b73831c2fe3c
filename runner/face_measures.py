"""What was measured of the face in a picture: a frozen value, and how a ledger's event spells it.

A descriptor is 128 numbers by which two pictures can be compared. It is kept in the ledger alone:
results, catalog and exports have distances, from which no face can be told.
"""

import binascii
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

MODEL = "dlib-resnet-480"
"""How faces are measured today: the models, and the size that pictures are reduced to.

Measures of another model cannot be compared with these, and count as missing.
"""

FORGOTTEN = "forgotten"
"""The model of a measure that was erased."""

DIMENSIONS = 128
_FORMAT = f"<{DIMENSIONS}e"


class NoFace(StrEnum):
    """Why a picture has no descriptor. An answer, not an error."""

    NONE = "no_face"
    """No face was found: it may be turned away or covered, or drawn unlike any photograph."""
    SEVERAL = "several_faces"
    """More than one face, and none much larger than the others."""
    SMALL = "small_face"
    """The face, or the picture, is too small to be measured."""
    UNREADABLE = "unreadable"
    """The picture cannot be decoded."""


@dataclass(frozen=True, slots=True)
class FaceBox:
    """Where a face is in its picture, as fractions of width and height."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class FaceMeasure:
    """What was measured in one picture, known by its content's SHA-256.

    ``descriptor`` holds the numbers in half precision, and is None where ``none`` says why.
    """

    sha256: str
    descriptor: bytes | None = None
    box: FaceBox | None = None
    none: NoFace | None = None
    model: str = MODEL

    @classmethod
    def of_numbers(cls, sha256: str, numbers: list[float], box: FaceBox) -> "FaceMeasure":
        """Return the measure of a face that a model described by these numbers."""
        return cls(sha256, struct.pack(_FORMAT, *numbers), box)

    def to_facts(self) -> dict[str, Any]:
        """Return the measure as JSON values."""
        facts: dict[str, Any] = {"sha256": self.sha256, "model": self.model}
        if self.none is not None:
            facts["none"] = str(self.none)
        if self.descriptor is not None:
            facts["descriptor"] = binascii.b2a_base64(self.descriptor, newline=False).decode(
                "ascii"
            )
        if self.box is not None:
            box = (self.box.x, self.box.y, self.box.width, self.box.height)
            facts["box"] = [round(part, 4) for part in box]
        return facts

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> "FaceMeasure":
        """Read what ``to_facts`` wrote. Raises ValueError for what is no measure."""
        text, box, none = facts.get("descriptor"), facts.get("box"), facts.get("none")
        try:
            descriptor = None if text is None else binascii.a2b_base64(text, strict_mode=True)
        except (binascii.Error, TypeError) as error:
            raise ValueError("a face's descriptor is not base64") from error
        if descriptor is not None and len(descriptor) != struct.calcsize(_FORMAT):
            raise ValueError("a face's descriptor has another length")
        if (descriptor is None) == (none is None):
            raise ValueError("a face has either a descriptor or the reason why it has none")
        return cls(
            sha256=facts["sha256"],
            descriptor=descriptor,
            box=None if box is None else FaceBox(*map(float, box)),
            none=None if none is None else NoFace(none),
            model=facts["model"],
        )


def forget_face(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what is left of an erased measure: one of another model, which counts no more."""
    return FaceMeasure(facts["sha256"], none=NoFace.NONE, model=FORGOTTEN).to_facts()


def compute_distance(one: FaceMeasure, other: FaceMeasure) -> float | None:
    """Return how far apart two faces are, 0 for the same picture; None where one has no face."""
    if one.descriptor is None or other.descriptor is None or one.model != other.model:
        return None
    apart = math.dist(
        struct.unpack(_FORMAT, one.descriptor), struct.unpack(_FORMAT, other.descriptor)
    )
    return round(apart, 3)
