"""How events become state: one pure fold, for every commit and for every rebuild.

Because there is only this one way, the derived tables cannot drift from the events; a test rebuilds
every take from its events and compares.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from runner.face_measures import FaceMeasure
from runner.ledger.facts import from_facts, price_of, with_changes
from runner.model import LookKind
from runner.policy.lifecycle import BILLING, Event, next_state
from runner.reviews import Review, ReviewState
from runner.takes import Doubled, MeasuredPrice, Take
from runner.video_facts import VideoFacts


class Note(StrEnum):
    """Events that are not about one take's lifecycle."""

    RUN_STARTED = "run_started"
    RUN_ENDED = "run_ended"
    WALLET = "wallet"
    PICKED = "picked"
    MOVED = "moved"
    IMPORTED = "imported"
    PRICE_MEASURED = "price_measured"
    REPRICED = "repriced"
    ASSET_SAVED = "asset_saved"
    ASSET_FORGOTTEN = "asset_forgotten"
    LISTED = "listed"
    """Ids of looks and groups that the account held before anything was sent, and nobody here knew:
    ``ids``, each once. ``accepted`` are those which a person said to buy beside, ``strangers``
    those of which a person said that no send of ours made them, whenever they were listed."""
    KEYS_IGNORED = "keys_ignored"
    """A replay made a second look: ``runner.takes.Doubled``. Nothing is replayed from then on."""
    KEYS_TRUSTED = "keys_trusted"
    """That is withdrawn: by a person (``by``), or because another ledger has the look."""
    FACE_MEASURED = "face_measured"
    """What was measured in a picture: ``runner.face_measures.FaceMeasure``, once for a content."""
    FACES_FORGOTTEN = "faces_forgotten"
    """Every measure before was erased on request: ``count`` of them."""
    FACE_ACCEPTED = "face_accepted"
    """As ``reviewed``, of ledgers of November 2026: ``take`` was approved, or not (``accepted``)
    any more, ``by`` where it is said."""
    REVIEWED = "reviewed"
    """A person decided about a take: ``take``, and the facts of ``runner.reviews.Review``."""
    VIDEO_SHOWN = "video_shown"
    """What a look says of videos: ``look_id``, and the facts of ``VideoFacts``."""
    KEYS_CHECKED = "keys_checked"
    """The group of a take that was sent again (``take``, ``resent_at``) was listed late enough."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of ``events``."""

    at: float
    run: str | None
    take: str | None
    kind: str
    facts: Mapping[str, Any]


class LedgerState:
    """Everything that the events say, as it is now. Changed only by ``apply_event``.

    ``numbers`` is the highest take number of each look key, so that a number is never used twice.
    The numbers that pictures are named by count as well: the pictures of a look whose key was
    renamed keep the old key's name, and a new look under that key must not write over them.
    ``checked`` says of takes that were sent again which of their replays was listed late enough.
    """

    def __init__(self) -> None:
        self.takes: dict[str, Take] = {}
        self.numbers: dict[str, int] = {}
        self.picks: dict[str, str] = {}
        self.assets: dict[str, str] = {}
        self.wallet: dict[str, Any] | None = None
        self.doubled: dict[str, Doubled] = {}
        self.checked: dict[str, float] = {}
        self.prices: dict[LookKind, MeasuredPrice] = {}
        self.faces: dict[str, FaceMeasure] = {}
        self.reviews: dict[str, Review] = {}
        self.videos: dict[str, VideoFacts] = {}
        self.last_at: float = 0.0

    def put(self, take: Take) -> None:
        """Keep a take as it is now."""
        self.takes[take.uid] = take
        self._use(take.look, take.number)
        if take.image is not None:
            for key, number in _named_by(take.image):
                self._use(key, number)

    def _use(self, key: str, number: int) -> None:
        if number > self.numbers.get(key, -1):
            self.numbers[key] = number


