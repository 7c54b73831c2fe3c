"""What pruning may take, and what it spares."""

from dataclasses import replace

import pytest

from runner.errors import UsageError
from runner.model import Campaign, LookKind
from runner.plan import plan
from runner.plan.pruning import Pruning, find_droppable, find_group_deletions, find_prunable
from runner.takes import Snapshot, TakeState
from tests.executor.harness import campaign, literal, look
from tests.plan.made import done, held, take

SPRING = campaign(look("navy"), look("red"))
FEWER = campaign(look("navy"))


def pruned(
    now: Campaign,
    snapshot: Snapshot,
    *,
    selected: frozenset[str] | None = None,
    old_takes: bool = False,
) -> Pruning:
    return find_prunable(now, snapshot, plan(now, snapshot), selected=selected, old_takes=old_takes)


def labels(pruning: Pruning) -> list[str]:
    return [take.label for take in pruning.takes]


def test_orphans_are_pruned_and_nothing_else() -> None:
    assert labels(pruned(FEWER, done(SPRING))) == ["red#1"]
    assert labels(pruned(SPRING, done(SPRING))) == []


def test_takes_that_are_not_picked_are_pruned_when_that_is_asked_for() -> None:
    snapshot = held(*done(SPRING).takes["base"], take(SPRING, "navy"), take(SPRING, "navy", 2))
    assert labels(pruned(SPRING, snapshot)) == []
    assert labels(pruned(SPRING, snapshot, old_takes=True)) == ["navy#2"]


def test_the_pick_of_a_wanted_look_is_never_pruned() -> None:
    with pytest.raises(UsageError, match="its pick is never pruned"):
        pruned(SPRING, done(SPRING), selected=frozenset({"navy"}))
    chosen = pruned(SPRING, done(SPRING), selected=frozenset({"navy"}), old_takes=True)
    assert labels(chosen) == []


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"kind": LookKind.EXISTING}, "it existed before this campaign"),
        ({"state": TakeState.PROCESSING}, "it is processing"),
        ({"group_id": None}, "its group is not known, and it may be the last look there"),
    ],
)
def test_what_must_not_go_is_spared_with_the_reason(fields: dict[str, object], says: str) -> None:
    red = replace(take(SPRING, "red"), **fields)  # type: ignore[arg-type]  # any field
    pruning = pruned(FEWER, held(take(SPRING, "base"), red))
    assert [(one.label, why) for one, why in pruning.spared] == [("red#1", says)]
    assert pruning.takes == ()


def test_an_id_that_the_manifest_names_is_spared() -> None:
    naming = campaign(look("navy", on=literal("id-red-1")))
    ((one, why),) = pruned(naming, done(SPRING)).spared
    assert (one.label, why) == ("red#1", "the manifest names its id")


def test_what_something_under_way_is_made_from_is_spared() -> None:
    live = take(SPRING, "navy", 2, state=TakeState.PROCESSING, reference_id="id-red-1")
    ((one, why),) = pruned(FEWER, held(take(SPRING, "base"), take(SPRING, "red"), live)).spared
    assert (one.label, why) == ("red#1", "a take under way is made from it")


def test_a_look_that_a_pick_bears_is_spared() -> None:
    """A results file may tell twice of one look; deleting it as an orphan would take the pick."""
    double = replace(take(SPRING, "red"), avatar_id="id-navy-1")
    snapshot = held(take(SPRING, "base"), take(SPRING, "navy"), double)
    ((one, why),) = pruned(FEWER, snapshot).spared
    assert (one.label, why) == ("red#1", "it is the same look as navy#1, which is picked")


def test_a_look_that_a_spared_orphan_bears_stays_as_well() -> None:
    """It was taken over under another key, and the manifest wants neither any more."""
    twice = campaign(look("navy"), look("red"), look("hero"))
    hero = replace(take(twice, "hero"), kind=LookKind.EXISTING, avatar_id="id-red-1")
    takes = [take(twice, key) for key in ("base", "navy", "red")]
    found = pruned(FEWER, held(*takes, hero))
    assert labels(found) == []
    assert {one.label: why for one, why in found.spared} == {
        "hero#1": "it existed before this campaign",
        "red#1": "it is the same look as hero#1, which is picked",
    }


def test_what_a_run_would_pick_again_for_nothing_is_spared() -> None:
    base, old = take(SPRING, "base"), take(SPRING, "navy")
    edited = replace(take(SPRING, "navy", 2), identity="of a prompt that was taken back")
    back = held(base, old, edited, picks={"navy": edited.uid})
    made = held(
        base,
        take(SPRING, "base", 2),
        replace(old, reference_id="id-base-2"),
        take(SPRING, "navy", 2),
        picks={"base": "base-2", "navy": "navy-2"},
    )
    for snapshot in (back, made):
        spared = {one.label: why for one, why in pruned(SPRING, snapshot, old_takes=True).spared}
        assert spared["navy#1"] == "a run would pick it again, for nothing"


def test_what_somebody_else_claims_is_spared() -> None:
    snapshot = done(SPRING)
    claims = {snapshot.takes["red"][0].uid: "summer.yaml names its id"}
    pruning = find_prunable(
        FEWER, snapshot, plan(FEWER, snapshot), selected=None, old_takes=False, claims=claims
    )
    assert [(one.label, why) for one, why in pruning.spared] == [("red#1", claims["red-1"])]
    assert pruning.takes == ()


def test_what_is_deleted_already_is_not_pruned_twice() -> None:
    gone = take(SPRING, "navy", 2, state=TakeState.DELETED)
    snapshot = held(take(SPRING, "base"), take(SPRING, "navy"), gone)
    assert labels(pruned(FEWER, snapshot, old_takes=True)) == []


def test_one_look_stays_so_that_no_group_goes_by_accident() -> None:
    doomed = [
        take(SPRING, "red", number, group_id=group)
        for number, group in ((1, "g1"), (2, "g1"), (3, "g2"))
    ]
    groups = {"g1": ["id-red-1", "id-red-2"], "g2": ["id-red-3", "another"]}
    assert find_group_deletions(doomed, groups) == {"red-1": "g1"}
    somebody_deleted_the_first = {"g1": ["id-red-2"], "g2": ["id-red-3", "another"]}
    assert find_group_deletions(doomed, somebody_deleted_the_first) == {"red-2": "g1"}


def test_pictures_on_disk_go_only_where_they_are_not_picked() -> None:
    snapshot = held(
        *(take(SPRING, key) for key in ("base", "navy", "red")), take(SPRING, "navy", 2)
    )
    assert [t.label for t in find_droppable(snapshot, plan(SPRING, snapshot), None)] == ["navy#2"]
    assert [t.label for t in find_droppable(snapshot, plan(FEWER, snapshot), None)] == ["navy#2"]
    named = find_droppable(snapshot, plan(FEWER, snapshot), {"red"})
    assert [t.label for t in named] == ["red#1"]
