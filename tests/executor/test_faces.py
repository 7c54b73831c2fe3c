"""Faces are measured beside a run: each content once, never in its way, and only where it can."""

from pathlib import Path

import anyio
import jsonschema
import pytest

from runner.executor.context import RunContext
from runner.executor.face_measuring import MAX_TAIL, find_unmeasured
from runner.face_measures import FaceMeasure, NoFace
from runner.ledger.ledger import LedgerFile
from runner.model import FileImage, LikenessRule
from runner.plan import ResolvedOptions
from runner.plan import plan as make_plan
from runner.plan.approvals import find_awaited
from runner.plan.saved_plan import plan_document
from runner.policy.exit_codes import Exit, exit_code
from runner.policy.likeness import FaceComparer, Likeness
from runner.resources import schema
from runner.results.charges import CauseFinder
from runner.reviews import Review, ReviewState
from runner.takes import Snapshot
from tests.executor.harness import FakeFaces, Harness, campaign, look, photo
from tests.plan.made import take

KEYS = [f"look-{number}" for number in range(4)]
SPRING = campaign(*map(look, KEYS))


@pytest.fixture
def harness(harness: Harness) -> Harness:
    harness.images.size = (800, 600)
    return harness


def snapshot(harness: Harness) -> Snapshot:
    ledger = harness.open()
    try:
        return ledger.snapshot()
    finally:
        ledger.close()


def test_what_is_fetched_is_measured_once_and_compared_with_the_base(harness: Harness) -> None:
    harness.faces = FakeFaces(**{"look-2": 0.5})
    assert exit_code(harness.run(SPRING)) is Exit.DONE
    assert sorted(harness.faces.asked) == sorted(f"{key}#1" for key in ("base", *KEYS))
    known = snapshot(harness)
    faces = FaceComparer(known)
    distances = [faces.compare(known.takes[key][0]) for key in KEYS]
    alike, strange = Likeness(0.0, 0.0), Likeness(0.5, 0.5)
    assert distances == [alike, alike, strange, alike]
    harness.run(SPRING)
    assert len(harness.faces.asked) == 5


def test_a_run_does_not_wait_long_for_faces_and_sends_no_later_because_of_them(
    harness: Harness, tmp_path: Path
) -> None:
    begun = harness.clock.now()
    harness.run(SPRING)
    without = harness.clock.now() - begun
    (tmp_path / "slow").mkdir()
    slow = Harness(tmp_path / "slow")
    slow.images.size = (800, 600)
    slow.faces = FakeFaces(1000.0)
    begun = slow.clock.now()
    assert exit_code(slow.run(SPRING)) is Exit.DONE
    assert slow.clock.now() - begun <= without + MAX_TAIL + 0.01
    sent = [[take.sent_at for take in h.takes("look-3")] for h in (harness, slow)]
    assert sent[0] == sent[1]
    assert not snapshot(slow).faces


def test_a_tiny_picture_needs_no_worker_and_a_broken_one_ends_nothing(harness: Harness) -> None:
    harness.faces = FakeFaces()
    harness.images.size = (8, 8)
    harness.run(campaign(look("a")))
    assert not harness.faces.asked
    assert {face.none for face in snapshot(harness).faces.values()} == {NoFace.SMALL}
    harness.images.size = (800, 600)
    harness.faces.gone = {"b#1"}
    assert exit_code(harness.run(campaign(look("a"), look("b")))) is Exit.DONE
    assert harness.faces.asked == ["b#1"]
    assert len(snapshot(harness).faces) == 2


def test_without_the_extra_nothing_is_measured(harness: Harness) -> None:
    assert exit_code(harness.run(SPRING)) is Exit.DONE
    assert not snapshot(harness).faces


def test_what_was_measured_by_another_model_is_measured_again() -> None:
    one, same = take(SPRING, KEYS[0]), take(SPRING, KEYS[1])
    other = take(SPRING, KEYS[2], sha256="x")
    gone = take(SPRING, KEYS[3], image=None)
    assert find_unmeasured([one, same, other, gone], []) == [one, other]
    assert find_unmeasured([one, other], [FaceMeasure("x", none=NoFace.NONE)]) == [one]
    old = FaceMeasure("x", none=NoFace.NONE, model="older")
    assert find_unmeasured([other], [old]) == [other]


# --- a face that differs holds what would be bought on it -----------------------------------------

