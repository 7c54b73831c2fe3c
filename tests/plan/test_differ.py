"""From a campaign and a ledger to actions: each with its reason and its price."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.model import BASE, Campaign, LookKind, LookRef
from runner.plan import Action, ResolvedOptions, plan
from runner.plan.renames import KeyRenames, apply_renames
from runner.takes import Snapshot, Take, TakeState
from tests.executor.harness import campaign, existing, literal, look, photo
from tests.plan.made import actions, done, held, summary, take

SPRING = campaign(look("navy"), look("night", on="navy"), look("red"))
EVERY = frozenset(one.key for one in SPRING.looks)


def edited(changed: Campaign, key: str, **fields: object) -> Campaign:
    looks = tuple(
        one._replace(**fields) if one.key == key else one  # type: ignore[arg-type]  # any field
        for one in changed.looks
    )
    return replace(changed, looks=looks)


def reason(
    changed: Campaign, snapshot: Snapshot, key: str, asked: ResolvedOptions | None = None
) -> str:
    return actions(changed, snapshot, asked)[key].reason


# --- without any wish ---------------------------------------------------------------------------


def test_everything_is_new_at_first() -> None:
    fresh = plan(SPRING, Snapshot())
    assert [action.key for action in fresh.actions] == [BASE, "navy", "night", "red"]
    assert {action.reason for action in fresh.actions} == {"new"}
    assert (fresh.count, fresh.cost, fresh.account) == (4, Decimal(4), None)


def test_nothing_is_left_to_do_when_everything_is_there() -> None:
    there = plan(SPRING, done(SPRING))
    assert {action.action for action in there.actions} == {Action.KEEP}
    assert not there.changes
    assert there.worst_case == 0


def test_an_edit_changes_one_identity_and_its_dependents_become_stale() -> None:
    changed = edited(SPRING, "navy", prompt="a red blazer")
    before = done(edited(SPRING, "navy", prompt="a navy blazer"))
    assert summary(changed, before) == "navy create 1, night stale, red keep"
    assert reason(changed, before, "navy") == "prompt changed: `navy` → `red`"
    assert reason(changed, before, "night") == "reference navy will have a new take"


def test_a_new_pick_makes_what_was_made_from_the_old_one_stale() -> None:
    newer = held(
        *(take(SPRING, key) for key in (BASE, "navy", "night", "red")),
        take(SPRING, "navy", 2),
        picks={"navy": "navy-2"},
    )
    assert summary(SPRING, newer) == "navy keep, night stale, red keep"
    assert reason(SPRING, newer, "night") == "reference navy has a new take"


def test_an_edit_that_is_taken_back_costs_nothing_and_nothing_is_stale() -> None:
    other = edited(SPRING, "navy", prompt="another")
    snapshot = held(
        *(take(SPRING, key) for key in (BASE, "navy", "night", "red")),
        take(other, "navy", 2),
        picks={"navy": "navy-2"},
    )
    found = actions(SPRING, snapshot)
    assert found["navy"].repick == "navy-1"
    assert summary(SPRING, snapshot) == "navy keep, night keep, red keep"


def test_a_new_name_is_a_free_rename() -> None:
    changed = edited(SPRING, "navy", name="Sarah — Office")
    assert summary(changed, done(SPRING)) == "navy rename, night keep, red keep"
    assert plan(changed, done(SPRING)).cost == 0


def test_a_renamed_key_keeps_what_was_bought_and_references_follow() -> None:
    renamed = campaign(
        look("office", "a prompt for navy", name="Sarah — navy"),
        look("night", on="office"),
        look("red"),
    )
    found = plan(renamed, done(SPRING))
    assert found.moves.to == {"navy": "office"}
    assert summary(renamed, done(SPRING)) == "office keep, night keep, red keep"
    assert "renamed from navy" in reason(renamed, done(SPRING), "office")


def test_a_whole_chain_of_renamed_keys_is_followed() -> None:
    chain = campaign(look("a"), look("b", on="a"), look("c", on="b"))
    renamed = campaign(
        look("x", "a prompt for a", name="Sarah — a"),
        look("y", "a prompt for b", on="x", name="Sarah — b"),
        look("z", "a prompt for c", on="y", name="Sarah — c"),
    )
    assert plan(renamed, done(chain)).moves.to == {"a": "x", "b": "y", "c": "z"}
    assert summary(renamed, done(chain)) == "x keep, y keep, z keep"


def test_swapped_keys_are_followed_by_what_names_the_new_ones() -> None:
    before = campaign(look("a"), look("b"), look("c", on="a"))
    swapped = campaign(
        look("a", "a prompt for b", name="Sarah — b"),
        look("b", "a prompt for a", name="Sarah — a"),
        look("c", on="b"),
    )
    assert summary(swapped, done(before)) == "a keep, b keep, c keep"


def test_swapped_keys_make_stale_what_goes_on_naming_the_old_ones() -> None:
    before = campaign(look("a"), look("b"), look("c", on="a"), look("d", on="b"))
    swapped = campaign(
        look("a", "a prompt for b", name="Sarah — b"),
        look("b", "a prompt for a", name="Sarah — a"),
        look("c", on="a"),
        look("d", on="a"),
    )
    assert summary(swapped, done(before)) == "a keep, b keep, c stale, d keep"
    assert reason(swapped, done(before), "c") == "reference a has a new take"
    assert plan(swapped, done(before)).cost == 0


def test_a_renamed_look_may_go_on_naming_a_key_that_means_another_look_now() -> None:
    before = campaign(look("a"), look("b"), look("c", on="a"))
    swapped = campaign(
        look("a", "a prompt for b", name="Sarah — b"),
        look("b", "a prompt for a", name="Sarah — a"),
        look("z", "a prompt for c", on="a", name="Sarah — c"),
    )
    assert plan(swapped, done(before)).moves == KeyRenames(
        {"a": "b", "b": "a", "c": "z"}, frozenset({"c"})
    )
    assert summary(swapped, done(before)) == "a keep, b keep, z stale"


def test_a_base_that_became_a_look_is_kept_and_the_rest_is_stale() -> None:
    drawn = {"prompt": "Woman, 30s, calm", "photo": None, "kind": LookKind.PROMPT}
    before = edited(campaign(look("red")), BASE, **drawn)
    after = replace(
        before,
        looks=(*campaign(look("red")).looks, before.looks[0]._replace(key="first", name="First")),
    )
    found = plan(after, done(before))
    assert found.moves.to == {BASE: "first"}
    assert summary(after, done(before)) == "base create 1, red stale, first rename"


def test_takes_that_move_to_a_key_in_use_get_numbers_of_their_own() -> None:
    before = campaign(look("one"), look("two"))
    shorter = campaign(look("one", "a prompt for two", name="Sarah — two"))
    found = plan(shorter, done(before))
    assert summary(shorter, done(before)) == "one keep"
    after = apply_renames(done(before), found.moves)
    assert [take.label for take in after.takes["one"]] == ["one#1", "one#2"]
    assert after.picks["one"] == "two-1"


@given(st.data())
def test_no_exchange_of_keys_ever_costs_anything(data: st.DataObject) -> None:
    keys = [f"look-{number}" for number in range(6)]
    on = [data.draw(st.sampled_from([None, *keys[:number]])) for number in range(6)]
    before = campaign(*(look(key, on=on[n]) if on[n] else look(key) for n, key in enumerate(keys)))
    others = [*keys, *(f"other-{number}" for number in range(6))]
    to = dict(zip(keys, data.draw(st.permutations(others)), strict=False))
    after = campaign(
        *(
            look(to[key], f"a prompt for {key}", name=f"Sarah — {key}", on=to.get(on[n] or ""))
            if on[n]
            else look(to[key], f"a prompt for {key}", name=f"Sarah — {key}")
            for n, key in enumerate(keys)
        )
    )
    found = plan(after, done(before))
    assert {action.action for action in found.actions} == {Action.KEEP}
    moved = apply_renames(done(before), found.moves)
    assert {moved.picks[to[key]] for key in keys} == {f"{key}-1" for key in keys}
    for key, reference in zip(keys, on, strict=True):
        expected = BASE if reference is None else to[reference]
        assert moved.takes[to[key]][-1].reference_look == expected


def test_a_removed_look_is_an_orphan() -> None:
    fewer = campaign(look("navy"), look("night", on="navy"))
    assert summary(fewer, done(SPRING)) == "navy keep, night keep, red orphaned"


def test_an_orphan_that_is_gone_at_heygen_is_listed_no_more() -> None:
    fewer = campaign(look("navy"))
    snapshot = held(take(SPRING, BASE), take(SPRING, "navy"),
                    take(SPRING, "red", state=TakeState.DELETED))  # fmt: skip
    assert summary(fewer, snapshot) == "navy keep"


def test_what_exists_is_adopted_and_costs_nothing() -> None:
    hired = campaign(existing("hired", "look_1"), look("navy", on="hired"))
    assert summary(hired, Snapshot()) == "base create 1, hired adopt, navy create 1"
    assert plan(hired, Snapshot()).cost == 2


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (TakeState.PROCESSING, "it is under way"),
        (TakeState.PENDING_CONSENT, "it waits for a person's consent"),
        (TakeState.UNKNOWN, "it was sent and the outcome is unknown"),
        (TakeState.SUBMITTING, "it was sent and the outcome is unknown"),
    ],
)
def test_what_was_sent_is_resumed(state: TakeState, says: str) -> None:
    snapshot = held(take(SPRING, BASE, state=state))
    assert actions(SPRING, snapshot)[BASE].action is Action.RESUME
    assert reason(SPRING, snapshot, BASE).startswith(says)


def test_what_is_unknown_is_part_of_the_worst_case() -> None:
    found = plan(SPRING, held(take(SPRING, BASE, state=TakeState.UNKNOWN)))
    assert [found.cost, found.at_risk, found.worst_case] == [Decimal(3), Decimal(1), Decimal(4)]


def test_what_no_run_sends_again_costs_no_run_anything() -> None:
    slow = take(SPRING, BASE, state=TakeState.UNKNOWN, resent_at=2.0, error_code="gateway_timeout")
    snapshot = held(slow)
    found = plan(SPRING, snapshot)
    assert [found.cost, found.at_risk, found.worst_case] == [Decimal(3), Decimal(0), Decimal(3)]
    assert "no run sends it again" in reason(SPRING, snapshot, BASE)


def test_a_failure_is_not_bought_again_and_blocks_what_needs_it() -> None:
    failed = take(SPRING, "navy", state=TakeState.FAILED, error_message="moderation")
    snapshot = held(take(SPRING, BASE), failed, take(SPRING, "red"))
    assert summary(SPRING, snapshot) == "navy blocked, night blocked, red keep"
    assert "navy#1 failed: moderation" in reason(SPRING, snapshot, "navy")
    assert "navy is not usable" in reason(SPRING, snapshot, "night")
    assert actions(SPRING, snapshot)["night"].waiting == 0  # for nobody's word
    assert summary(SPRING, snapshot, ResolvedOptions(retry=frozenset({"navy"}))) == (
        "navy create 1, night create 1, red keep"
    )


def test_the_manifest_may_allow_retries() -> None:
    patient = edited(SPRING, "red", retries=2)
    failed = take(SPRING, "red", state=TakeState.FAILED)
    snapshot = held(take(SPRING, BASE), take(SPRING, "navy"), take(SPRING, "night"), failed)
    found = actions(patient, snapshot)["red"]
    assert (found.takes, found.retries, found.retry_cost) == (1, 1, Decimal(1))
    there = [take(SPRING, key) for key in (BASE, "navy", "night")]
    after = held(*there, failed, take(SPRING, "red", 2))
    assert reason(patient, after, "red") == "done; 1 more failed"


def test_a_look_outside_the_group_of_its_reference_is_blocked() -> None:
    grouped = campaign(look("navy"), look("night", on="navy", group=literal("other")))
    snapshot = held(take(grouped, BASE), take(grouped, "navy"))
    assert "is in group group, not in other" in reason(grouped, snapshot, "night")


def test_what_is_under_way_for_an_older_wish_is_a_stray() -> None:
    other = edited(SPRING, "red", prompt="another")
    snapshot = held(take(SPRING, BASE), take(other, "red", state=TakeState.PROCESSING))
    assert plan(SPRING, snapshot).unwanted_in_flight == ("red-1",)


# --- takes --------------------------------------------------------------------------------------


def test_more_takes_are_candidates_beside_the_pick() -> None:
    three = edited(SPRING, "navy", takes=3)
    found = actions(three, done(SPRING))["navy"]
    assert (found.action, found.takes, found.cost) == (Action.CREATE, 2, Decimal(2))
    assert found.resume.replaces is None
    assert summary(three, done(SPRING)) == "navy create 2, night keep, red keep"


def test_the_take_bought_after_an_edit_replaces_the_pick() -> None:
    changed = edited(SPRING, "navy", prompt="another")
    assert actions(changed, done(SPRING))["navy"].resume.replaces == "navy-1"
    again = take(changed, "navy", 2, state=TakeState.PROCESSING, replaces="navy-1")
    before = [take(SPRING, key) for key in (BASE, "navy", "night", "red")]
    resumed = actions(changed, held(*before, again, picks={"navy": "navy-1"}))["navy"].resume
    assert resumed.replaces == "navy-1"
    assert not resumed.replacing  # the pick is not what is wanted: this renews nothing


def test_a_reroll_buys_more_and_makes_nothing_stale() -> None:
    asked = ResolvedOptions(reroll={"navy": 2})
    found = actions(SPRING, done(SPRING), asked)["navy"]
    assert (found.takes, found.is_reroll, found.resume.replaces, found.wanted) == (2, True, None, 3)
    assert summary(SPRING, done(SPRING), asked) == "navy create 2, night keep, red keep"
    failed = take(SPRING, "navy", state=TakeState.FAILED, error_message="moderation")
    known = held(take(SPRING, BASE), failed, take(SPRING, "night"), take(SPRING, "red"))
    blocked = actions(SPRING, known, ResolvedOptions(reroll={"night": 1}))["night"]
    assert blocked.action is Action.BLOCKED  # it was asked for: what is there does not answer that
    assert "navy is not usable" in blocked.reason


def test_rerolls_under_way_count_against_what_is_asked_for() -> None:
    """An interrupted reroll that is repeated buys what is missing of it."""
    live = [
        take(SPRING, "navy", number, state=TakeState.PROCESSING, reroll=True) for number in (2, 3)
    ]
    snapshot = held(*(take(SPRING, key) for key in (BASE, "navy", "night", "red")), *live)
    bought = [
        actions(SPRING, snapshot, ResolvedOptions(reroll={"navy": count}))["navy"]
        for count in (2, 3)
    ]
    assert [(one.action, one.takes) for one in bought] == [(Action.RESUME, 0), (Action.CREATE, 1)]
    assert bought[1].wanted == 1 + 2 + 1


def test_a_look_whose_take_was_deleted_is_bought_anew() -> None:
    snapshot = held(
        take(SPRING, BASE),
        take(SPRING, "navy", state=TakeState.DELETED),
        take(SPRING, "night"),
        take(SPRING, "red"),
        picks={"navy": "navy-1"},
    )
    assert summary(SPRING, snapshot) == "navy create 1, night stale, red keep"
    assert reason(SPRING, snapshot, "navy") == "navy#1 was deleted at HeyGen"
    assert actions(SPRING, snapshot)["navy"].resume.replaces == "navy-1"


# --- cascade ------------------------------------------------------------------------------------


def stale_chain() -> tuple[Campaign, Snapshot]:
    chain = campaign(look("a"), look("b", on="a"), look("c", on="b"), look("d", on="c"))
    return chain, held(
        *(take(chain, key) for key in (BASE, "a", "b", "c", "d")),
        take(chain, "a", 2),
        picks={"a": "a-2"},
    )


def test_a_cascade_regenerates_along_the_chain() -> None:
    chain, snapshot = stale_chain()
    every = frozenset("abcd")
    assert summary(chain, snapshot) == "a keep, b stale, c keep, d keep"
    assert summary(chain, snapshot, ResolvedOptions(cascade=every)) == (
        "a keep, b create 1, c create 1, d create 1"
    )
    found = actions(chain, snapshot, ResolvedOptions(cascade=every))
    assert found["c"].resume.replacing
    assert found["c"].resume.replaces == "c-1"
    assert found["c"].reason == "reference b will have a new take: regenerated"


def test_a_renewal_that_failed_is_bought_again_only_where_that_is_said() -> None:
    chain, stale = stale_chain()
    failed = take(
        chain, "b", 2, state=TakeState.FAILED, replaces="b-1", reference_id="id-a-2", image=None
    )
    takes = [one for of_look in stale.takes.values() for one in of_look]
    snapshot = held(*takes, failed, picks={"a": "a-2"})
    cascade = ResolvedOptions(cascade=frozenset("abcd"))
    assert summary(chain, snapshot, cascade) == "a keep, b stale, c keep, d keep"
    assert "b#2, which was to renew it, failed: `lookbook retry`" in reason(
        chain, snapshot, "b", cascade
    )
    retry = ResolvedOptions(retry=frozenset("b"))
    assert actions(chain, stale, retry)["b"].action is Action.STALE  # nothing of it failed
    retried = actions(chain, snapshot, retry)["b"]
    assert (retried.action, retried.takes, retried.resume.replaces) == (Action.CREATE, 1, "b-1")
    patient = edited(chain, "b", retries=1)
    assert actions(patient, snapshot, cascade)["b"].takes == 1
    older = held(*takes, replace(failed, reference_id="id-a-0"), picks={"a": "a-2"})
    assert actions(chain, older, cascade)["b"].takes == 1


def test_a_cascade_goes_as_far_as_it_is_asked_to() -> None:
    chain, snapshot = stale_chain()
    assert summary(chain, snapshot, ResolvedOptions(cascade=frozenset("bc"))) == (
        "a keep, b create 1, c create 1, d stale"
    )


def test_a_cascade_buys_nothing_that_was_made_from_the_pick_before() -> None:
    chain, _ = stale_chain()
    snapshot = held(
        *(take(chain, key) for key in (BASE, "a", "b", "c", "d")),
        take(chain, "a", 2),
        take(chain, "b", 2, reference_id="id-a-2"),
        picks={"b": "b-2"},
    )
    assert summary(chain, snapshot) == "a keep, b stale, c stale, d keep"
    found = actions(chain, snapshot, ResolvedOptions(cascade=frozenset("abcd")))
    assert found["b"].repick == "b-1"
    assert summary(chain, snapshot, ResolvedOptions(cascade=frozenset("abcd"))) == (
        "a keep, b keep, c keep, d keep"
    )


def test_a_cascade_that_was_interrupted_is_picked_up_and_its_dependents_wait() -> None:
    chain, _ = stale_chain()
    again: Take = take(chain, "b", 2, state=TakeState.PROCESSING, replaces="b-1",
                       reference_id="id-a-2")  # fmt: skip
    snapshot = held(
        *(take(chain, key) for key in (BASE, "a", "b", "c", "d")),
        take(chain, "a", 2),
        again,
        picks={"a": "a-2"},
    )
    assert summary(chain, snapshot) == "a keep, b resume, c stale, d keep"
    assert actions(chain, snapshot)["b"].resume.replacing


# --- selection ----------------------------------------------------------------------------------


def test_only_what_is_selected_is_bought() -> None:
    asked = ResolvedOptions(selected=frozenset({BASE, "red"}))
    assert (
        summary(SPRING, Snapshot(), asked) == "base create 1, navy keep, night keep, red create 1"
    )
    assert reason(SPRING, Snapshot(), "navy", asked) == "not selected"


def test_what_a_selected_look_needs_and_is_not_there_blocks_it_and_says_the_cure() -> None:
    asked = ResolvedOptions(selected=frozenset({"night"}))
    found = actions(SPRING, Snapshot(), asked)["night"]
    assert found.action is Action.BLOCKED
    assert "it needs navy, which is not selected and not there" in found.reason
    assert "--select +night" in found.reason


def test_what_a_selected_look_needs_and_is_there_is_used() -> None:
    snapshot = held(take(SPRING, BASE), take(SPRING, "navy"))
    asked = ResolvedOptions(selected=frozenset({"night"}))
    assert summary(SPRING, snapshot, asked) == "navy keep, night create 1, red keep"


def test_an_older_version_of_a_reference_is_not_what_a_selected_look_needs() -> None:
    changed = edited(SPRING, "navy", prompt="another")
    snapshot = held(take(SPRING, BASE), take(SPRING, "navy"))
    asked = ResolvedOptions(selected=frozenset({"night"}))
    assert actions(changed, snapshot, asked)["night"].action is Action.BLOCKED


def test_what_is_under_way_is_picked_up_although_it_is_not_selected() -> None:
    snapshot = held(take(SPRING, BASE, state=TakeState.PROCESSING))
    asked = ResolvedOptions(selected=frozenset({"navy"}))
    assert summary(SPRING, snapshot, asked) == ("base resume, navy create 1, night keep, red keep")
    assert not actions(SPRING, snapshot, asked)[BASE].selected
    patient = edited(SPRING, BASE, retries=1)
    assert [actions(patient, snapshot, to)[BASE].retries for to in (asked, ResolvedOptions())] == [
        *(0, 1)
    ]


def test_a_look_that_is_not_selected_is_neither_renamed_nor_picked_again() -> None:
    changed = edited(SPRING, "navy", name="Another")
    asked = ResolvedOptions(selected=frozenset({"red"}))
    assert actions(changed, done(SPRING), asked)["navy"].action is Action.KEEP
    other = take(edited(SPRING, "navy", prompt="another"), "navy", 2)
    before = [take(SPRING, key) for key in (BASE, "navy", "night", "red")]
    taken_back = held(*before, other, picks={"navy": "navy-2"})
    assert actions(SPRING, taken_back)["navy"].repick == "navy-1"
    assert actions(SPRING, taken_back, asked)["navy"].repick is None


def test_an_edit_that_is_not_selected_makes_nothing_stale_in_this_run() -> None:
    changed = edited(SPRING, "navy", prompt="another")
    asked = ResolvedOptions(selected=frozenset({"night"}), cascade=frozenset({"night"}))
    assert summary(changed, done(SPRING), asked) == "navy keep, night keep, red keep"


# --- what the account says ----------------------------------------------------------------------


def test_what_the_account_refuses_is_blocked_with_what_needs_it() -> None:
    asked = ResolvedOptions(refused={"navy": "the look x cannot be used"})
    assert summary(SPRING, Snapshot(), asked) == (
        "base create 1, navy blocked, night blocked, red create 1"
    )
    assert "the look x cannot be used" in reason(SPRING, Snapshot(), "night", asked)


def test_a_base_that_the_account_does_not_have_blocks_everything() -> None:
    hired = campaign(existing(BASE, "look_1")._replace(title="Sarah"), look("navy"))
    asked = ResolvedOptions(refused={BASE: "the look look_1 cannot be used"})
    assert summary(hired, Snapshot(), asked) == "base blocked, navy blocked"


def test_a_group_that_references_another_key_keeps_its_order() -> None:
    grouped = campaign(look("saved", on=None, group=LookRef("later")), look("later"))
    assert [action.key for action in plan(grouped, Snapshot()).actions] == [BASE, "later", "saved"]


def test_the_base_photo_is_one_of_the_looks() -> None:
    assert actions(campaign(photo()), Snapshot())[BASE].cost == 1
