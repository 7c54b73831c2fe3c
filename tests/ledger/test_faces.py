"""What a ledger remembers of faces."""

from pathlib import Path

from runner.face_measures import FaceBox, FaceMeasure, NoFace
from runner.ledger.ledger import LedgerFile
from tests.ledger.names import Ticking, intent

FACE = FaceMeasure.of_numbers("ab" * 32, [0.125] * 128, FaceBox(0.25, 0.125, 0.5, 0.375))


async def test_a_content_is_measured_once_and_an_accepted_face_can_be_taken_back(
    ledger: LedgerFile, path: Path, ticking: Ticking
) -> None:
    take = await ledger.intend(intent("a"))
    before = ledger.position()
    await ledger.note_face(FACE)
    assert ledger.position() != before  # results and catalog are made anew
    events = len([*ledger.store.events()])
    await ledger.note_face(FACE)
    assert len([*ledger.store.events()]) == events
    none = FaceMeasure("cd" * 32, none=NoFace.NONE)
    await ledger.note_face(none)
    await ledger.accept_face(take.uid, by="Ada")
    await ledger.accept_face(take.uid)
    assert ledger.snapshot().faces_accepted == {take.uid}
    ledger.close()
    again = LedgerFile(path, now=ticking.now, entropy=ticking, inline=True)
    assert dict(again.snapshot().faces) == {FACE.sha256: FACE, none.sha256: none}
    assert again.snapshot().faces_accepted == {take.uid}
    await again.accept_face(take.uid, accepted=False)
    assert not again.snapshot().faces_accepted
    again.close()