RULE = LikenessRule(hold=0.4)
CHAIN = campaign(look("a", likeness=RULE), look("b", on="a"), look("c", on="b"), look("d"))


def states(harness: Harness) -> dict[str, list[str]]:
    return {key: [str(take.state) for take in harness.takes(key)] for key in "abcd"}


def test_nothing_is_bought_on_a_wrong_face_before_a_person_agrees(harness: Harness) -> None:
    harness.faces = FakeFaces(0.5, a=0.5)
    assert exit_code(harness.run(CHAIN)) is Exit.PERSON
    assert states(harness) == {"a": ["fetched"], "b": [], "c": [], "d": ["fetched"]}
    waiting = make_plan(CHAIN, snapshot(harness))
    told = {action.key: (str(action.action), action.waiting) for action in waiting.actions}
    assert told["b"] == told["c"] == ("blocked", 1)
    assert (waiting.count, waiting.waiting, float(waiting.waiting_cost)) == (0, 2, 2.0)
    reason = next(action.reason for action in waiting.actions if action.key == "b")
    assert "waits for approval of a#1: its face is 0.50 from its base's" in reason
    known = snapshot(harness)
    assert [one.label for one in find_awaited(make_plan(CHAIN, known), known)] == ["a#1"]
    document = plan_document(waiting)
    jsonschema.validate(document, schema("plan"))
    assert document["waiting"] == {"count": 2, "cost_usd": 2.0}
    assert exit_code(harness.run(CHAIN)) is Exit.PERSON
    decide(harness, ReviewState.REJECTED, 1.0, "not her")
    assert exit_code(harness.run(CHAIN)) is Exit.PERSON
    assert harness.session is not None
    assert harness.session.look_report is not None
    assert "a#1, which was rejected: not her" in harness.session.look_report.explain("b")
    decide(harness, ReviewState.APPROVED, 2.0)
    assert exit_code(harness.run(CHAIN)) is Exit.DONE
    assert states(harness) == {key: ["fetched"] for key in "abcd"}


def decide(harness: Harness, state: ReviewState, at: float, reason: str | None = None) -> None:
    ledger = harness.open()
    take = ledger.picked("a")
    assert take is not None
    anyio.run(ledger.record_reviews, [(take.uid, Review(state, reason, at=at))])
    ledger.close()


def test_an_approval_that_is_withdrawn_during_a_run_holds_what_was_not_sent_yet(
    harness: Harness,
) -> None:
    harness.faces = FakeFaces(0.5, a=0.5)
    harness.run(campaign(look("a", likeness=RULE)))
    decide(harness, ReviewState.APPROVED, 1.0)
    wide = campaign(look("a", likeness=RULE), *(look(f"on-{n}", on="a") for n in range(3)))

    async def withdraw(context: RunContext) -> None:
        while not context.ledger.takes_of("on-0"):  # noqa: ASYNC110 - no event tells of it
            await anyio.sleep(0.5)
        assert isinstance(context.ledger, LedgerFile)
        (take,) = context.ledger.takes_of("a")
        await context.ledger.record_reviews([(take.uid, Review(at=2.0))])

    outcome = harness.run(wide, concurrency=1, meanwhile=withdraw)
    assert exit_code(outcome) is Exit.PERSON
    assert outcome.approvals == ("on-1", "on-2")
    assert [len(harness.takes(f"on-{n}")) for n in range(3)] == [1, 0, 0]


def test_a_face_that_is_alike_or_cannot_be_told_holds_nothing(harness: Harness) -> None:
    harness.faces = FakeFaces(0.5, a=0.3)
    assert exit_code(harness.run(CHAIN)) is Exit.DONE
    later = campaign(*CHAIN.looks[1:], look("turned", likeness=RULE), look("on-it", on="turned"))
    harness.faces.faceless = {"turned#1"}
    assert exit_code(harness.run(later)) is Exit.DONE
    assert [take.state for take in harness.takes("on-it")] == ["fetched"]


def test_a_rule_that_comes_later_measures_what_is_there_before_it_buys(harness: Harness) -> None:
    assert exit_code(harness.run(campaign(look("a")))) is Exit.DONE
    harness.faces = FakeFaces(0.5, a=0.5)
    assert exit_code(harness.run(CHAIN)) is Exit.PERSON
    assert states(harness)["b"] == []
    assert set(harness.faces.asked) >= {"base#1", "a#1"}