def apply_event(state: LedgerState, entry: Entry) -> Take | None:
    """Apply one event. Return the take it is about, as it is afterwards.

    Raises ImpossibleEvent when the lifecycle does not allow it; no take is then changed.
    """
    state.last_at = max(state.last_at, entry.at)
    if entry.take is None:
        _note(state, Note(entry.kind), entry)
        return None
    if entry.kind in (Note.IMPORTED, Note.MOVED, Note.REPRICED):
        return _place(state, entry)
    event = Event(entry.kind)
    known = state.takes.get(entry.take)
    changes = from_facts(entry.facts)
    if known is None:
        known = Take(uid=entry.take, **changes)
    changes["state"] = next_state(known.state, event)
    # A look that was found without an answer says so itself; older ledgers' events do not.
    changes.setdefault("billing", BILLING.get(event, known.billing))
    moved = with_changes(known, changes)
    state.put(moved)
    return moved


def _place(state: LedgerState, entry: Entry) -> Take:
    """Replace a take whole (an import), under another look key, or at another price."""
    changes = from_facts(entry.facts)
    known = state.takes.get(entry.take or "")
    take = with_changes(known, changes) if known is not None else Take(**changes)
    if known is not None and known.look != take.look and state.picks.get(known.look) == take.uid:
        del state.picks[known.look]
        state.picks[take.look] = take.uid
    state.put(take)
    return take


def _note(state: LedgerState, note: Note, entry: Entry) -> None:
    facts = entry.facts
    if note is Note.PICKED:
        state.picks[facts["look"]] = facts["take"]
    elif note is Note.ASSET_SAVED:
        state.assets[facts["sha256"]] = facts["asset_id"]
    elif note is Note.ASSET_FORGOTTEN:
        for sha256 in [s for s, asset in state.assets.items() if asset == facts["asset_id"]]:
            del state.assets[sha256]
    elif note is Note.WALLET:
        state.wallet = dict(facts)
    elif note is Note.KEYS_IGNORED:
        look_id, price = facts["look_id"], Decimal(facts["price"])
        state.doubled[look_id] = Doubled(look_id, facts["name"], facts["take"], price, entry.run)
    elif note is Note.KEYS_TRUSTED:
        state.doubled.clear()
    elif note is Note.KEYS_CHECKED:
        state.checked[facts["take"]] = facts["resent_at"]
    elif note is Note.PRICE_MEASURED:
        kind, measured = price_of(facts)
        state.prices[kind] = measured
    elif note in UNTABLED_NOTES:
        _note_untabled(state, note, entry)


def _note_untabled(state: LedgerState, note: Note, entry: Entry) -> None:
    facts = entry.facts
    if note is Note.FACE_MEASURED:
        state.faces[facts["sha256"]] = FaceMeasure.from_facts(facts)
    elif note is Note.VIDEO_SHOWN:
        state.videos[facts["look_id"]] = VideoFacts.from_facts(facts)
    else:
        state.reviews[facts["take"]] = _review_of(note, entry)


def _review_of(note: Note, entry: Entry) -> Review:
    facts = entry.facts
    if note is Note.REVIEWED:
        return Review.from_facts(facts)
    state = ReviewState.APPROVED if facts["accepted"] else ReviewState.UNDECIDED
    return Review(state, by=facts.get("by"), at=entry.at)


UNTABLED_NOTES = (Note.FACE_MEASURED, Note.FACE_ACCEPTED, Note.REVIEWED, Note.VIDEO_SHOWN)
"""What is known of faces and videos, and what people decided: no table is derived from it."""

FOLDED_NOTES = (
    Note.WALLET,
    Note.PRICE_MEASURED,
    Note.KEYS_IGNORED,
    Note.KEYS_TRUSTED,
    Note.KEYS_CHECKED,
    *UNTABLED_NOTES,
)
"""Notes that no table is derived from: what they say is folded when a ledger is opened."""


def find_highest_numbers(takes: Iterable[Take]) -> dict[str, int]:
    """Return the highest take number of each look key, counting those of picture names."""
    state = LedgerState()
    for take in takes:
        state.put(take)
    return state.numbers


def _named_by(image: str) -> list[tuple[str, int]]:
    """Return the look key and the take number in a picture's path, ``images/KEY.NUMBER.EXT``."""
    parts = image.rpartition("/")[2].rsplit(".", 2)
    return [(parts[0], int(parts[1]))] if len(parts) == 3 and parts[1].isdecimal() else []
