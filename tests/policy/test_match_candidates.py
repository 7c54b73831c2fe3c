"""Which looks a lost send can have made, and what follows from how many there are."""

from itertools import product

import pytest

from runner.policy.match_candidates import (
    SEND_WINDOW,
    Fit,
    decide_match,
    find_candidates,
    find_send_window,
    find_unexplained,
    order_by_claims,
)
from runner.policy.retry import CLOCK_SLACK
from runner.replies import LookData


def shown(look_id: str, name: str = "Sarah") -> LookData:
    return LookData(look_id, name, "photo_avatar", "group-1")


def test_a_candidate_bears_the_name_and_is_known_to_nobody() -> None:
    looks = [shown("mine"), shown("theirs"), shown("old"), shown("other", "Tom"), shown("new")]
    excluded = ({"mine"}, frozenset({"theirs"}), ["old"])
    assert [look.id for look in find_candidates(looks, "Sarah", excluded=excluded)] == ["new"]
    assert find_candidates(looks, None, excluded=()) == ()


def test_a_look_that_a_later_send_cannot_have_made_is_adopted_by_the_earlier_one() -> None:
    looks = [shown("of-both"), shown("of-neither-later"), shown("of-one-later")]
    before = ({"of-neither-later", "of-one-later"}, {"of-neither-later"})
    ordered = [look.id for look in order_by_claims(looks, before)]
    assert ordered == ["of-neither-later", "of-one-later", "of-both"]
    assert order_by_claims(looks, ()) == tuple(looks)


@pytest.mark.parametrize(
    ("candidates", "taken_over", "same", "others", "alive", "replayable", "wanted"),
    [
        (0, 0, 1, 0, True, False, Fit.NONE),
        (0, 0, 2, 3, False, True, Fit.NONE),
        (0, 1, 1, 0, True, False, Fit.PERSON),  # what is missing may be that one
        (1, 1, 2, 0, True, True, Fit.PERSON),
        (1, 1, 1, 0, True, False, Fit.ADOPT),
        (1, 0, 1, 0, True, False, Fit.ADOPT),
        (2, 0, 2, 0, False, True, Fit.ADOPT),
        (1, 0, 1, 1, True, False, Fit.PERSON),  # the other body may have made it
        (2, 0, 1, 0, True, False, Fit.PERSON),  # one of them nobody here sent
        (3, 0, 2, 0, False, False, Fit.PERSON),
        (1, 0, 2, 0, True, True, Fit.NONE),  # a replay shows whose it is, or makes the other
        (1, 0, 2, 0, False, True, Fit.WAIT),
        (1, 0, 2, 0, False, False, Fit.ADOPT),  # nobody is sent again: interchangeable
    ],
)
def test_what_a_search_decides(
    candidates: int,
    taken_over: int,
    same: int,
    others: int,
    alive: bool,
    replayable: bool,
    wanted: Fit,
) -> None:
    unexplained = max(0, candidates - same - others)
    assert wanted is decide_match(
        candidates,
        taken_over=taken_over,
        unexplained=unexplained,
        same=same,
        others=others,
        alive=alive,
        replayable=replayable,
    )


def test_no_decision_adopts_more_looks_than_were_sent_or_replays_where_enough_are_there() -> None:
    counts = product(range(5), range(3), range(1, 5), range(3))
    for candidates, taken_over, same, others in counts:
        fit = decide_match(
            candidates,
            taken_over=taken_over,
            unexplained=max(0, candidates - same - others),
            same=same,
            others=others,
            alive=True,
        )
        if fit is Fit.ADOPT:
            assert 0 < candidates <= same
        if fit is Fit.NONE:
            assert candidates < same
            assert not taken_over


def test_what_no_send_explains_is_what_more_looks_are_there_than_sends_can_have_made() -> None:
    a, b, c = shown("a"), shown("b"), shown("c")
    assert find_unexplained([a], []) == (a,)
    assert find_unexplained([a, b], [()]) == (b,)
    assert find_unexplained([a], [()]) == find_unexplained([], []) == ()
    assert find_unexplained([a, b], [(), {"a", "b"}]) == (b,)  # the later send made neither
    assert find_unexplained([a, b, c], [(), {"a", "b"}]) == (b,)
    assert find_unexplained([a, b, c], [{"a", "b"}, ()]) == (b,)
    assert find_unexplained([a, b], [(), {"a"}]) == ()


@pytest.mark.parametrize(
    ("last", "skew", "begin", "end"),
    [
        (None, 0.0, 1000.0, 1000.0),
        (2000.0, 0.0, 1000.0, 2000.0),
        (2000.0, 50.0, 1000.0, 2050.0),
        (2000.0, -50.0, 950.0, 2000.0),
    ],
)
def test_what_a_send_made_is_dated_by_either_clock_from_its_first_try_to_its_last(
    last: float | None, skew: float, begin: float, end: float
) -> None:
    assert find_send_window(1000.0, last, skew) == (begin - CLOCK_SLACK, end + SEND_WINDOW)
