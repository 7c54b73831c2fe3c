"""Distances between faces: to the root of a chain, to the reference, and why there is none."""

import math
from dataclasses import replace
from typing import Any

import pytest

from runner.face_measures import FaceBox, FaceMeasure, NoFace, compute_distance
from runner.model import LikenessRule, LookKind, PictureKind
from runner.policy.likeness import (
    CALIBRATED,
    FaceComparer,
    Likeness,
    NoLikeness,
    Thresholds,
    resolve_thresholds,
)
from runner.takes import Snapshot, Take, TakeState

BOX = FaceBox(0.25, 0.1, 0.5, 0.4)


def measure(name: str, apart: float = 0.0, **more: Any) -> FaceMeasure:
    """Return a face that lies so far from the one at 0."""
    return replace(FaceMeasure.of_numbers(name, [apart, *[0.0] * 127], BOX), **more)


def made(look: str, reference: str | None = None, number: int = 1, **more: Any) -> Take:
    """Return a take whose picture's checksum is its label."""
    return replace(
        Take(f"{look}-{number}", look, number, LookKind.PROMPT, "i", "{}", None),
        state=TakeState.FETCHED,
        avatar_id=f"id-{look}-{number}",
        sha256=f"{look}#{number}",
        reference_look=reference,
        reference_id=f"id-{reference}-1" if reference else None,
        **more,
    )


def ledger(*takes: Take, faces: dict[str, float | NoFace], **picks: str) -> Snapshot:
    """Return a ledger with these takes, and with faces at these places, or without."""
    by_look: dict[str, tuple[Take, ...]] = {}
    for take in takes:
        by_look[take.look] = (*by_look.get(take.look, ()), take)
    measures = {
        name: FaceMeasure(name, none=at) if isinstance(at, NoFace) else measure(name, at)
        for name, at in faces.items()
    }
    first = {look: of_look[0].uid for look, of_look in by_look.items()}
    return Snapshot(takes=by_look, picks=first | picks, faces=measures)


CHAIN = (made("base"), made("a", "base"), made("b", "a"))


def test_a_chain_that_drifts_step_by_step_is_seen_from_its_root() -> None:
    faces = FaceComparer(ledger(*CHAIN, faces={"base#1": 0, "a#1": 0.2, "b#1": 0.4}))
    assert faces.compare(CHAIN[0]) == Likeness(none=NoLikeness.ROOT)
    assert faces.compare(CHAIN[1]) == Likeness(0.2, 0.2)
    assert faces.compare(CHAIN[2]) == Likeness(0.4, 0.2)


def test_the_root_is_its_pick_and_the_reference_is_the_take_that_it_was_made_from() -> None:
    takes = (made("base"), made("base", number=2), made("a", "base"))
    known = ledger(*takes, faces={"base#1": 0, "base#2": 0.5, "a#1": 0.1}, base="base-2")
    assert FaceComparer(known).compare(takes[2]) == Likeness(0.4, 0.1)


@pytest.mark.parametrize(
    ("faces", "expected"),
    [
        ({"base#1": 0, "a#1": 0.1}, None),
        ({"b#1": NoFace.SEVERAL}, Likeness(none=NoFace.SEVERAL)),
        ({"b#1": 0.1}, Likeness(none=NoLikeness.WAITING)),
        ({"base#1": NoFace.NONE, "b#1": 0.1}, Likeness(none=NoLikeness.REFERENCE)),
        ({"base#1": NoFace.NONE, "a#1": 0.1, "b#1": 0.3}, Likeness(None, 0.2)),
        ({"base#1": 0, "a#1": NoFace.SMALL, "b#1": 0.3}, Likeness(0.3, None)),
    ],
)
def test_what_cannot_be_compared_is_an_answer(
    faces: dict[str, float | NoFace], expected: Likeness | None
) -> None:
    assert FaceComparer(ledger(*CHAIN, faces=faces)).compare(CHAIN[2]) == expected


def test_a_literal_id_is_followed_as_far_as_the_ledger_knows_it() -> None:
    base = made("base")
    inside = replace(made("a"), reference_id="id-base-1")
    outside = replace(made("b"), reference_id="look_of_somebody")
    after = made("c", "b")
    known = ledger(base, inside, outside, after, faces=dict.fromkeys(("base#1", "a#1", "b#1"), 0.1))
    faces = FaceComparer(known)
    assert faces.compare(inside) == Likeness(0.0, 0.0)
    assert faces.compare(outside) == Likeness(none=NoLikeness.OUTSIDE)
    circle = (replace(made("a"), reference_id="id-b-1"), replace(made("b"), reference_id="id-a-1"))
    faces = FaceComparer(ledger(*circle, faces={"a#1": 0, "b#1": 0.1}))
    assert faces.compare(circle[0]) == Likeness(None, 0.1)


def test_measures_of_another_model_are_as_good_as_none() -> None:
    old = measure("a#1", model="older")
    known = replace(
        ledger(*CHAIN, faces={"base#1": 0}), faces={"base#1": measure("base#1"), "a#1": old}
    )
    assert FaceComparer(known).compare(CHAIN[1]) is None
    assert compute_distance(measure("base#1"), old) is None


def test_thresholds_follow_the_kind_of_picture_and_nothing_is_held_unless_asked() -> None:
    photos, drawings = (CALIBRATED[kind] for kind in PictureKind)
    assert resolve_thresholds(None, simulated=False) == Thresholds(photos.warn)
    assert resolve_thresholds(None, simulated=True) == Thresholds(drawings.warn)
    rule = LikenessRule("default", "default", PictureKind.DRAWINGS)
    assert resolve_thresholds(rule, simulated=False) == drawings
    assert resolve_thresholds(LikenessRule(hold=0.2), simulated=False) == Thresholds(0.2, 0.2)
    assert resolve_thresholds(LikenessRule(warn=0.4), simulated=True) == Thresholds(0.4)


def test_a_measure_survives_being_written() -> None:
    numbers = [math.sin(n) / 4 for n in range(128)]
    one = FaceMeasure.of_numbers("x", numbers, BOX)
    assert FaceMeasure.from_facts(one.to_facts()) == one
    exact = math.dist(numbers, [0.0] * 128)
    assert compute_distance(one, measure("y")) == pytest.approx(exact, abs=0.001)
    none = FaceMeasure("x", none=NoFace.SMALL, box=BOX)
    assert FaceMeasure.from_facts(none.to_facts()) == none


@pytest.mark.parametrize(
    "broken",
    [
        {"descriptor": "?"},
        {"descriptor": "AAAA"},
        {"descriptor": 5},
        {"none": "x"},
        {},
        {"none": None},
    ],
)
def test_what_is_no_measure_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever reads the ledger names the file
        FaceMeasure.from_facts({"sha256": "x", "model": "m", **broken})
