"""How alike the faces are, as the page shows it: words, crops, and a distribution. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runner.catalog import words
from runner.catalog.model import FaceCrop, FaceView, LookView
from runner.results.model import FaceEntry, LookEntry, TakeEntry

WHY_NONE = {
    "root": "Its chain begins here: the others are compared with it.",
    "no_face": "No face was found in the picture.",
    "several_faces": "There are several faces in the picture.",
    "small_face": "The face is too small to be measured.",
    "unreadable": "The picture could not be read.",
    "outside": "Its reference is a look outside of this campaign.",
    "reference": "No face was found in what it would be compared with.",
    "not_measured": "What it would be compared with was not measured.",
}
"""Every reason of a results document, in words for a reader."""

MARGIN = 0.35
"""What is shown around a face, as a share of its size."""

FARTHEST = 2.0
"""The largest distance that there is."""

BIN = 0.05
"""How wide a bar of the distribution is, as a distance."""


def read_face(
    entry: LookEntry, entries: Sequence[LookEntry], places: Mapping[str, int]
) -> FaceView | None:
    """Return what is known of a look's face; None where nothing was measured."""
    likeness = entry.get("likeness")
    if likeness is None:
        return None
    base, reference = likeness.get("base"), likeness.get("reference")
    root = _root(entry, entries, places)
    beside = [("This look", entry), ("The base of its chain" if root else "", root)]
    direct = places.get(entry["reference"] or "")
    if direct is not None and entries[direct] is not root:
        beside.append(("Its reference", entries[direct]))
    crops = [crop for label, one in beside if one is not None and (crop := _crop(label, one))]
    return FaceView(
        base=base,
        reference=reference,
        warn=likeness.get("warn"),
        hold=likeness.get("hold"),
        differs=likeness.get("differs", False),
        held=likeness.get("held", False),
        accepted=likeness.get("accepted", False),
        none=WHY_NONE.get(likeness.get("none", "")),
        crops=tuple(crops) if len(crops) > 1 else (),
    )


def _root(
    entry: LookEntry, entries: Sequence[LookEntry], places: Mapping[str, int]
) -> LookEntry | None:
    """Return the look that a chain of references begins with; None for such a look itself."""
    seen: set[int] = set()
    found = entry
    while found["reference"]:
        place = places.get(found["reference"])
        if place is None or place in seen:
            return None
        seen.add(place)
        found = entries[place]
    return found if found is not entry else None


def _shown(entry: LookEntry) -> TakeEntry | None:
    return next((take for take in entry["takes"] if take["image"] == entry["image"]), None)


def _crop(label: str, entry: LookEntry) -> FaceCrop | None:
    """Return the part of a look's picture that its face is in, with a margin."""
    take, image = _shown(entry), entry["image"]
    if take is None or image is None or "face" not in take:
        return None
    key = words.strip_controls(entry["look"])
    return FaceCrop(label, key, image, *crop_face(take["face"]))


def crop_face(face: FaceEntry) -> tuple[float, float, float, float]:
    """Return left, top, width and height of what is shown of a face, as fractions."""
    wide, high = face["width"] * (1 + 2 * MARGIN), face["height"] * (1 + 2 * MARGIN)
    left, top = face["x"] - face["width"] * MARGIN, face["y"] - face["height"] * MARGIN
    return left, top, wide, high


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: distances from ``start`` on; ``share`` of the highest bar, ``beyond`` the limit."""

    start: float
    count: int
    share: float
    beyond: bool


@dataclass(frozen=True, slots=True)
class FaceChart:
    """The distances to the base of a campaign, and what they amount to."""

    bars: tuple[Bar, ...]
    warn: float
    compared: int
    differs: int
    held: int
    without: int


def _bin(distance: float) -> int:
    """Return the number of the bar of a distance; distances have three decimals."""
    return round(distance * 1000) // round(BIN * 1000)


def build_face_chart(looks: Sequence[LookView]) -> FaceChart | None:
    """Return the distribution of the distances to the base; None where there are none."""
    faces = [look.face for look in looks if look.face is not None and not look.orphan]
    found = [
        (min(face.base, FARTHEST), face.warn or 0.0) for face in faces if face.base is not None
    ]
    if not found:
        return None
    warn = min(max(limit for _, limit in found), FARTHEST)
    last = max(*(distance for distance, _ in found), warn)
    counts = [0] * (_bin(last) + 1)
    for distance, _ in found:
        counts[_bin(distance)] += 1
    highest = max(counts)
    bars = (
        Bar(round(number * BIN, 2), count, count / highest, beyond=number * BIN >= warn)
        for number, count in enumerate(counts)
    )
    return FaceChart(
        bars=tuple(bars),
        warn=warn,
        compared=len(found),
        differs=sum(face.differs and not face.accepted for face in faces),
        held=sum(face.held for face in faces),
        without=sum(face.none is not None and face.none != WHY_NONE["root"] for face in faces),
    )
