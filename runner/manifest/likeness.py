"""``likeness:`` as the campaign has it."""

from typing import Any

from runner.model import DEFAULT_THRESHOLD, LikenessRule, PictureKind, Threshold


def read_likeness(value: Any) -> LikenessRule | None:
    """Return what a document that fits the schema says of likeness; None where it says nothing."""
    if value is None:
        return None
    if value == DEFAULT_THRESHOLD:
        return LikenessRule(DEFAULT_THRESHOLD, DEFAULT_THRESHOLD)
    pictures, retry = value.get("pictures"), value.get("retry", False)
    hold = value.get("hold", DEFAULT_THRESHOLD if retry else None)
    return LikenessRule(
        _threshold(value.get("warn")),
        _threshold(hold),
        PictureKind(pictures) if pictures is not None else None,
        retry=retry,
    )


def _threshold(value: Any) -> Threshold | None:
    return value if value is None or value == DEFAULT_THRESHOLD else float(value)