@pytest.mark.parametrize("gone", [set(), {"z#1"}])
def test_a_chain_that_begins_with_a_look_of_no_manifest_any_more_is_held_all_the_same(
    harness: Harness, gone: set[str]
) -> None:
    harness.run(campaign(look("z", on=None), look("y", on="z"), look("a", on="y")))
    harness.faces = FakeFaces(0.5, a=0.5)
    harness.faces.gone = gone
    later = campaign(look("y"), look("a", on="y", likeness=RULE), look("c", on="a"))
    outcome = harness.run(later, asked=ResolvedOptions(selected=frozenset({"c"})))
    assert exit_code(outcome) is Exit.PERSON
    assert states(harness)["c"] == []
    assert {"a#1", "z#1"} - gone <= set(harness.faces.asked)


def test_a_face_that_cannot_be_measured_is_a_question_and_no_purchase(harness: Harness) -> None:
    harness.faces = FakeFaces(0.5)
    harness.faces.gone = {"a#1"}
    assert exit_code(harness.run(CHAIN)) is Exit.PERSON
    assert states(harness)["b"] == []
    assert harness.session is not None
    report = harness.session.look_report
    assert report is not None
    assert report.unmeasured == {"a#1"}
    why = "waits for approval of a#1: the face of a#1 could not be measured"
    assert report.explain("b") == why
    harness.faces.gone = set()
    assert exit_code(harness.run(CHAIN)) is Exit.DONE


def test_a_person_who_approved_a_take_needs_no_measure_of_it(harness: Harness) -> None:
    harness.faces = FakeFaces(0.5)
    harness.faces.gone = {"a#1"}
    harness.run(CHAIN)
    decide(harness, ReviewState.APPROVED, 1.0)
    assert exit_code(harness.run(CHAIN)) is Exit.DONE
    assert states(harness)["b"] == ["fetched"]


def test_another_take_that_is_picked_is_judged_by_its_own_face(harness: Harness) -> None:
    harness.faces = FakeFaces(0.5, **{"a#1": 0.5, "a#2": 0.1})
    harness.run(CHAIN)
    assert exit_code(harness.run(CHAIN, asked=ResolvedOptions(reroll={"a": 1}))) is Exit.PERSON
    ledger = harness.open()
    anyio.run(ledger.pick, "a", harness_take(ledger, "a", 2))
    ledger.close()
    assert exit_code(harness.run(CHAIN)) is Exit.DONE
    assert states(harness) == {
        "a": ["fetched"] * 2,
        "b": ["fetched"],
        "c": ["fetched"],
        "d": ["fetched"],
    }


def harness_take(ledger: LedgerFile, look: str, number: int) -> str:
    return next(take.uid for take in ledger.takes_of(look) if take.number == number)


# --- a face that counts as a failure --------------------------------------------------------------

AGAIN = LikenessRule(hold=0.4, retry=True)
REPAIRED = campaign(look("a", likeness=AGAIN, retries=2), look("b", on="a"))
OTHER = FileImage(Path("/nowhere/b.png"), "b.png", "cd" * 32, "image/png", 10, 1024, 1024)


def labels(harness: Harness, key: str) -> list[str]:
    return [f"{take.label} {take.state}" for take in harness.takes(key)]


def test_a_wrong_face_is_bought_again_as_often_as_retries_says_and_what_is_right_is_picked(
    harness: Harness,
) -> None:
    harness.faces = FakeFaces(0.5, **{"a#1": 0.5, "a#2": 0.6, "a#3": 0.1})
    told = make_plan(REPAIRED, Snapshot())
    assert (float(told.cost), float(told.worst_case)) == (3.0, 5.0)
    assert exit_code(harness.run(REPAIRED)) is Exit.DONE
    assert labels(harness, "a") == ["a#1 fetched", "a#2 fetched", "a#3 fetched"]
    known = snapshot(harness)
    pick = known.pick("a")
    assert pick is not None
    assert pick.label == "a#3"
    (b,) = harness.takes("b")
    assert b.reference_id == pick.avatar_id
    causes = [(str(cause), why) for _, cause, why in CauseFinder(known).find("a")]
    assert causes[1] == ("failed before", "the face of a#1 counted as a failure")
    settled = make_plan(REPAIRED, known)
    assert (settled.count, settled.changes) == (0, False)


