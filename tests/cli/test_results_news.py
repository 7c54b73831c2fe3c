"""What results.json tells of sends that are undecided here."""

from dataclasses import replace

import pytest

from runner.cli import results_news
from runner.takes import Billing, Take, TakeState
from tests.executor.harness import campaign, look
from tests.plan.made import held, take

SPRING = campaign(look("navy"))
LOST = replace(
    take(SPRING, "navy"),
    state=TakeState.UNKNOWN,
    billing=Billing.UNKNOWN,
    avatar_id=None,
    group_id=None,
    image=None,
    sha256=None,
    key="key-1",
)
TOLD = replace(take(SPRING, "navy"), uid="navy#1", key="key-1", avatar_id="look-9")


@pytest.mark.parametrize("state", [TakeState.UNKNOWN, TakeState.SUBMITTING, TakeState.PLANNED])
def test_a_send_that_is_undecided_here_becomes_the_look_that_results_name(state: TakeState) -> None:
    here = replace(LOST, state=state)
    ((decided, picked),) = results_news.decided_by([(TOLD, True)], held(take(SPRING, "base"), here))
    assert (decided.uid, decided.number) == (here.uid, here.number)
    assert (decided.avatar_id, decided.state, decided.image) == (
        "look-9",
        TakeState.FETCHED,
        TOLD.image,
    )
    assert decided.billing is Billing.BILLED
    assert picked


@pytest.mark.parametrize(
    ("here", "told"),
    [
        (replace(take(SPRING, "navy"), key="key-1"), TOLD),
        (LOST, replace(TOLD, key="key-2")),
        (LOST, replace(TOLD, state=TakeState.UNKNOWN, avatar_id=None)),
        (LOST, replace(TOLD, state=TakeState.FAILED, billing=Billing.NONE, avatar_id=None)),
        (LOST, replace(TOLD, avatar_id="id-base-1")),
    ],
    ids=["decided here", "another key", "unknown there", "names no look", "another take's look"],
)
def test_nothing_else_is_decided_by_results(here: Take, told: Take) -> None:
    assert results_news.decided_by([(told, True)], held(take(SPRING, "base"), here)) == []


def test_what_a_rebuild_elsewhere_found_is_the_lost_sends_look_and_no_second_take() -> None:
    """The rebuild knew no key; the send here would become the same look under its own."""
    found = replace(TOLD, key=None, billing=Billing.ASSUMED)
    other = replace(found, uid="navy#2", number=2, avatar_id="look-10")
    decided, added = results_news.find_news(
        [(found, True), (other, False)],
        held(take(SPRING, "base"), LOST),
        keys={"key-1"},
        names=iter(["new"]),
    )
    assert [(now.uid, now.avatar_id, now.billing) for now, _ in decided] == [
        (LOST.uid, "look-9", Billing.ASSUMED)
    ]
    assert [now.avatar_id for now, _ in added] == ["look-10"]


@pytest.mark.parametrize(
    ("key", "keys", "added"),
    [("key-2", {"key-1", "key-2"}, 1), ("key-1", {"key-1"}, 0), ("key-2", {"key-2"}, 0)],
    ids=["sent anew since", "still undecided", "decided here"],
)
def test_a_look_of_a_send_that_was_given_up_is_taken_in(
    key: str, keys: set[str], added: int
) -> None:
    """``key`` is what the take has now; key-1 became a look, as results.json says."""
    here = replace(LOST, key=key) if key == "key-1" else replace(take(SPRING, "navy"), key=key)
    told = TOLD if added or key == "key-1" else replace(TOLD, key="key-2")
    found = results_news.find_unknown_takes(
        [(told, True)], held(here), keys=keys, names=iter(["new"])
    )
    assert len(found) == added


def test_a_take_that_gets_another_number_here_comes_without_its_picture() -> None:
    """The name of its picture is that of the take which has its old number, now or in time."""
    under_way = replace(LOST, state=TakeState.PROCESSING, billing=Billing.BILLED, avatar_id="ours")
    first = replace(TOLD, key="key-2", image="images/navy.1.png")
    second = replace(first, key="key-3", number=2, avatar_id="look-10", image="images/navy.2.png")
    added = results_news.find_unknown_takes(
        [(first, True), (second, False)],
        held(under_way),
        keys={"key-1"},
        names=iter(["a", "b"]),
    )
    assert [(now.number, now.state, now.image) for now, _ in added] == [
        (2, TakeState.COMPLETED, None),
        (3, TakeState.COMPLETED, None),
    ]
    other = replace(second, number=7, image="images/navy.7.png")
    ((kept, _),) = results_news.find_unknown_takes(
        [(other, False)], held(under_way), keys={"key-1"}, names=iter(["c"])
    )
    assert (kept.number, kept.image) == (7, "images/navy.7.png")
