"""Which take becomes the pick: the first, what replaces it, and never what came late."""

from dataclasses import replace

from runner.model import LookKind
from runner.policy.picking import becomes_pick
from runner.takes import Take


def take(number: int, identity: str = "navy") -> Take:
    return Take(f"uid-{number}", "a", number, LookKind.PROMPT, identity, "", "Sarah — a")


PICK = take(2)


def test_the_first_completed_take_is_picked_whatever_it_is() -> None:
    assert becomes_pick(take(3), None)
    assert becomes_pick(replace(take(3), reroll=True), None)


def test_another_take_of_the_same_look_changes_no_pick() -> None:
    assert not becomes_pick(take(3), PICK)
    assert not becomes_pick(replace(take(3), replaces="uid-1"), PICK)


def test_a_take_that_was_bought_after_an_edit_or_to_replace_the_pick_is_picked() -> None:
    assert becomes_pick(take(3, "red"), PICK)
    assert becomes_pick(replace(take(3), replaces=PICK.uid), PICK)


def test_a_reroll_changes_no_pick() -> None:
    assert not becomes_pick(replace(take(3, "red"), reroll=True), PICK)
    assert not becomes_pick(replace(take(3), replaces=PICK.uid, reroll=True), PICK)


def test_an_older_take_that_completes_late_replaces_nothing() -> None:
    assert not becomes_pick(take(1, "red"), PICK)
    assert not becomes_pick(replace(take(1), replaces=PICK.uid), PICK)
