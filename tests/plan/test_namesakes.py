"""What the account holds of what a plan would buy: pure, from a listing and a ledger's snapshot."""

from dataclasses import replace

from runner.model import Campaign
from runner.plan import ResolvedOptions, plan
from runner.plan.namesakes import (
    Listing,
    count_unresolved,
    find_namesakes,
    find_own_groups,
    find_unlisted,
)
from runner.plan.target_groups import TargetGroup, find_target_groups
from runner.replies import GroupData, LookData
from runner.takes import Billing, Snapshot, TakeState
from tests.executor.harness import campaign, existing, literal, look, photo
from tests.plan.made import done, held, take

ROWS = campaign(
    look("a"),
    look("alone", on=None),
    look("saved", on=None, group="base"),
    look("chain", on="alone"),
    look("theirs", on=literal("look-9")),
    look("into", on=None, group=literal("group-7")),
)


def shown(look_id: str, name: str, group: str = "other") -> LookData:
    return LookData(look_id, name, "photo_avatar", group)


def homes(
    made: Campaign, ledger: Snapshot, asked: ResolvedOptions | None = None
) -> dict[str, TargetGroup]:
    return find_target_groups(
        plan(made, ledger, asked or ResolvedOptions()), ledger, {"look-9": "group-9"}
    )


def test_a_take_goes_to_a_known_group_or_to_a_new_one_by_the_name_that_makes_it() -> None:
    sarah, alone = TargetGroup(name="Sarah"), TargetGroup(name="Sarah — alone")
    assert homes(ROWS, Snapshot()) == {
        "base": sarah,
        "a": sarah,
        "alone": alone,
        "saved": sarah,
        "chain": alone,
        "theirs": TargetGroup(group="group-9"),
        "into": TargetGroup(group="group-7"),
    }
    assert homes(ROWS, done(ROWS)) == {}
    base = held(take(ROWS, "base"))
    assert homes(ROWS, base)["a"] == homes(ROWS, base)["saved"] == TargetGroup(group="group")
    assert "base" not in homes(ROWS, base)


def test_what_is_bought_anew_goes_to_a_new_group_and_a_candidate_changes_no_pick() -> None:
    small = campaign(look("a"))
    edited = campaign(photo()._replace(photo=None, kind=look("x").kind, prompt="p"), look("a"))
    ledger = done(small)
    cascade = ResolvedOptions(cascade=frozenset({"a"}))
    assert homes(edited, ledger, cascade)["a"] == TargetGroup(name="Sarah")
    assert homes(small, ledger, ResolvedOptions(reroll={"base": 1})) == {
        "base": TargetGroup(name="Sarah")
    }
    both = homes(small, ledger, ResolvedOptions(reroll={"base": 1, "a": 1}))
    assert both == {"base": TargetGroup(name="Sarah"), "a": TargetGroup(group="group")}
    on = campaign(existing("base", "look-9"), look("a"))
    assert homes(on, Snapshot())["a"] == TargetGroup(group="group-9")
    assert homes(on, ledger, cascade)["a"] == TargetGroup(group="group-9")  # not the old base
    back = held(take(small, "base"), replace(take(edited, "base", 2), group_id="new"))
    assert homes(small, back)["a"] == TargetGroup(group="group")  # it is picked again


def test_what_hangs_on_a_take_that_is_under_way_goes_to_the_group_where_that_was_saved() -> None:
    small = campaign(look("a"))
    edited = campaign(photo()._replace(photo=None, kind=look("x").kind, prompt="p"), look("a"))
    sent = {"state": TakeState.PROCESSING, "group_id": "new"}
    for made, kept in ((small, ()), (edited, (take(small, "base"),))):  # a first take, an edit's
        under_way = held(*kept, take(made, "base", 2, **sent))
        assert homes(made, under_way)["a"] == TargetGroup(group="new")
    lost = take(small, "base", state=TakeState.UNKNOWN, avatar_id=None, group_id=None)
    assert homes(small, held(lost))["a"] == TargetGroup(name="Sarah")
    more = campaign(photo()._replace(takes=2), look("a"))
    assert homes(more, held(take(more, "base"))) == {
        "base": TargetGroup(name="Sarah"),
        "a": TargetGroup(group="group"),  # another take beside it changes no pick
    }


def test_a_namesake_is_a_look_of_the_name_in_the_group_it_would_go_to_that_nobody_knows() -> None:
    made = campaign(look("a"), look("b"))
    new = plan(made, Snapshot())
    looks = {
        "g-1": (shown("1", "Sarah", "g-1"), shown("2", "Sarah — a", "g-1"), shown("3", "x", "g-1")),
        "g-2": (shown("4", "Sarah — b", "g-2"),),  # listed for another reason
    }
    listing = Listing(homes(made, Snapshot()), named={"Sarah": ("g-1",)}, looks=looks)

    def found(known: set[str], unresolved: dict[str, int] | None = None) -> dict[str, list[str]]:
        there = find_namesakes(new, listing, known=known, unresolved=unresolved or {})
        return {key: [one.id for one in looks] for key, looks in there.items()}

    assert found(set()) == {"base": ["1"], "a": ["2"]}
    assert found({"1", "2"}) == {}
    assert found({"1"}, {"Sarah — a": 1}) == {}  # a send that we are unsure of may have made it
    ledger = held(take(made, "base"))
    later = plan(made, ledger)
    known_group = Listing(homes(made, ledger), looks={"group": (shown("5", "Sarah — a"),)})
    assert [*find_namesakes(later, known_group, known=(), unresolved={})] == ["a"]
    assert listing.strangers({"1"}) == {"2", "3", "4", "g-1"}


def test_a_ledger_of_whose_looks_the_account_lists_none_may_be_another_workspaces() -> None:
    made = campaign(look("a"), look("b"))
    ledger = held(*(take(made, key, accepted_at=0.0) for key in ("base", "a")))
    home = {"b": TargetGroup(group="group")}

    def missing(listing: Listing, snapshot: Snapshot = ledger, now: float = 1e6) -> list[str]:
        return [one.label for one in find_unlisted(snapshot, listing, now=now)]

    assert missing(Listing(home, looks={"group": ()})) == ["base#1", "a#1"]
    assert missing(Listing(home, looks={"group": (shown("id-a-1", "renamed"),)})) == []
    assert missing(Listing(home)) == []  # nothing was listed that could tell
    assert missing(Listing(home, groups=(GroupData("x", "x", 0.0),))) == ["base#1", "a#1"]
    assert missing(Listing(home, groups=(GroupData("group", "x", 0.0),))) == []
    assert missing(Listing(home, looks={"group": ()}), now=60.0) == []  # lists may lag
    free = held(take(made, "base", accepted_at=0.0, billing=Billing.NONE))
    assert missing(Listing(home, looks={"group": ()}), free) == []


def test_own_groups_were_made_by_sends_of_this_ledger() -> None:
    made = campaign(look("a"))
    ours = replace(take(made, "base", group_id="ours"), key="k")
    saved = replace(take(made, "a", group_id="theirs"), key="k-2")
    taken_in = take(made, "base", 2, group_id="taken in")
    assert find_own_groups(held(ours, saved, taken_in)) == {"ours"}
    lost = take(made, "a", 2, state=TakeState.UNKNOWN)
    assert count_unresolved(held(ours, lost)) == {"Sarah — a": 1}
    twice = replace(lost, resent_at=9.0)
    assert count_unresolved(held(ours, twice)) == {"Sarah — a": 2}
