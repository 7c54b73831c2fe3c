"""A client's answers: read as a hostile file, matched with takes, merged with what is known. Pure.

An answer counts for the picture that the client saw: its reference is a hash of campaign, look,
take and content (``runner.answers``), and only a take that has exactly these is meant.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runner.answers import compute_ref
from runner.errors import UsageError, shorten
from runner.resources import WrongForm, check_document
from runner.results.times import parse_any_time
from runner.reviews import MAX_BY, Review, ReviewState, clean_words
from runner.takes import Snapshot, Take

_EARLIEST = 1.0
"""Unix seconds; a clock that was never set still decides later than nobody."""

_MAX_TITLE = 80
"""Characters of a foreign picture's title that are repeated."""


@dataclass(frozen=True, slots=True)
class ClientAnswer:
    """What a client said about one take's picture."""

    take: Take
    review: Review

    @property
    def decides(self) -> bool:
        """Return whether it is more than a remark."""
        return self.review.state is not ReviewState.UNDECIDED


@dataclass(frozen=True, slots=True)
class ClientAnswers:
    """The answers of one file. ``by`` gave them; ``unknown`` are titles of other pictures."""

    by: str | None
    known: tuple[ClientAnswer, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MergedAnswer:
    """An answer beside what was decided ``before`` about the same take, and which ``counts``.

    ``conflict``: two people decided differently.
    """

    answer: ClientAnswer
    before: Review
    counts: Review
    conflict: bool

    @property
    def is_known(self) -> bool:
        """Return whether the ledger has just this already."""
        return drop_time(self.answer.review) == drop_time(self.before)


def read_answers(
    document: Any,
    campaign: str,
    snapshot: Snapshot,
    *,
    source: str,
    now: float,
    by: str | None = None,
) -> ClientAnswers:
    """Return the answers of a file, each with the take that it is about.

    ``by`` names who gave them, whatever the file says. A time in the future becomes ``now``: a
    wrong clock must not win over everything that is decided later. Raises UsageError for what
    is no such file, is about another campaign, or about no picture of this one.
    """
    _check_form(document, source)
    if document["campaign"] != campaign:
        raise UsageError(
            f"{source} is about the campaign {shorten(document['campaign'])}, not {campaign}.",
            hint="Name the manifest that the client's copy was made from.",
        )
    takes = {
        compute_ref(campaign, take.look, take.number, take.sha256): take
        for take in snapshot.all_takes
        if take.usable
    }
    entries: dict[str, Mapping[str, Any]] = {entry["ref"]: entry for entry in document["answers"]}
    if len(entries) < len(document["answers"]):
        raise UsageError(f"{source} answers twice for one picture.", hint="Ask for a new file.")
    by = by or document.get("by")
    known, unknown = [], []
    for ref, entry in entries.items():
        take = takes.get(ref)
        if take is None or entry.get("sha256", take.sha256) != take.sha256:
            unknown.append(clean_words(entry["title"], _MAX_TITLE) or "?")
        else:
            known.append(ClientAnswer(take, _read_review(entry, by, now, source)))
    if unknown and not known:
        raise UsageError(
            f"{source} is about no picture of this ledger.",
            hint="They were replaced, or made on another account (--account, --simulate).",
        )
    return ClientAnswers(clean_words(by, MAX_BY), tuple(known), tuple(unknown))


def merge_answers(answers: Sequence[ClientAnswer], snapshot: Snapshot) -> list[MergedAnswer]:
    """Set each answer beside what is known; of two decisions the later counts.

    A remark alone overturns no decision.
    """
    merged = []
    for answer in answers:
        before = snapshot.review(answer.take)
        decided = before.state is not ReviewState.UNDECIDED
        theirs = answer.review.is_later_than(before) and (answer.decides or not decided)
        differ = decided and answer.decides and answer.review.state is not before.state
        merged.append(MergedAnswer(answer, before, answer.review if theirs else before, differ))
    return merged


def drop_time(review: Review) -> tuple[str, str | None, str | None]:
    """Return what somebody said, whenever it was."""
    return review.state, review.reason, review.by


def _read_review(entry: Mapping[str, Any], by: str | None, now: float, source: str) -> Review:
    try:
        at = min(max(parse_any_time(entry["at"]) or 0.0, _EARLIEST), now)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{source} names a time that is none: {shorten(entry['at'])}.") from error
    return Review.of_words(ReviewState(entry["state"]), reason=entry.get("remark"), by=by, at=at)


def _check_form(document: Any, source: str) -> None:
    """Raise UsageError for what is not of the published form."""
    try:
        check_document(document, "answers")
    except WrongForm as error:
        raise UsageError(
            f"{source} holds no answers that can be read: {error}.",
            hint="A client's copy saves such a file under `Send back`; ask for it again.",
        ) from None
