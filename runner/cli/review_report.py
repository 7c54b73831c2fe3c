"""What was decided about the looks of a campaign, as text. Pure."""

from datetime import UTC, datetime

from runner.cli.format import format_table
from runner.quantities import pluralize
from runner.results.model import Results
from runner.words import REVIEW_WORDS


def format_reviews(results: Results, *, width: int | None = None) -> str:
    """Return what was decided of each look's picture, and in a line how much is left."""
    rows = [("look", "take", "review", "by", "when", "reason")]
    for look in results["looks"]:
        shown = next((take for take in look["takes"] if take["picked"]), None)
        if shown is None:
            continue
        review = shown.get("review") or {"state": "undecided"}
        rows.append(
            (
                look["look"],
                f"#{shown['take']}",
                REVIEW_WORDS[review["state"]],
                review.get("by") or "—",
                _day(review.get("at")),
                review.get("reason") or "",
            )
        )
    if len(rows) == 1:
        return "There is nothing to review yet: no look has a picture."
    table = format_table(rows, width=width, drop=(4, 3))
    return f"{table}\n\n{summarize_reviews(results) or 'Nothing was decided yet.'}"


def summarize_reviews(results: Results) -> str | None:
    """Return in a line how much was decided; None where nobody ever decided."""
    counted = results["totals"].get("review")
    if counted is None:
        return None
    parts = [
        f"{counted[state]} {word}"
        for state, word in (("approved", "approved"), ("rejected", "rejected"))
        if counted.get(state)
    ]
    left = counted.get("undecided", 0)
    return ", ".join([*parts, f"{pluralize(left, 'look')} to decide" if left else "all decided"])


def _day(moment: str | None) -> str:
    return f"{datetime.fromisoformat(moment).astimezone(UTC):%Y-%m-%d}" if moment else "—"
