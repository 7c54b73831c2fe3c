"""What a ledger remembers of people's reviews, and how files of them agree."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from runner.errors import UsageError
from runner.ledger.ledger import LedgerFile
from runner.ledger.reading import read_events
from runner.policy.lifecycle import Event
from runner.results.reviews import (
    NamedReview,
    find_later_reviews,
    merge_reviews,
    name_reviews,
    read_reviews,
    review_document,
)
from runner.reviews import MAX_REASON, NOT_REVIEWED, Review, ReviewState
from runner.takes import Snapshot
from tests.executor.harness import campaign, look
from tests.ledger.names import Ticking, intent
from tests.plan.made import held, take

SPRING = campaign(look("navy"))
APPROVED = Review(ReviewState.APPROVED, by="Ada", at=10.5)
REJECTED = Review(ReviewState.REJECTED, "hands look odd", "Jo", 11.125)


async def test_reviews_are_events_that_a_ledger_folds_and_each_is_written_once(
    ledger: LedgerFile, path: Path, ticking: Ticking
) -> None:
    made = await ledger.intend(intent("a"))
    await ledger.record(made.uid, Event.ACCEPTED, {"avatar_id": "id-a"})
    before, known = ledger.position(), ledger.snapshot()
    assert known.review(made) is NOT_REVIEWED
    await ledger.record_reviews([(made.uid, APPROVED)])
    assert ledger.position() != before  # results and catalog are made anew
    await ledger.record_reviews([(made.uid, REJECTED)])
    events = len([*ledger.store.history.events()])
    await ledger.record_reviews([(made.uid, REJECTED)])
    assert len([*ledger.store.history.events()]) == events
    assert ledger.snapshot().review(made) == REJECTED
    ledger.close()
    again = LedgerFile(path, now=ticking.now, entropy=ticking, inline=True)
    assert dict(again.snapshot().reviews) == {made.uid: REJECTED}
    again.close()
    told = [entry.facts["state"] for entry in read_events(path, "a") if entry.kind == "reviewed"]
    assert told == ["approved", "rejected"]


def snapshot(**reviews: Review) -> Snapshot:
    return replace(held(take(SPRING, "base"), take(SPRING, "navy")), reviews=reviews)


def named(review: Review, label: str = "navy#1", **more: str | None) -> NamedReview:
    key, _, number = label.partition("#")
    values = {"avatar_id": "id-navy-1", "sha256": None, **more}
    return NamedReview(key, int(number), values["avatar_id"], values["sha256"], review)


def test_a_file_of_reviews_is_sorted_and_says_the_same_when_it_is_read_back() -> None:
    reviews = [named(REJECTED), named(APPROVED, "base#1", avatar_id="id-base-1")]
    document = review_document("spring", "api/me", reviews)
    assert [entry["look"] for entry in document["reviews"]] == ["base", "navy"]
    assert document == review_document("spring", "api/me", reversed(reviews))
    read = read_reviews(json.loads(json.dumps(document)), source="review.json")
    assert sorted(read, key=lambda one: one.label, reverse=True) == reviews


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        {"version": 2},
        {"reviews": [{"look": "a", "take": 1, "state": "maybe", "at": "2027-01-01T00:00:00Z"}]},
        {"reviews": [{"look": "a", "take": 1, "state": "approved", "at": "soon"}]},
    ],
)
def test_what_is_no_file_of_reviews_is_refused_in_words(wrong: object) -> None:
    document = review_document("spring", None, [])
    document = document | wrong if isinstance(wrong, dict) else wrong  # type: ignore[assignment]
    with pytest.raises(UsageError, match="holds no reviews that can be read"):
        read_reviews(document, source="review.json")


def test_of_two_reviews_of_a_take_the_later_counts_wherever_it_is_read() -> None:
    uid = snapshot().takes["navy"][0].uid
    assert find_later_reviews([named(REJECTED)], snapshot(**{uid: APPROVED})) == [
        (snapshot().takes["navy"][0], REJECTED)
    ]
    assert not find_later_reviews([named(APPROVED)], snapshot(**{uid: REJECTED}))
    assert not find_later_reviews([named(REJECTED)], snapshot(**{uid: REJECTED}))
    one, other = merge_reviews([named(REJECTED)], [named(APPROVED)]), [named(REJECTED)]
    assert one == other == merge_reviews([named(APPROVED)], [named(REJECTED)])


def test_a_review_finds_its_take_by_id_then_by_picture_and_by_label_only_without_either() -> None:
    known = snapshot()
    picture = known.takes["navy"][0].sha256
    for one in (
        named(REJECTED, "renamed#7"),
        named(REJECTED, "renamed#7", avatar_id="elsewhere", sha256=picture),
        named(REJECTED, "navy#1", avatar_id=None),
    ):
        assert [found.label for found, _ in find_later_reviews([one], known)] == ["navy#1"]
    assert not find_later_reviews([named(REJECTED, avatar_id="elsewhere")], known)


def test_what_was_decided_is_named_as_files_have_it() -> None:
    known = snapshot()
    (navy,) = known.takes["navy"]
    (one,) = name_reviews([*known.takes["base"], navy], {navy.uid: REJECTED})
    assert (one.label, one.avatar_id, one.sha256) == ("navy#1", navy.avatar_id, navy.sha256)


def test_words_of_people_stay_on_their_line_and_within_their_bound() -> None:
    review = Review.of_words(
        ReviewState.REJECTED, reason=" too\x1b[2J\n dark \u2028" + "x" * 2000, by="\t", at=1.23456
    )
    assert review.reason is not None
    assert review.reason.startswith("too [2J dark xxx")
    assert len(review.reason) == MAX_REASON
    assert (review.by, review.at) == (None, 1.235)
    assert review.follow(Review(at=99.0)).is_later_than(Review(at=99.0))
