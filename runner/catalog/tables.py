"""The looks as a table, for spreadsheets and asset managers: a row for each look.

CSV is written for people's spreadsheets, JSON Lines for programs; both hold the same rows.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from runner.results.model import LookEntry, Results, TakeEntry

COLUMNS = (
    "campaign",
    "look",
    "title",
    "name",
    "take",
    "picked",
    "state",
    "orphan",
    "kind",
    "prompt",
    "reference",
    "avatar_id",
    "avatar_group_id",
    "image",
    "sha256",
    "width",
    "height",
    "cost_usd",
    "billing",
    "tags",
    "matrix",
    "sent_at",
    "accepted_at",
    "completed_at",
    "error_code",
    "error_message",
    "request_id",
    "likeness_base",
    "likeness_reference",
    "likeness_none",
    "face_differs",
    "review",
    "review_reason",
    "review_by",
    "review_at",
)
"""The columns that every table has; those of the axes follow, named ``axis.AXIS``."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def list_rows(results: Results) -> Iterator[dict[str, Any]]:
    """Return one row for each look that the manifest wants, the base first, as its picked take.

    ``results`` is a results document, version 1. Every row has all ``COLUMNS``, and ``axes``, a
    mapping; ``tags`` is a list. ``prompt`` is what the take was made from where that is known, else
    what the look says.
    """
    for look in results["looks"]:
        yield _row(results["campaign"], look)


def _row(campaign: str, look: LookEntry) -> dict[str, Any]:
    """Describe a look as it stands (it may be blocked, or stale), and its picked take."""
    take: TakeEntry | None = next((take for take in look["takes"] if take["picked"]), None)
    error = look.get("error")
    paid_for = take["request"].get("prompt") if take else None
    likeness = look.get("likeness") or {}
    review: Mapping[str, Any] = look.get("review") or {}
    return {
        "campaign": campaign,
        "look": look["look"],
        "title": look["title"],
        "name": look["name"],
        "take": take["take"] if take else None,
        "picked": take["picked"] if take else False,
        "state": look["state"],
        "orphan": False,
        "kind": look["kind"],
        "prompt": paid_for or look["prompt"],
        "reference": look["reference"],
        "avatar_id": look["avatar_id"],
        "avatar_group_id": look["avatar_group_id"],
        "image": look["image"],
        "sha256": look["sha256"],
        "width": look["width"],
        "height": look["height"],
        "cost_usd": look["cost_usd"],
        "billing": take["billing"] if take else None,
        "tags": look["tags"],
        "matrix": look["matrix"],
        "sent_at": take["sent_at"] if take else None,
        "accepted_at": take["accepted_at"] if take else None,
        "completed_at": take["completed_at"] if take else None,
        "error_code": error["code"] if error else None,
        "error_message": error["message"] if error else None,
        "request_id": take["request_id"] if take else None,
        "likeness_base": likeness.get("base"),
        "likeness_reference": likeness.get("reference"),
        "likeness_none": likeness.get("none"),
        "face_differs": likeness.get("differs"),
        "review": review.get("state", "undecided"),
        "review_reason": review.get("reason"),
        "review_by": review.get("by"),
        "review_at": review.get("at"),
        "axes": dict(look["axes"]),
    }


def to_jsonl(results: Results) -> Iterator[str]:
    """Return the rows as JSON Lines, one object a line, in the order of ``list_rows``."""
    for row in list_rows(results):
        yield _encodable(json.dumps(row, ensure_ascii=False) + "\n")


def to_csv(results: Results) -> Iterator[str]:
    """Return the rows as CSV after RFC 4180, a row at a time.

    A byte order mark comes first, so that Excel reads UTF-8. Text that a spreadsheet would take for
    a formula is led by an apostrophe, which is how people write such text into a spreadsheet
    themselves. Tags are joined by ``; ``.
    """
    # In the order in which the rows have them: the header comes before all.
    axes = list(dict.fromkeys(axis for look in results["looks"] for axis in look["axes"]))
    yield from write_csv(
        [*COLUMNS, *(f"axis.{axis}" for axis in axes)],
        (
            [*(row[column] for column in COLUMNS), *(row["axes"].get(axis) for axis in axes)]
            for row in list_rows(results)
        ),
    )


def write_csv(header: Sequence[str], lines: Iterable[Sequence[object]]) -> Iterator[str]:
    """Return a table as CSV, a line at a time, as spreadsheets read it (``to_csv``)."""
    write = csv.writer(_Line(), lineterminator="\r\n").writerow
    yield "\ufeff"
    for cells in chain([header], lines):
        yield _encodable(write([_cell(cell) for cell in cells]))


class _Line:
    """What a csv writer writes to: it hands each line back, and keeps none."""

    def write(self, line: str) -> str:
        """Return the line; ``writerow`` gives what this gives."""
        return line


def _encodable(text: str) -> str:
    """Replace lone surrogates, which JSON may bring in and no file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return _cell("; ".join(value))
    text = str(value).replace("\0", "")
    if isinstance(value, str) and text.lstrip(" ").startswith(_FORMULA):
        return "'" + text
    return text