def test_when_every_retry_shows_another_face_a_person_is_asked_and_nothing_more_is_bought(
    harness: Harness,
) -> None:
    harness.faces = FakeFaces(0.5, a=0.5)
    assert exit_code(harness.run(REPAIRED)) is Exit.PERSON
    assert len(harness.takes("a")) == 3
    assert not harness.takes("b")
    assert exit_code(harness.run(REPAIRED)) is Exit.PERSON
    assert len(harness.takes("a")) == 3
    decide(harness, ReviewState.APPROVED, 1.0)
    assert exit_code(harness.run(REPAIRED)) is Exit.DONE
    assert len(harness.takes("a")) == 3


def test_a_rule_that_comes_later_is_priced_before_it_buys_again(harness: Harness) -> None:
    harness.faces = FakeFaces(0.5, **{"a#1": 0.5, "a#2": 0.1})
    plain = campaign(look("a"), look("b", on="a"))
    assert exit_code(harness.run(plain)) is Exit.DONE
    told = make_plan(REPAIRED, snapshot(harness))
    actions = {action.key: (str(action.action), action.reason) for action in told.actions}
    assert actions["a"] == ("create", "the face of a#1 counts as a failure; bought again")
    assert actions["b"] == ("stale", "reference a will have a new take")
    assert (float(told.cost), float(told.worst_case)) == (1.0, 2.0)
    assert exit_code(harness.run(REPAIRED)) is Exit.DONE
    known = snapshot(harness)
    assert known.picks["a"] == known.takes["a"][1].uid
    assert make_plan(REPAIRED, known).count == 0


def test_a_retry_that_fails_leaves_the_wrong_face_to_a_person(harness: Harness) -> None:
    harness.faces = FakeFaces(0.5, a=0.5)
    once = campaign(look("a", likeness=AGAIN, retries=1), look("b", on="a"))

    async def spoil(context: RunContext) -> None:
        while len(context.ledger.takes_of("a")) < 2:  # noqa: ASYNC110 - no event tells of it
            await anyio.sleep(0.5)
        harness.api.fate["Sarah — a"] = "failed"

    assert exit_code(harness.run(once, meanwhile=spoil)) is Exit.PERSON
    assert labels(harness, "a") == ["a#1 fetched", "a#2 failed"]
    assert not harness.takes("b")


def test_of_several_candidates_only_a_wrong_pick_is_replaced(harness: Harness) -> None:
    harness.faces = FakeFaces(0.5, **{"a#1": 0.1, "a#2": 0.5, "a#3": 0.1})
    two = campaign(look("a", likeness=AGAIN, retries=1, takes=2), look("b", on="a"))
    assert exit_code(harness.run(two)) is Exit.DONE
    assert len(harness.takes("a")) == 3
    pick = snapshot(harness).pick("a")
    assert pick is not None
    assert pick.label in ("a#1", "a#3")  # the second one was the pick where it came first


def test_a_take_of_an_earlier_base_is_out_of_date_and_no_failure_whatever_its_face(
    harness: Harness,
) -> None:
    harness.faces = FakeFaces(0.5, **{"base#2": 0.5, "a#2": 0.0})
    a = look("a", likeness=AGAIN, retries=2)
    assert exit_code(harness.run(campaign(a))) is Exit.DONE
    edited = campaign(photo()._replace(photo=OTHER), a)
    for _ in range(2):  # with the new base, and when there is nothing to buy
        assert exit_code(harness.run(edited)) is Exit.DONE
        assert labels(harness, "a") == ["a#1 fetched"]
    told = {action.key: action for action in make_plan(edited, snapshot(harness)).actions}
    assert (str(told["a"].action), told["a"].reason) == ("stale", "reference base has a new take")
    # Made from the new base it is a failure: as often as `retries` says it is bought again.
    harness.run(edited, asked=ResolvedOptions(cascade=frozenset("a")))
    assert labels(harness, "a") == [f"a#{number} fetched" for number in range(1, 5)]


def test_a_wrong_face_of_a_base_that_is_being_replaced_is_not_bought_again(
    harness: Harness,
) -> None:
    harness.faces = FakeFaces(0.5, **{"a#1": 0.5})
    assert exit_code(harness.run(campaign(look("a")))) is Exit.DONE
    edited = campaign(photo()._replace(photo=OTHER), *REPAIRED.looks[1:])
    told = {action.key: action for action in make_plan(edited, snapshot(harness)).actions}
    assert (str(told["a"].action), told["a"].reason) == (
        "stale",
        "reference base will have a new take",
    )
    harness.run(edited)
    assert labels(harness, "a") == ["a#1 fetched"]
