"""What options come to: takes, prices, retries and rerolls, look by look."""

from dataclasses import replace
from decimal import Decimal

import pytest

from runner.errors import UsageError
from runner.model import LookKind
from runner.plan.options import apply_options, resolve_options, select_looks
from runner.plan.request import Request
from runner.takes import Snapshot, TakeState
from tests.executor.harness import campaign, existing, look
from tests.plan.made import done, held, summary, take

SPRING = campaign(look("navy"), look("night", on="navy"), look("red"), existing("hired", "look_1"))


def test_takes_are_for_looks_that_are_bought_but_not_for_the_base() -> None:
    takes = {one.key: one.takes for one in apply_options(SPRING, Request(takes=3)).looks}
    assert takes == {"base": 1, "navy": 3, "night": 3, "red": 3, "hired": 1}


def test_a_price_overrides_its_own_type_only() -> None:
    prices = apply_options(SPRING, Request(prices=(("prompt", Decimal("1.2")),))).prices
    assert prices.of(LookKind.PHOTO) == 1
    assert prices.of(LookKind.PROMPT) == Decimal("1.2")
    assert prices.listed_on is None
    assert SPRING.prices.listed_on is not None


def test_without_a_selection_nothing_is_limited() -> None:
    assert select_looks(SPRING, Snapshot(), Request()) is None
    assert resolve_options(SPRING, Snapshot(), Request()).selected is None


def test_a_selection_sees_the_states_of_the_ledger() -> None:
    failed = take(SPRING, "red", state=TakeState.FAILED)
    snapshot = held(take(SPRING, "base"), failed)
    assert select_looks(SPRING, snapshot, Request(select=("state:failed",))) == frozenset({"red"})
    assert select_looks(SPRING, snapshot, Request(exclude=("state:planned",))) == frozenset(
        {"base", "red"}
    )


def test_an_orphan_can_be_selected() -> None:
    fewer = campaign(look("navy"))
    assert select_looks(fewer, done(SPRING), Request(select=("action:orphaned",))) == frozenset(
        {"hired", "night", "red"}
    )


def test_a_cascade_covers_every_look_or_the_selected_ones() -> None:
    assert resolve_options(SPRING, done(SPRING), Request(cascade=True)).cascade == {
        look.key for look in SPRING.looks
    }
    only = resolve_options(SPRING, done(SPRING), Request(cascade=True, select=("navy+",)))
    assert only.cascade == {"navy", "night"}


def test_a_retry_buys_what_failed_and_what_hung_on_it_and_nothing_else() -> None:
    snapshot = held(take(SPRING, "base"), take(SPRING, "navy", state=TakeState.FAILED))
    asked = resolve_options(SPRING, snapshot, Request(retry=True))
    assert asked.retry == frozenset({"navy", "night"})
    assert asked.selected == frozenset({"navy", "night", "hired"})  # taken over for nothing
    assert summary(SPRING, snapshot, asked) == (
        "navy create 1, night create 1, red keep, hired adopt"
    )


def test_a_retry_of_a_selection_leaves_other_failures_alone() -> None:
    failed = [take(SPRING, key, state=TakeState.FAILED) for key in ("navy", "red")]
    snapshot = held(take(SPRING, "base"), *failed)
    asked = resolve_options(SPRING, snapshot, Request(retry=True, select=("red",)))
    assert asked.retry == {"red"}


def test_a_failure_beside_a_good_take_is_nothing_to_retry() -> None:
    good, failed = take(SPRING, "red"), take(SPRING, "red", 2, state=TakeState.FAILED, reroll=True)
    snapshot = held(take(SPRING, "base"), take(SPRING, "navy"), take(SPRING, "night"), good, failed)
    assert resolve_options(SPRING, snapshot, Request(retry=True)).retry == set()


def test_a_reroll_does_only_what_it_names() -> None:
    snapshot = held(take(SPRING, "base"), take(SPRING, "navy"))
    asked = resolve_options(SPRING, snapshot, Request(select=("navy",), reroll=2))
    assert summary(SPRING, snapshot, asked) == "navy create 2, night keep, red keep, hired keep"


@pytest.mark.parametrize(
    ("key", "says"),
    [("red", "was not generated yet"), ("hired", "cannot be generated")],
)
def test_a_reroll_of_what_is_not_there_is_refused(key: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        resolve_options(SPRING, held(take(SPRING, "base")), Request(select=(key,), reroll=1))


def test_a_reroll_after_an_edit_is_refused_until_the_edit_was_generated() -> None:
    looks = tuple(one._replace(prompt="other") if one.key == "red" else one for one in SPRING.looks)
    with pytest.raises(UsageError, match="prompt changed"):
        resolve_options(
            replace(SPRING, looks=looks), done(SPRING), Request(select=("red",), reroll=1)
        )


def test_a_reroll_of_an_orphan_is_refused() -> None:
    with pytest.raises(UsageError, match="no longer in the manifest"):
        resolve_options(campaign(look("navy")), done(SPRING), Request(select=("red",), reroll=1))
