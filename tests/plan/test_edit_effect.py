"""What an edit would cost: the looks that it changes, and those that would be out of date."""

from dataclasses import replace
from decimal import Decimal

from runner.model import Campaign
from runner.plan.edit_effect import measure_effect
from tests.executor.harness import campaign, look
from tests.plan.made import done, held, take

SPRING = campaign(look("navy"), look("night", on="navy"), look("late", on="night"), look("coat"))


def edited(*keys: str) -> Campaign:
    return replace(
        SPRING,
        looks=tuple(
            one._replace(prompt="another prompt") if one.key in keys else one
            for one in SPRING.looks
        ),
    )


def test_a_changed_prompt_costs_its_look_and_what_hangs_on_it_is_asked_for_apart() -> None:
    effect = measure_effect(SPRING, edited("navy"), done(SPRING))
    assert effect.changed == ("navy",)
    assert (effect.cost, effect.added) == (Decimal(1), Decimal(1))
    assert effect.stale == ("night",)
    assert effect.renewal == Decimal(1)


def test_looks_that_share_a_text_are_summed() -> None:
    effect = measure_effect(SPRING, edited("late", "coat"), done(SPRING))
    assert effect.changed == ("late", "coat")
    assert (effect.cost, effect.added, effect.stale) == (Decimal(2), Decimal(2), ())


def test_what_was_to_be_bought_anyway_adds_nothing() -> None:
    bought = held(take(SPRING, "base"), take(SPRING, "navy"))
    effect = measure_effect(SPRING, edited("coat"), bought)
    assert (effect.cost, effect.added) == (Decimal(1), Decimal(0))


def test_the_old_text_again_costs_nothing() -> None:
    effect = measure_effect(edited("coat"), SPRING, done(SPRING))
    assert (effect.changed, effect.cost, effect.added) == (("coat",), Decimal(0), Decimal(-1))


def test_what_was_out_of_date_before_is_not_the_edit_s() -> None:
    every = [take(SPRING, one.key) for one in SPRING.looks]
    another = take(SPRING, "navy", 2)
    known = held(*every, another, picks={"navy": another.uid})  # night is stale by this pick
    effect = measure_effect(SPRING, edited("coat"), known)
    assert (effect.changed, effect.stale, effect.renewal) == (("coat",), (), Decimal(0))
