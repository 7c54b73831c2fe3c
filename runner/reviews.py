"""What people decide about takes: approved, rejected or undecided, by whom, when, and why.

A decision belongs to one take. Where two are known of it, the later one counts, wherever it was
made: a ledger, a colleague's file and a client's answers agree whatever order they are read in.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

MAX_REASON = 1_000
"""Characters of a reason, or of a remark."""

MAX_BY = 100
"""Characters of the name of who decided."""


class ReviewState(StrEnum):
    """What a person decided about a take."""

    APPROVED = "approved"
    REJECTED = "rejected"
    UNDECIDED = "undecided"
    """Nobody decided, or a decision was taken back."""


@dataclass(frozen=True, slots=True)
class Review:
    """One decision about one take.

    ``reason`` is in the words of who decided, ``by`` the name that they gave, ``at`` when it was,
    in Unix seconds; 0 where nobody ever decided.
    """

    state: ReviewState = ReviewState.UNDECIDED
    reason: str | None = None
    by: str | None = None
    at: float = 0.0

    def is_later_than(self, other: "Review") -> bool:
        """Return whether this decision counts beside another one about the same take.

        Of two at the same time one is always the later, so that files agree everywhere.
        """
        return self.order > other.order

    @property
    def order(self) -> tuple[float, str, str, str]:
        """What decides which of two reviews of one take counts."""
        return self.at, self.state, self.reason or "", self.by or ""

    def to_facts(self) -> dict[str, Any]:
        """Return the decision as JSON values; what was not said is left out."""
        facts: dict[str, Any] = {"state": str(self.state), "at": self.at}
        if self.reason is not None:
            facts["reason"] = self.reason
        if self.by is not None:
            facts["by"] = self.by
        return facts

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> "Review":
        """Read what ``to_facts`` wrote. Raises ValueError for what is no decision."""
        at = float(facts["at"])
        return cls(ReviewState(facts["state"]), facts.get("reason"), facts.get("by"), at)

    @classmethod
    def of_words(
        cls, state: ReviewState, *, reason: str | None = None, by: str | None = None, at: float
    ) -> "Review":
        """Return a decision as somebody typed it, with words that fit on a line."""
        words = clean_words(reason, MAX_REASON)
        return cls(state, words, clean_words(by, MAX_BY), round(at, 3))

    def follow(self, earlier: "Review") -> "Review":
        """Return this decision as one that counts beside an earlier one, whatever clocks say."""
        return replace(self, at=max(self.at, round(earlier.at + 0.001, 3)))


NOT_REVIEWED = Review()
"""What is known of a take about which nobody decided."""


def clean_words(text: str | None, most: int) -> str | None:
    """Return words of a person on one line, without control characters; None where none are left.

    They are shown on terminals and pages, and kept in files that are compared line by line.
    """
    if text is None:
        return None
    shown = (" " if unicodedata.category(char) in ("Cc", "Zl", "Zp") else char for char in text)
    return " ".join("".join(shown).split())[:most].rstrip() or None
