"""The looks as a table, for spreadsheets and asset managers: a row for each look, or each take.

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


def rows(results: Results, *, every_take: bool = False) -> Iterator[dict[str, Any]]:
    """Return one row for each look that the manifest wants, the base first, as its picked take.

    With ``every_take`` one for each take, those of orphaned looks included; a look without any take
    still has its row. ``results`` is a results document, version 1. Every row has all ``COLUMNS``,
    and ``axes``, a mapping; ``tags`` is a list. ``prompt`` is what the take was made from where
    that is known, else what the look says.
    """
    for look in results["looks"]:
        takes = look["takes"] if every_take else [_picked(look)]
        for take in takes or [None]:
            yield _row(results["campaign"], look, take, whole=not every_take)
    if every_take:
        for look in results["orphans"]:
            for take in look["takes"]:
                yield _row(results["campaign"], look, take, orphan=True)


def _picked(look: LookEntry) -> TakeEntry | None:
    return next((take for take in look["takes"] if take["picked"]), None)


def _row(
    campaign: str,
    look: LookEntry,
    take: TakeEntry | None,
    *,
    whole: bool = False,
    orphan: bool = False,
) -> dict[str, Any]:
    """Describe a take; with ``whole`` the look as it stands (it may be blocked, or stale)."""
    described = look if whole or take is None else take
    error = described.get("error")
    paid_for = take["request"].get("prompt") if take else None
    price = take["price_usd"] if take else None
    likeness = described.get("likeness") or {}
    review: Mapping[str, Any] = described.get("review") or {}
    return {
        "campaign": campaign,
        "look": look["look"],
        "title": look["title"],
        "name": described["name"],
        "take": take["take"] if take else None,
        "picked": take["picked"] if take else False,
        "state": described["state"],
        "orphan": orphan,
        "kind": look["kind"],
        "prompt": paid_for or look["prompt"],
        "reference": look["reference"],
        "avatar_id": described["avatar_id"],
        "avatar_group_id": described["avatar_group_id"],
        "image": described["image"],
        "sha256": described["sha256"],
        "width": described["width"],
        "height": described["height"],
        "cost_usd": look["cost_usd"] if whole else price,
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


def to_jsonl(results: Results, *, every_take: bool = False) -> Iterator[str]:
    """Return the rows as JSON Lines, one object a line, in the order of ``rows``."""
    for row in rows(results, every_take=every_take):
        yield _encodable(json.dumps(row, ensure_ascii=False) + "\n")


def to_csv(results: Results, *, every_take: bool = False) -> Iterator[str]:
    """Return the rows as CSV after RFC 4180, a row at a time.

    A byte order mark comes first, so that Excel reads UTF-8. Text that a spreadsheet would take for
    a formula is led by an apostrophe, which is how people write such text into a spreadsheet
    themselves. Tags are joined by ``; ``.
    """
    axes = _axes(results, every_take=every_take)
    yield from write_csv(
        [*COLUMNS, *(f"axis.{axis}" for axis in axes)],
        (
            [*(row[column] for column in COLUMNS), *(row["axes"].get(axis) for axis in axes)]
            for row in rows(results, every_take=every_take)
        ),
    )


def write_csv(header: Sequence[str], lines: Iterable[Sequence[object]]) -> Iterator[str]:
    """Return a table as CSV, a line at a time, as spreadsheets read it (``to_csv``)."""
    write = csv.writer(_Line(), lineterminator="\r\n").writerow
    yield "\ufeff"
    for cells in chain([header], lines):
        yield _encodable(write([_cell(cell) for cell in cells]))


def _axes(results: Results, *, every_take: bool) -> list[str]:
    """Return every axis, in the order in which the rows have them: the header comes before all."""
    looks = chain(results["looks"], results["orphans"] if every_take else ())
    return list(dict.fromkeys(axis for look in looks for axis in look["axes"]))


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
