"""The looks as a table, for spreadsheets and asset managers: a row for each look, or each take.

CSV is written for people's spreadsheets, JSON Lines for programs; both hold the same rows.
"""

import csv
import json
from collections.abc import Iterator, Mapping
from itertools import chain
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
)
"""The columns that every table has; those of the axes follow, named ``axis.AXIS``."""

_DESCRIBED = (
    "state",
    "name",
    "avatar_id",
    "avatar_group_id",
    "image",
    "sha256",
    "width",
    "height",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def rows(results: Mapping[str, Any], *, every_take: bool = False) -> Iterator[dict[str, Any]]:
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


def _picked(look: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return next((take for take in look["takes"] if take["picked"]), None)


def _row(
    campaign: str,
    look: Mapping[str, Any],
    take: Mapping[str, Any] | None,
    *,
    whole: bool = False,
    orphan: bool = False,
) -> dict[str, Any]:
    """Describe a take; with ``whole`` the look as it stands (it may be blocked, or stale)."""
    own: Mapping[str, Any] = take or {}
    described = look if whole or take is None else own
    error = described.get("error") or {}
    values = {
        "campaign": campaign,
        "orphan": orphan,
        "take": own.get("take"),
        "picked": own.get("picked", False),
        "prompt": own.get("request", {}).get("prompt") or look["prompt"],
        "cost_usd": look["cost_usd"] if whole else own.get("price_usd"),
        "error_code": error.get("code"),
        "error_message": error.get("message"),
    }
    for column in ("look", "title", "kind", "reference", "tags", "matrix"):
        values[column] = look[column]
    for column in _DESCRIBED:
        values[column] = described[column]
    for column in ("billing", "sent_at", "accepted_at", "completed_at", "request_id"):
        values[column] = own.get(column)
    return {**{column: values[column] for column in COLUMNS}, "axes": dict(look["axes"])}


def to_jsonl(results: Mapping[str, Any], *, every_take: bool = False) -> Iterator[str]:
    """Return the rows as JSON Lines, one object a line, in the order of ``rows``."""
    for row in rows(results, every_take=every_take):
        yield _encodable(json.dumps(row, ensure_ascii=False) + "\n")


def to_csv(results: Mapping[str, Any], *, every_take: bool = False) -> Iterator[str]:
    """Return the rows as CSV after RFC 4180, a row at a time.

    A byte order mark comes first, so that Excel reads UTF-8. Text that a spreadsheet would take for
    a formula is led by an apostrophe, which is how people write such text into a spreadsheet
    themselves. Tags are joined by ``; ``.
    """
    axes = _axes(results, every_take=every_take)
    line = csv.writer(_Line(), lineterminator="\r\n").writerow
    yield "\ufeff"
    yield _encodable(line([*COLUMNS, *(_cell(f"axis.{axis}") for axis in axes)]))
    for row in rows(results, every_take=every_take):
        cells = [_cell(row[column]) for column in COLUMNS]
        yield _encodable(line([*cells, *(_cell(row["axes"].get(axis)) for axis in axes)]))


def _axes(results: Mapping[str, Any], *, every_take: bool) -> list[str]:
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
