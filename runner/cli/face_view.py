"""What the review page shows of the face in a take's picture, as JSON values. Pure."""

from typing import Any

from runner.catalog.faces import WHY_NONE, crop_face
from runner.results.model import TakeEntry


def describe_face(entry: TakeEntry) -> dict[str, Any] | None:
    """Return how far a take's face is from others, and where it is; None where nothing is known.

    ``crop`` is left, top, width and height as fractions of the picture, ``shape`` the crop's width
    divided by its height.
    """
    likeness = entry.get("likeness")
    if likeness is None:
        return None
    accepted = likeness.get("accepted", False)
    face: dict[str, Any] = {
        "base": likeness.get("base"),
        "reference": likeness.get("reference"),
        "warn": likeness.get("warn"),
        "hold": likeness.get("hold"),
        "differs": likeness.get("differs", False) and not accepted,
        "held": likeness.get("held", False),
        "none": WHY_NONE.get(likeness.get("none", "")),
    }
    if "face" in entry and entry["width"] and entry["height"]:
        left, top, wide, high = crop_face(entry["face"])
        face["crop"] = [left, top, wide, high]
        face["shape"] = wide * entry["width"] / (high * entry["height"])
    return face
