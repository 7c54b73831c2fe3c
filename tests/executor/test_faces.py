"""Faces are measured beside a run: each content once, never in its way, and only where it can."""

from pathlib import Path

import pytest

from runner.executor.face_measuring import MAX_TAIL, find_unmeasured
from runner.face_measures import FaceMeasure, NoFace
from runner.policy.exit_codes import Exit, exit_code
from runner.policy.likeness import FaceComparer, Likeness
from runner.takes import Snapshot
from tests.executor.harness import FakeFaces, Harness, campaign, look
from tests.plan.made import take

KEYS = [f"look-{number}" for number in range(4)]
SPRING = campaign(*map(look, KEYS))


@pytest.fixture
def harness(tmp_path: Path) -> Harness:
    made = Harness(tmp_path)
    made.images.size = (800, 600)
    return made


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
