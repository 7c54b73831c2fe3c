"""What was paid, as the review page shows it: the rows of ``lookbook money`` and sums. Pure."""

from dataclasses import asdict
from typing import Any

from runner.catalog.money import MoneyRow, sum_up
from runner.model import Campaign
from runner.results.model import Results


def describe_charges(results: Results, campaign: Campaign) -> dict[str, Any]:
    """Return every charge, newest first, and sums by month, axis and reason."""
    axes = dict.fromkeys(axis for matrix in campaign.matrices for axis, _ in matrix.axes)
    view = sum_up(results, axes)
    if view is None:
        return {"total": None, "count": 0, "rows": [], "sums": []}
    return {
        "total": view.total,
        "count": view.count,
        "rows": [_describe_row(row) for row in view.rows],
        "sums": [[heading, [asdict(one) for one in found]] for heading, found in view.sums],
    }


def _describe_row(row: MoneyRow) -> dict[str, Any]:
    return {
        "day": row.day,
        "look": row.label.rpartition("#")[0],
        "take": row.label,
        "reason": row.reason,
        "usd": row.amount,
        "billing": row.billing,
    }
