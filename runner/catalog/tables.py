"""The looks as a table: one row for each take, for spreadsheets and asset managers.

A look without a take has one row, so that nothing the manifest wants is missing. ``csv`` is written
for people's spreadsheets, ``jsonl`` for programs.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["COLUMNS", "rows", "to_csv", "to_jsonl"]

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
    "price_usd",
    "billing",
    "tags",
    "matrix",
    "sent_at",
    "accepted_at",
    "completed_at",
    "error_code",
    "error_message",
    "request_id",
)
"""The columns that every table has; those of the axes follow, named ``axis.AXIS``."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def rows(results: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Give one row for each take of a results document, version 1, the base first.

    Every row has all ``COLUMNS``; ``tags`` is a list, ``axes`` a mapping. ``state`` is the take's
    own, save that a look without any take has one row with the look's state and no ``take``.
    ``prompt`` is what the take was made from, where it is known; otherwise what the look says.
    """
    for orphan, looks in ((False, results["looks"]), (True, results["orphans"])):
        for look in looks:
            for take in look["takes"] or (None,):
                yield _row(results["campaign"], look, take, orphan=orphan)


def _row(
    campaign: str, look: Mapping[str, Any], take: Mapping[str, Any] | None, *, orphan: bool
) -> dict[str, Any]:
    own: Mapping[str, Any] = take or {}
    error = own.get("error") or (look.get("error") if take is None else None) or {}
    described = own if take is not None else look
    values = {
        "campaign": campaign,
        "orphan": orphan,
        "take": own.get("take"),
        "picked": own.get("picked", False),
        "state": described["state"],
        "prompt": own.get("request", {}).get("prompt") or look["prompt"],
        "error_code": error.get("code"),
        "error_message": error.get("message"),
    }
    for column in ("look", "title", "kind", "reference", "tags", "matrix"):
        values[column] = look[column]
    for column in ("name", "avatar_id", "avatar_group_id", "image", "sha256", "width", "height"):
        values[column] = described[column]
    for column in ("price_usd", "billing", "sent_at", "accepted_at", "completed_at", "request_id"):
        values[column] = own.get(column)
    return {**{column: values[column] for column in COLUMNS}, "axes": dict(look["axes"])}


def to_jsonl(results: Mapping[str, Any]) -> str:
    """Give the rows as JSON Lines: one object on each line, in the order of ``rows``."""
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows(results))
    return _encodable(lines)


def to_csv(results: Mapping[str, Any]) -> str:
    """Give the rows as CSV after RFC 4180, with a byte order mark so that Excel reads UTF-8.

    Text that a spreadsheet would take for a formula is led by an apostrophe, which is how people
    write such text into a spreadsheet themselves. Tags are joined by ``; ``.
    """
    table = list(rows(results))
    axes = list(dict.fromkeys(axis for row in table for axis in row["axes"]))
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([*COLUMNS, *(_cell(f"axis.{axis}") for axis in axes)])
    for row in table:
        cells = [_cell(row[column]) for column in COLUMNS]
        writer.writerow([*cells, *(_cell(row["axes"].get(axis)) for axis in axes)])
    return _encodable(out.getvalue())


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
