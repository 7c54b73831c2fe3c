"""``lookbook faces``: the least alike first, once for each picture, and without the extra."""

import json
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from click.testing import CliRunner

from runner.cli.commands import faces as module
from runner.cli.context import Context
from runner.cli.face_report import explain_faces
from runner.cli.review_view import describe_face
from runner.errors import UsageError
from runner.executor.ports import Faces
from runner.face_measures import FaceBox, FaceMeasure
from runner.ledger.ledger import LedgerFile
from runner.model import LikenessRule
from runner.plan import plan
from runner.plan.selection import list_candidates, select
from runner.policy.lifecycle import Event
from runner.reviews import Review, ReviewState
from runner.takes import Account, Snapshot
from tests.executor.harness import FakeFaces, campaign
from tests.executor.harness import look as make_look
from tests.ledger.names import Ticking, intent
from tests.plan.made import held
from tests.plan.made import take as make_take

MANIFEST = """\
version: 1
campaign: spring
base: {name: Sarah, prompt: "A woman in a studio, in her 30s, smiling, a navy blazer"}
looks:
  office: {prompt: "Wearing a navy blazer, modern office, morning light"}
  street: {prompt: "Wearing a trench coat, rainy street, dusk"}
"""


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """A campaign whose ledger has a picture of each look."""
    path = tmp_path / "spring.yaml"
    path.write_text(MANIFEST)
    return path


async def fill(manifest: Path) -> None:
    ticking = Ticking()
    folder = manifest.with_suffix(".lookbook")
    ledger = LedgerFile(folder / "ledger.sqlite", now=ticking.now, entropy=ticking, inline=True)
    ledger.begin(Account("api.example", "me"), "spring", {})
    for number, look in enumerate(("base", "office", "street")):
        reference = {} if look == "base" else {"reference_look": "base", "reference_id": "id-base"}
        take = await ledger.intend(intent(look, key=ticking.key(), **reference))
        await ledger.record(take.uid, Event.ACCEPTED, {"avatar_id": f"id-{look}"})
        await ledger.record(take.uid, Event.COMPLETED, {"completed_at": 5.0})
        image = {"image": f"images/{look}.1.png", "sha256": f"{number}" * 64}
        await ledger.record(take.uid, Event.FETCHED, image | {"width": 800, "height": 600})
    ledger.close()


def invoke(manifest: Path, measuring: Faces | None, *arguments: str, code: int = 0) -> str:
    context = Context(faces=lambda _folder, _at_once: measuring)
    done = CliRunner().invoke(module.command, [str(manifest), *arguments], obj=context)
    failed = done.exception if not isinstance(done.exception, SystemExit) else None
    if code:
        return str(failed)
    assert failed is None, done.exc_info
    return done.output


def test_the_least_alike_comes_first_and_each_picture_is_measured_once(
    manifest: Path,
) -> None:
    anyio.run(fill, manifest)
    measuring = FakeFaces(0.0, office=0.2, street=0.7)

    told = invoke(manifest, measuring)
    assert "Measuring 3 pictures, a few seconds" in told
    looks = ("base", "office", "street")
    rows = [line.split() for line in told.splitlines() if line.startswith(looks)]
    assert [row[0] for row in rows] == ["street", "office", "base"]
    assert rows[0][1:3] == ["0.70", "0.70"]
    assert "may be another face: beyond 0.50" in told
    assert "2 faces compared, 1 may differ" in told
    assert "a hint, not a verdict" in told
    results = json.loads((manifest.with_suffix(".lookbook") / "results.json").read_text())
    assert results["looks"][2]["likeness"]["differs"] is True
    street = results["looks"][2]["takes"][0]
    assert describe_face(street) == {
        **dict.fromkeys(("base", "reference"), 0.7),
        "warn": 0.5,
        "hold": None,
        "differs": True,
        "held": False,
        "none": None,
        "crop": pytest.approx([0.075, -0.00625, 0.85, 0.6375]),
        "shape": pytest.approx(0.85 * 800 / (0.6375 * 600)),
    }
    assert "Measuring" not in invoke(manifest, measuring)
    assert len(measuring.asked) == 3


def test_without_the_extra_a_line_says_what_is_missing(manifest: Path) -> None:
    anyio.run(fill, manifest)

    assert "lookbook-runner[faces]" in invoke(manifest, None, code=2)
    some = FakeFaces(0.0)
    some.gone = {"street#1"}
    told = invoke(manifest, some)
    assert "Not measured, because the file is gone or was changed: street#1." in told
    told = invoke(manifest, None)
    assert "1 picture not measured. Measuring faces needs an extra" in told
    assert "office" in told


RULE = LikenessRule(0.3, 0.4, retry=True)
SPRING = campaign(
    *(make_look(key, likeness=RULE) for key in ("far", "near", "alike", "approved", "new"))
)
PLACES = {"base": 0.0, "far": 0.5, "near": 0.375, "alike": 0.125, "approved": 0.5}


def known_faces() -> Snapshot:
    takes = [make_take(SPRING, key, sha256=key) for key in PLACES]
    box = FaceBox(0.25, 0.125, 0.5, 0.375)
    faces = {
        key: FaceMeasure.of_numbers(key, [at, *[0.0] * 127], box) for key, at in PLACES.items()
    }
    approved = {"approved-1": Review(ReviewState.APPROVED, at=1.0)}
    return replace(held(*takes), faces=faces, reviews=approved)


def test_looks_are_chosen_by_the_face_of_their_pick() -> None:
    known = known_faces()
    looks = list_candidates(plan(SPRING, known), known)
    assert select(looks, ["face:differs"]) == {"far", "near"}
    assert select(looks, ["face:held"]) == {"far"}
    assert select(looks, ["face:alike"]) == {"alike", "approved"}
    assert select(looks, ["face:unknown"]) == {"base", "new"}
    with pytest.raises(UsageError) as wrong:
        select(looks, ["face:different"])
    assert "Did you mean differs?" in str(wrong.value.hint)


def test_a_look_tells_its_distances_and_the_rule_that_applies() -> None:
    known = known_faces()
    actions = {action.key: action for action in plan(SPRING, known).actions}
    told = {key: explain_faces(actions[key], known.takes.get(key, ()), known) for key in actions}
    assert told["far"].startswith(
        "Faces (warn beyond 0.30, hold beyond 0.40, and bought again):\n"
        "  far#1 0.50 from the base, 0.50 from its reference: what references it waits for approval"
    )
    assert "may be another face" in told["near"]
    assert "alike, approved by a person" in told["approved"]
    assert "base#1 what the others are compared with" in told["base"]
    assert told["new"] == ""
