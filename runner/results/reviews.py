"""Decisions in files: ``review.json``, and what a results document tells of reviews. Pure.

``review.json`` is sorted and has a line for each fact, so that version control shows who decided
what and merges what two people decided. Its form is ``schemas/review.schema.json``. It outlives a
ledger: decisions are found again by the look's id, or by the picture's content.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runner.errors import UsageError, shorten
from runner.resources import WrongForm, check_document
from runner.results.model import Results, ReviewEntry
from runner.results.times import format_time, parse_time
from runner.reviews import NOT_REVIEWED, Review, ReviewState
from runner.takes import Snapshot, Take

VERSION = 1


@dataclass(frozen=True, slots=True)
class NamedReview:
    """A decision with what names its take outside of a ledger."""

    look: str
    take: int
    avatar_id: str | None
    sha256: str | None
    review: Review

    @property
    def label(self) -> str:
        """``LOOK#NUMBER``, as people write it."""
        return f"{self.look}#{self.take}"


def describe_review(review: Review) -> ReviewEntry:
    """Return a decision as documents have it."""
    entry: ReviewEntry = {"state": str(review.state)}
    if review.reason is not None:
        entry["reason"] = review.reason
    if review.by is not None:
        entry["by"] = review.by
    if (at := format_time(review.at or None)) is not None:
        entry["at"] = at
    return entry


def read_review_entry(entry: ReviewEntry) -> Review:
    """Read what ``describe_review`` wrote. Raises ValueError."""
    at = parse_time(entry.get("at")) or 0.0
    state = ReviewState(entry["state"])
    return Review.of_words(state, reason=entry.get("reason"), by=entry.get("by"), at=at)


def name_reviews(takes: Iterable[Take], reviews: Mapping[str, Review]) -> list[NamedReview]:
    """Return what was decided about takes, by uid, named as it is outside of their ledger."""
    return [
        NamedReview(take.look, take.number, take.avatar_id, take.sha256, reviews[take.uid])
        for take in takes
        if take.uid in reviews
    ]


def list_reviews(results: Results) -> Iterator[NamedReview]:
    """Return every decision that a results document tells of."""
    for look in (*results["looks"], *results["orphans"]):
        for take in look["takes"]:
            review = read_review_entry(take["review"]) if "review" in take else NOT_REVIEWED
            if review.at:
                named = take["avatar_id"], take["sha256"]
                yield NamedReview(look["look"], int(take["take"]), *named, review)


def review_document(
    campaign: str, account: str | None, reviews: Iterable[NamedReview]
) -> dict[str, Any]:
    """Return ``review.json``: every decision, sorted by look and take."""
    return {
        "version": VERSION,
        "campaign": campaign,
        "account": account,
        "reviews": [
            {"look": one.look, "take": one.take}
            | ({"avatar_id": one.avatar_id} if one.avatar_id is not None else {})
            | ({"sha256": one.sha256} if one.sha256 is not None else {})
            | describe_review(one.review)
            for one in sorted(reviews, key=lambda one: (one.look, one.take, one.avatar_id or ""))
        ],
    }


def read_reviews(document: Any, *, source: str) -> list[NamedReview]:
    """Return the decisions of a ``review.json``. Raises UsageError for another document."""
    try:
        check_document(document, "review")
        return [
            NamedReview(
                entry["look"],
                int(entry["take"]),
                entry.get("avatar_id"),
                entry.get("sha256"),
                read_review_entry(entry),
            )
            for entry in document["reviews"]
        ]
    except WrongForm as error:
        problem = str(error)
    except (ValueError, RecursionError) as error:
        problem = shorten(str(error))
    raise UsageError(
        f"{source} holds no reviews that can be read: {problem}.",
        hint="Mend it, or take it out of the folder: the ledger and results.json have what was "
        "decided here.",
    )


def merge_reviews(ours: Iterable[NamedReview], theirs: Iterable[NamedReview]) -> list[NamedReview]:
    """Return the decisions of two files, of each take the later one.

    What is about takes that only one of them knows is kept.
    """
    merged: dict[tuple[str, ...], NamedReview] = {}
    for one in (*theirs, *ours):
        key = (one.avatar_id,) if one.avatar_id else (one.sha256 or "", one.label)
        known = merged.get(key)
        if known is None or not known.review.is_later_than(one.review):
            merged[key] = one
    return [*merged.values()]


class TakeFinder:
    """Finds the takes of a ledger by what names them outside of it."""

    def __init__(self, snapshot: Snapshot) -> None:
        takes = snapshot.all_takes
        self._by_id = {take.avatar_id: take for take in takes if take.avatar_id is not None}
        self._by_picture = {take.sha256: take for take in takes if take.sha256 is not None}
        self._by_label = {take.label: take for take in takes}

    def find(self, label: str, avatar_id: str | None, sha256: str | None) -> Take | None:
        """Return a take by its id, else by its picture; by its label alone where it has neither."""
        found = self._by_id.get(avatar_id or "") or self._by_picture.get(sha256 or "")
        unnamed = avatar_id is None and sha256 is None
        return self._by_label.get(label) if found is None and unnamed else found


def find_later_reviews(
    named: Sequence[NamedReview], snapshot: Snapshot
) -> list[tuple[Take, Review]]:
    """Return the decisions that count beside those of a ledger, with the takes they are about."""
    if not named:
        return []
    finder = TakeFinder(snapshot)
    found: dict[str, tuple[Take, Review]] = {}
    for one in named:
        take = finder.find(one.label, one.avatar_id, one.sha256)
        if take is None:
            continue
        current = found[take.uid][1] if take.uid in found else snapshot.review(take)
        if one.review.is_later_than(current):
            found[take.uid] = (take, one.review)
    return [*found.values()]
