"""What a ledger remembers of faces."""

import sqlite3
from pathlib import Path

import pytest

from runner.face_measures import FaceBox, FaceMeasure, NoFace
from runner.ledger.events import Entry
from runner.ledger.integrity import check_tables
from runner.ledger.ledger import LedgerFile
from runner.ledger.sqlite import SqliteBackend
from runner.reviews import Review, ReviewState
from tests.ledger.history import replay_events
from tests.ledger.names import Ticking

FACE = FaceMeasure.of_numbers("ab" * 32, [0.125] * 128, FaceBox(0.25, 0.125, 0.5, 0.375))


async def test_a_content_is_measured_once(ledger: LedgerFile, path: Path, ticking: Ticking) -> None:
    before = ledger.position()
    await ledger.note_face(FACE)
    assert ledger.position() != before  # results and catalog are made anew
    events = len([*ledger.store.history.events()])
    await ledger.note_face(FACE)
    assert len([*ledger.store.history.events()]) == events
    none = FaceMeasure("cd" * 32, none=NoFace.NONE)
    await ledger.note_face(none)
    ledger.close()
    again = LedgerFile(path, now=ticking.now, entropy=ticking, inline=True)
    assert dict(again.snapshot().faces) == {FACE.sha256: FACE, none.sha256: none}
    again.close()


def test_an_accepted_face_of_an_older_ledger_is_an_approval() -> None:
    accepted = Entry(5.0, None, None, "face_accepted", {"take": "u", "accepted": True, "by": "Ada"})
    state = replay_events([accepted])
    assert state.reviews == {"u": Review(ReviewState.APPROVED, by="Ada", at=5.0)}
    withdrawn = Entry(6.0, None, None, "face_accepted", {"take": "u", "accepted": False})
    assert replay_events([accepted, withdrawn]).reviews["u"].state is ReviewState.UNDECIDED


async def test_what_is_forgotten_is_in_no_byte_of_the_ledger_and_can_be_measured_again(
    ledger: LedgerFile, path: Path, ticking: Ticking
) -> None:
    await ledger.note_face(FACE)
    secret = FACE.to_facts()["descriptor"].encode()
    before = ledger.position()
    assert await ledger.forget_faces() == 1
    assert ledger.position() != before
    assert not ledger.snapshot().faces
    ledger.close()
    left = b"".join(file.read_bytes() for file in path.parent.iterdir() if file.is_file())
    assert secret not in left
    again = LedgerFile(path, now=ticking.now, entropy=ticking, inline=True)
    check_tables(again.store.backend, again.store.state)
    with pytest.raises(sqlite3.Error, match="append-only"):
        sqlite_of(again).execute("UPDATE events SET facts = '{}'")
    assert await again.forget_faces() == 0
    await again.note_face(FACE)
    assert again.snapshot().faces[FACE.sha256] == FACE
    again.close()


def sqlite_of(ledger: LedgerFile) -> sqlite3.Connection:
    assert isinstance(ledger.store.backend, SqliteBackend)
    return ledger.store.backend.connection
