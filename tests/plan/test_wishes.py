"""What options come to: takes, prices, retries and rerolls, look by look."""

from dataclasses import replace
from decimal import Decimal

import pytest

from runner.errors import UsageError
from runner.model import LookKind
from runner.plan.wishes import Wishes, adjusted, asked_for, chosen
from runner.takes import Snapshot, TakeState
from tests.executor.world import campaign, existing, look
from tests.plan.made import done, held, summary, take

SPRING = campaign(look("navy"), look("night", on="navy"), look("red"), existing("hired", "look_1"))


def test_takes_are_for_looks_that_are_bought_but_not_for_the_base() -> None:
    takes = {one.key: one.takes for one in adjusted(SPRING, Wishes(takes=3)).looks}
    assert takes == {"base": 1, "navy": 3, "night": 3, "red": 3, "hired": 1}


def test_a_price_overrides_its_own_type_only() -> None:
    prices = adjusted(SPRING, Wishes(prices=(("prompt", Decimal("1.2")),))).prices
    assert prices.of(LookKind.PHOTO) == 1
    assert prices.of(LookKind.PROMPT) == Decimal("1.2")
    assert prices.listed_on is None
    assert SPRING.prices.listed_on is not None


def test_without_a_selection_nothing_is_limited() -> None:
    assert chosen(SPRING, Snapshot(), Wishes()) is None
    assert asked_for(SPRING, Snapshot(), Wishes()).selected is None


def test_a_selection_sees_the_states_of_the_ledger() -> None:
    failed = take(SPRING, "red", state=TakeState.FAILED)
    snapshot = held(take(SPRING, "base"), failed)
    assert chosen(SPRING, snapshot, Wishes(select=("state:failed",))) == frozenset({"red"})
    assert chosen(SPRING, snapshot, Wishes(exclude=("state:planned",))) == frozenset(
        {"base", "red"}
    )


def test_an_orphan_can_be_selected() -> None:
    fewer = campaign(look("navy"))
    assert chosen(fewer, done(SPRING), Wishes(select=("action:orphaned",))) == frozenset(
        {"hired", "night", "red"}
    )


def test_a_cascade_covers_every_look_or_the_selected_ones() -> None:
    assert asked_for(SPRING, done(SPRING), Wishes(cascade=True)).cascade == {
        look.key for look in SPRING.looks
    }
    only = asked_for(SPRING, done(SPRING), Wishes(cascade=True, select=("navy+",)))
    assert only.cascade == {"navy", "night"}


def test_a_retry_is_what_failed_and_what_hung_on_it_and_nothing_else() -> None:
    snapshot = held(take(SPRING, "base"), take(SPRING, "navy", state=TakeState.FAILED))
    asked = asked_for(SPRING, snapshot, Wishes(retry=True))
    assert asked.selected == frozenset({"navy", "night"})
    assert summary(SPRING, snapshot, asked) == (
        "navy create 1, night create 1, red keep, hired keep"
    )


def test_a_retry_of_a_selection_leaves_other_failures_alone() -> None:
    failed = [take(SPRING, key, state=TakeState.FAILED) for key in ("navy", "red")]
    snapshot = held(take(SPRING, "base"), *failed)
    asked = asked_for(SPRING, snapshot, Wishes(retry=True, select=("red",)))
    assert asked.retry == {"red"}


def test_a_failure_beside_a_good_take_is_nothing_to_retry() -> None:
    good, failed = take(SPRING, "red"), take(SPRING, "red", 2, state=TakeState.FAILED, reroll=True)
    snapshot = held(take(SPRING, "base"), take(SPRING, "navy"), take(SPRING, "night"), good, failed)
    assert asked_for(SPRING, snapshot, Wishes(retry=True)).retry == set()


def test_a_reroll_does_only_what_it_names() -> None:
    snapshot = held(take(SPRING, "base"), take(SPRING, "navy"))
    asked = asked_for(SPRING, snapshot, Wishes(select=("navy",), reroll=2))
    assert summary(SPRING, snapshot, asked) == "navy create 2, night keep, red keep, hired keep"


@pytest.mark.parametrize(
    ("key", "says"),
    [("red", "was not generated yet"), ("hired", "cannot be generated")],
)
def test_a_reroll_of_what_is_not_there_is_refused(key: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        asked_for(SPRING, held(take(SPRING, "base")), Wishes(select=(key,), reroll=1))


def test_a_reroll_after_an_edit_is_refused_until_the_edit_was_generated() -> None:
    looks = tuple(replace(one, prompt="other") if one.key == "red" else one for one in SPRING.looks)
    with pytest.raises(UsageError, match="prompt changed"):
        asked_for(replace(SPRING, looks=looks), done(SPRING), Wishes(select=("red",), reroll=1))


def test_a_reroll_of_an_orphan_is_refused() -> None:
    with pytest.raises(UsageError, match="no longer in the manifest"):
        asked_for(campaign(look("navy")), done(SPRING), Wishes(select=("red",), reroll=1))
