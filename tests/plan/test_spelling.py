"""A reference that is spelled by the id of a take of this ledger is that look."""

from dataclasses import replace

from runner.plan import plan
from tests.executor.harness import campaign, existing, literal, look
from tests.plan.made import done, held, summary, take

BOUGHT = campaign(look("a"), look("b", on="a"), look("c"))


def test_a_base_that_is_named_by_the_id_of_its_own_take_buys_nothing() -> None:
    named = campaign(existing("base", "id-base-1"), look("a"), look("b", on="a"), look("c"))
    assert summary(named, done(BOUGHT)) == "a keep, b keep, c keep"
    assert not plan(named, done(BOUGHT)).changes
    assert not plan(BOUGHT, done(BOUGHT)).changes  # and back again


def test_the_take_that_is_named_becomes_the_pick_and_what_was_made_from_another_is_stale() -> None:
    made = campaign(look("a"))
    ledger = held(take(made, "base"), take(made, "base", 2), take(made, "a"))
    named = campaign(existing("base", "id-base-2"), look("a"))
    (base, a) = plan(named, ledger).actions
    assert (base.action, base.repick) == ("keep", "base-2")
    assert (a.action, a.takes) == ("stale", 0)


def test_a_look_that_is_named_by_its_id_or_by_its_key_is_the_same() -> None:
    by_id = campaign(look("a"), look("b", on=literal("id-a-1")), look("c"))
    assert summary(by_id, done(BOUGHT)) == "a keep, b keep, c keep"
    bought = replace(take(by_id, "b"), reference_id="id-a-1")
    ledger = held(*(take(by_id, key) for key in ("base", "a", "c")), bought)
    assert summary(BOUGHT, ledger) == "a keep, b keep, c keep"
    assert summary(by_id, ledger) == "a keep, b keep, c keep"


def test_another_id_or_another_take_of_the_look_is_another_purchase() -> None:
    stranger = campaign(look("a"), look("b", on=literal("id-of-nobody")), look("c"))
    assert "b create 1" in summary(stranger, done(BOUGHT))
    second = take(BOUGHT, "a", 2)
    ledger = held(*(take(BOUGHT, key) for key in ("base", "a", "b", "c")), second)
    other = campaign(look("a"), look("b", on=literal("id-a-2")), look("c"))
    assert "b create 1" in summary(other, ledger)
