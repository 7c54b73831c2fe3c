"""The results document as text: in pieces the same as in one, and of 20,000 looks."""

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from runner.canonical import sha256_hex
from runner.catalog.tables import list_rows
from runner.face_measures import FaceBox, FaceMeasure, NoFace
from runner.model import BASE, Campaign, LikenessRule
from runner.plan import plan
from runner.results.writer import results_document, serialize_results
from runner.reviews import Review, ReviewState
from runner.takes import Snapshot
from tests.executor.harness import campaign, look
from tests.plan.made import held, take

NAVY = look("navy")._replace(title='Two\n  "looks": []')
SPRING = campaign(NAVY, look("night", on="navy"))
NOTHING_LEFT = replace(SPRING, looks=())
LEDGERS = {
    "new": Snapshot(),
    "done": held(*(take(SPRING, key) for key in (BASE, "navy", "night"))),
    "half done": held(take(SPRING, BASE), take(SPRING, "navy")),
}


@pytest.mark.parametrize("ledger", LEDGERS)
@pytest.mark.parametrize("wanted", [SPRING, NOTHING_LEFT], ids=["looks", "orphans alone"])
def test_the_text_in_pieces_is_the_text_in_one(wanted: Campaign, ledger: str) -> None:
    snapshot = LEDGERS[ledger]
    whole = results_document(wanted, snapshot, plan(wanted, snapshot), None)
    text = json.dumps(whole, indent=2, ensure_ascii=False) + "\n"
    assert "".join(serialize_results(whole)) == text


def test_20_000_looks_are_planned_and_told_look_by_look() -> None:
    many = campaign(*(look(f"l{number}") for number in range(20_000)))
    made = plan(many, Snapshot())
    results = results_document(many, Snapshot(), made, None)
    assert (made.count, results["totals"]["looks"]) == (20_001, 20_001)
    pieces = [len(piece) for piece in serialize_results(results)]
    assert len(pieces) > 20_000
    assert max(pieces) < 2_000  # the text is never in one


SCHEMA = Path(__file__).parents[2] / "schemas" / "results.schema.json"


def test_likeness_is_told_of_looks_and_takes_under_the_thresholds_of_each_look() -> None:
    night = look("night", on="navy")._replace(likeness=LikenessRule(warn=0.1, hold=0.3))
    spring = campaign(NAVY, night, look("turned"), look("late"))
    places = {BASE: 0.0, "navy": 0.25, "night": 0.375}
    takes = [take(spring, key, sha256=sha256_hex(key.encode())) for key in (*places, "turned")]
    takes += [
        take(spring, "night", 2, sha256=sha256_hex(b"second")),
        take(spring, "late", sha256=sha256_hex(b"later")),
    ]
    box = FaceBox(0.25, 0.125, 0.5, 0.375)
    measured = [
        FaceMeasure.of_numbers(sha256_hex(key.encode()), [at, *[0.0] * 127], box)
        for key, at in {**places, "second": 0.5}.items()
    ]
    measured.append(FaceMeasure(sha256_hex(b"turned"), none=NoFace.NONE))
    faces = {measure.sha256: measure for measure in measured}
    snapshot = replace(
        held(*takes), faces=faces, reviews={"night-2": Review(ReviewState.APPROVED, at=1.0)}
    )
    results = results_document(spring, snapshot, plan(spring, snapshot), None)
    jsonschema.validate(results, json.loads(SCHEMA.read_text("utf-8")))
    told = {entry["look"]: entry.get("likeness") for entry in results["looks"]}
    limits = {"warn": 0.1, "hold": 0.3, "differs": True}
    assert told == {
        BASE: {"none": "root"},
        "navy": {"base": 0.25, "reference": 0.25, "warn": 0.5, "differs": False},
        "night": {"base": 0.375, "reference": 0.125, **limits, "held": True},
        "turned": {"none": "no_face"},
        "late": None,
    }
    first, second = results["looks"][2]["takes"]
    assert first["face"] == {"x": 0.25, "y": 0.125, "width": 0.5, "height": 0.375}
    assert second["likeness"] == {"base": 0.5, "reference": 0.25, **limits, "accepted": True}
    row = next(row for row in list_rows(results) if row["look"] == "night")
    assert (row["likeness_base"], row["face_differs"]) == (0.375, True)
