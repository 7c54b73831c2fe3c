"""The ledger as the executor knows it (``runner.executor.ports.Ledger``), on whatever backend.

Each method is one durable transaction. A reservation is checked and committed in the same one, by
the only writer there is, so concurrency cannot leak through a ceiling.
"""

import os
import socket
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from runner.errors import UsageError
from runner.executor.ports import Entropy, Intent, OverBudget
from runner.face_measures import FaceMeasure
from runner.ledger.backend import Backend, Elsewhere
from runner.ledger.database import open_for_writing
from runner.ledger.events import Note, price_facts, to_facts
from runner.ledger.sqlite import SqliteBackend
from runner.ledger.state import Operation, Probe, Send, Store
from runner.ledger.writer import GroupCommit, InlineCommit, Writer
from runner.model import LookKind
from runner.plan.renames import KeyRenames, rename_picks, rename_take
from runner.policy.budget import Ceilings, find_exceeded_ceiling, reserved_amount
from runner.policy.lifecycle import Event
from runner.policy.picking import becomes_pick
from runner.reviews import NOT_REVIEWED, Review
from runner.takes import (
    Account,
    AccountFacts,
    Doubled,
    MeasuredPrice,
    PriceState,
    Snapshot,
    Take,
    TakeState,
)
from runner.video_facts import VideoFacts

RENAMED_FIELDS = ("look", "reference_look", "ingredients", "identity")
"""The fields of a take that follow a renamed look key."""

INTERRUPTED = "the run ended before an answer was seen"


class CampaignLedger:
    """The open ledger of one campaign and the run that writes it. Close it when the run is over.

    ``inline`` commits each operation by itself in the calling thread; else a thread commits what is
    queued together.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        now: Callable[[], float],
        entropy: Entropy,
        ceilings: Ceilings | None = None,
        failpoint: Probe | None = None,
        inline: bool = False,
    ) -> None:
        self._entropy = entropy
        self._now = now
        self.ceilings = ceilings or Ceilings()
        self.store = Store(backend, now=now, failpoint=failpoint)
        self._writer: Writer = InlineCommit(self.store) if inline else GroupCommit(self.store)

    # --- the run ------------------------------------------------------------------------------

    def begin(self, account: Account, campaign: str, facts: Mapping[str, Any]) -> str:
        """Start a run: claim the ledger, and call every send without an answer unknown.

        Return the run's id. ``facts`` say what was asked for (ceilings, command).
        """
        run = self._entropy.uid()

        def start(store: Store) -> None:
            store.run = run
            store.spent_in_run = store.spent_in_run * 0
            if not store.meta():
                store.put_meta(
                    {
                        "campaign": campaign,
                        "host": account.host,
                        "user": account.user,
                        "simulated": "true" if account.simulated else "false",
                    }
                )
            elif store.account() != account:
                raise UsageError(f"This ledger is {store.meta()['host']}/{store.meta()['user']}'s.")
            elif store.meta().get("campaign") != campaign:
                store.put_meta({"campaign": campaign})
            process = {"host": socket.gethostname(), "pid": os.getpid()}
            store.emit(Note.RUN_STARTED, {"run": run, **process, "owner": store.meta(), **facts})
            for take in [*store.state.takes.values()]:
                if take.state is TakeState.SUBMITTING:
                    store.emit(Event.LOST, {"error_message": INTERRUPTED}, take.uid)

        self._now_on_disk(start)
        return run

    def end(self, facts: Mapping[str, Any]) -> None:
        """End the run, with what it came to."""
        self._now_on_disk(lambda store: store.emit(Note.RUN_ENDED, dict(facts)))

    def note_wallet(self, facts: Mapping[str, Any]) -> None:
        """Remember what the wallet showed before and after this run (USD or credits)."""
        self._now_on_disk(lambda store: store.emit(Note.WALLET, dict(facts)))

    async def note_price(
        self, kind: LookKind, measured: MeasuredPrice, *, takes: Sequence[str] = ()
    ) -> None:
        """Commit what the wallet showed that a generation of a kind costs.

        ``takes`` are the uids of those that are known to have cost that, and not what was planned.
        """

        def operation(store: Store) -> None:
            store.emit(Note.PRICE_MEASURED, price_facts(kind, measured))
            for uid in takes:
                store.emit(Note.REPRICED, {"price": str(measured.usd)}, uid)

        await self._writer.write(operation)

    def _now_on_disk(self, operation: Operation) -> None:
        """Carry out one operation in a transaction of its own; raises what it raised."""
        (result,) = self.store.transact([operation])
        if isinstance(result, Exception):
            raise result

    def close(self) -> None:
        """Finish what is queued and close the backend."""
        self._writer.close()
        self.store.close()

    # --- reading ------------------------------------------------------------------------------

    @property
    def elsewhere(self) -> Elsewhere | None:
        """Return what knows the account's campaigns that live with this one; None for a file."""
        return None

    def snapshot(self) -> Snapshot:
        """Return everything that is known now."""
        return self.store.snapshot()

    def take(self, uid: str) -> Take:
        """Return one take as it is now."""
        return self.store.state.takes[uid]

    def picked(self, look: str) -> Take | None:
        """Return the picked take of a look as it is now."""
        return self.store.state.takes.get(self.store.state.picks.get(look, ""))

    def takes_of(self, look: str) -> Sequence[Take]:
        """Return the takes of one look as they are now, without making a snapshot of everything."""
        return self.store.takes_of(look)

    @property
    def spent_in_run(self) -> Decimal:
        """What the takes of the run hold, in USD."""
        return self.store.spent_in_run

    def room(self) -> Decimal | None:
        """Return what the ceilings leave for new reservations, in USD; None without a ceiling."""
        rooms = []
        if self.ceilings.run is not None:
            rooms.append(self.ceilings.run - self.spent_in_run)
        if self.ceilings.campaign is not None:
            rooms.append(self.ceilings.campaign - self.store.spent)
        return min(rooms, default=None)

    def asset(self, sha256: str) -> str | None:
        """Return the asset id of a file's content, if this account has it."""
        return self.store.state.assets.get(sha256)

    def review(self, uid: str) -> Review:
        """Return what a person decided about a take, as it is now."""
        return self.store.state.reviews.get(uid, NOT_REVIEWED)

    def face(self, sha256: str) -> FaceMeasure | None:
        """Return what was measured in a picture of this content; None where nothing was."""
        return self.store.state.faces.get(sha256)

    @property
    def wallet(self) -> dict[str, Any] | None:
        """Return what the wallet showed before and after the last run; None where nobody looked."""
        return self.store.state.wallet

    def keys(self) -> set[str]:
        """Return every idempotency key that a take has, or ever had here."""
        return self.store.keys()

    def position(self) -> str:
        """Name what the ledger holds now; the same text means that nothing has happened since."""
        return self.store.position()

    def was_at(self, position: str) -> bool:
        """Return whether this very ledger once was at a position, and holds all it held then."""
        return self.store.was_at(position)

    @property
    def honours_keys(self) -> bool:
        """Return whether the account was never seen to make a second look for one key.

        Neither by this ledger nor by another one of the folder.
        """
        return not self.store.state.doubled and self.distrusted_by is None

    @property
    def distrusted_by(self) -> str | None:
        """Return which other ledger saw that keys are not honoured, if none here withdrew that."""
        facts = self.store.learned
        if facts.keys_ignored_at is None or self.store.trusted_at >= facts.keys_ignored_at:
            return None
        return facts.keys_ignored_by

    def learn(self, facts: AccountFacts) -> None:
        """Go by what the other ledgers of the folder learned of the account; nothing is written."""
        self.store.learn(facts)

    def is_imported(self, uid: str) -> bool:
        """Return whether what a take became is known from a results file alone."""
        return uid in self.store.imported

    def listed_before(self, uid: str) -> frozenset[str]:
        """Return the strangers that were listed on the account before a take's first send."""
        return self.store.listed_before(uid)

    @property
    def accepted(self) -> frozenset[str]:
        """Return the strangers which a person said to buy beside."""
        return frozenset(self.store.listed()[1])

    @property
    def strangers(self) -> frozenset[str]:
        """Return the looks of which a person said that no send of this ledger made them."""
        return frozenset(self.store.listed()[2])

    def is_found(self, uid: str) -> bool:
        """Return whether a search found what a take became, or a person said it: no answer did."""
        return self.store.is_found(uid)

    def body(self, uid: str) -> bytes:
        """Return the stored body of a take, byte for byte."""
        return self.store.body(uid)

    @property
    def run(self) -> str | None:
        """Return the id of the run that writes; None before one began."""
        return self.store.run

    @property
    def last_event_at(self) -> float:
        """Return the latest time that any event was written at, in Unix seconds."""
        return self.store.state.last_at

    # --- the executor's writes ----------------------------------------------------------------

    async def intend(self, intent: Intent) -> Take:
        """Reserve price and place, commit key and body. Raises OverBudget or AccountBusy."""

        def operation(store: Store) -> Take:
            self._admit(store, intent.kind, intent.price, earlier=None)
            uid = intent.take or self._entropy.uid()
            known = store.state.takes.get(uid)
            facts: dict[str, Any] = {
                "look": intent.look,
                "number": _number_for(store, intent.look, known),
                "kind": intent.kind,
                "identity": intent.identity,
                "ingredients": intent.ingredients,
                "name": intent.name,
                "price": str(intent.price),
                "run": store.run,
                "replaces": intent.replaces,
                "reroll": intent.reroll,
                "reference_look": intent.reference_look,
                "reference_id": intent.reference_id,
                "group_wanted": intent.group_wanted,
                "key": intent.key,
                "body_sha256": store.put_body(intent.body),
                "sent_at": self._now() if intent.sent_at is None else intent.sent_at,
                "resent_at": None,
                "attempts": (known.attempts if known else 0) + 1,
                "error_code": None,
                "error_message": None,
            }
            return _require_take(store.emit(Event.INTENDED, facts, uid))

        return await self._write(Send(operation))

    async def resend(self, uid: str, *, at: float | None = None) -> Take:
        """Commit that a stored body leaves again; this run holds its price. Raises OverBudget.

        ``at`` is when, in Unix seconds, where that is not what this machine's clock shows.
        """

        def operation(store: Store) -> Take:
            take = store.state.takes[uid]
            self._admit(store, take.kind, take.price, earlier=take)
            facts = {
                "run": store.run,
                "attempts": take.attempts + 1,
                "resent_at": self._now() if at is None else at,
            }
            return _require_take(store.emit(Event.RESENT, facts, uid))

        return await self._write(Send(operation, resent=uid))

    async def note_refusal(self, retry_after: float | None) -> bool:
        """Commit a 429 of the account; return False where its pace is this run's own to keep."""
        if self.store.backend.pacer is None:
            return False
        await self._writer.write(lambda store: store.note_refusal(retry_after))
        return True

    async def record(
        self, uid: str, event: Event, facts: Mapping[str, Any], *, wanted: bool = True
    ) -> Take:
        """Commit one event of a take, and the pick that follows from it.

        A take that is not ``wanted`` any more never becomes the pick.
        """

        def operation(store: Store) -> Take:
            told = dict(facts)
            video = told.pop("video", None)
            take = _require_take(store.emit(event, told, uid))
            if video and take.avatar_id:
                _note_video(store, take.avatar_id, VideoFacts.from_facts(video))
            if event in (Event.COMPLETED, Event.RECOVERED) and wanted:
                _pick_if_due(store, take)
            return take

        return await self._write(operation)

    async def adopt(self, take: Take, video: VideoFacts | None = None) -> Take:
        """Commit a look that exists already: completed, and paid by nobody here."""

        def operation(store: Store) -> Take:
            if video is not None and take.avatar_id:
                _note_video(store, take.avatar_id, video)
            number = _next_number(store, take.look)
            facts = to_facts(take) | {"number": number, "run": store.run}
            for derived in ("uid", "state", "billing"):
                del facts[derived]
            moved = _require_take(store.emit(Event.ADOPTED, facts, take.uid))
            store.emit(Note.PICKED, {"look": moved.look, "take": moved.uid})
            return moved

        return await self._write(operation)

    async def pick(self, look: str, uid: str) -> None:
        """Make one take the picked one; free."""
        await self._writer.write(lambda store: store.emit(Note.PICKED, {"look": look, "take": uid}))

    async def follow(self, moves: KeyRenames) -> None:
        """Commit that looks have other keys now: their takes, and what references them, follow.

        Takes keep their numbers, unless those are used up under the new key: an older look of that
        name may have left pictures.
        """

        def operation(store: Store) -> None:
            used = dict(store.state.numbers)
            picks = rename_picks(store.state.picks, moves)
            for take in [*store.state.takes.values()]:
                moved = rename_take(take, moves)
                if moved != take:
                    facts = {name: getattr(moved, name) for name in RENAMED_FIELDS}
                    if moved.look != take.look and moved.look in used:
                        facts["number"] = used[moved.look] + take.number
                    store.emit(Note.MOVED, facts, take.uid)
            for look, uid in picks.items():  # where keys were exchanged, one pick hid another
                if store.state.picks.get(look) != uid:
                    store.emit(Note.PICKED, {"look": look, "take": uid})

        await self._writer.write(operation)

    async def import_takes(self, takes: Sequence[tuple[Take, bool]]) -> None:
        """Commit what another ledger of this account knew, and which are picked: all or nothing.

        Half of it would be worse than none: the rest would be bought again.
        """

        def operation(store: Store) -> None:
            for take, picked in takes:
                store.emit(Note.IMPORTED, to_facts(take), take.uid)
                if picked:
                    store.emit(Note.PICKED, {"look": take.look, "take": take.uid})

        await self._writer.write(operation)

    async def note_listed(self, ids: Collection[str], accepted: Collection[str] = ()) -> None:
        """Remember strangers that the account holds, each once, before anything is sent.

        ``accepted`` are those of which a person said that they are not this campaign's.
        """

        def operation(store: Store) -> None:
            known, said, _strangers = store.listed()
            facts = {"ids": sorted({*ids} - known), "accepted": sorted({*accepted} - said)}
            if any(facts.values()):
                store.emit(Note.LISTED, facts)

        await self._writer.write(operation)

    async def note_strangers(self, ids: Collection[str]) -> None:
        """Commit that a person says of looks that no send of this ledger made them."""

        def operation(store: Store) -> None:
            new = sorted({*ids} - store.listed()[2])
            if new:
                store.emit(Note.LISTED, {"ids": [], "accepted": new, "strangers": new})

        await self._writer.write(operation)

    async def note_doubled(self, looks: Collection[Doubled]) -> None:
        """Commit that the account does not honour keys: these looks show it, and are held."""

        def operation(store: Store) -> None:
            for look in looks:
                if look.look_id not in store.state.doubled:
                    facts = {"look_id": look.look_id, "name": look.name, "take": look.take}
                    store.emit(Note.KEYS_IGNORED, facts | {"price": str(look.price)})

        await self._writer.write(operation)

    def unchecked_replays(self) -> list[Take]:
        """Return the takes that were sent again, and whose keys were not checked late enough."""
        return self.store.unchecked_replays()

    async def note_checked(self, uid: str) -> None:
        """Commit that a list that was late enough shows what a take's key made."""

        def operation(store: Store) -> None:
            resent_at = store.state.takes[uid].resent_at
            if resent_at is not None and resent_at != store.state.checked.get(uid):
                store.emit(Note.KEYS_CHECKED, {"take": uid, "resent_at": resent_at})

        await self._writer.write(operation)

    def ever_doubled(self) -> frozenset[str]:
        """Return every look that was ever noted as doubled, also where that was withdrawn."""
        return self.store.ever_doubled()

    async def trust_keys(self, by: str) -> None:
        """Withdraw that the account does not honour keys; ``by`` says who or what shows it."""
        await self._writer.write(lambda store: store.emit(Note.KEYS_TRUSTED, {"by": by}))

    async def note_face(self, measure: FaceMeasure) -> None:
        """Commit what was measured in a picture, unless it is known already."""

        def operation(store: Store) -> None:
            if store.state.faces.get(measure.sha256) != measure:
                store.emit(Note.FACE_MEASURED, measure.to_facts())

        await self._writer.write(operation)

    async def note_videos(self, videos: Mapping[str, VideoFacts]) -> None:
        """Commit what looks say of videos, by look id, where that is not known."""

        def operation(store: Store) -> None:
            for look_id, video in videos.items():
                if look_id not in store.state.videos:
                    _note_video(store, look_id, video)

        await self._writer.write(operation)

    async def forget_faces(self) -> int:
        """Erase everything that was measured of faces, for good; return how many pictures."""
        found = self.store.forget_faces()
        facts = {"count": found}
        await self._writer.write(lambda store: store.emit(Note.FACES_FORGOTTEN, facts))
        return found

    async def record_reviews(self, reviews: Iterable[tuple[str, Review]]) -> None:
        """Commit what people decided about takes, by uid, all at once."""

        def operation(store: Store) -> None:
            for uid, review in reviews:
                if store.state.reviews.get(uid, NOT_REVIEWED) != review:
                    store.emit(Note.REVIEWED, {"take": uid, **review.to_facts()})

        await self._writer.write(operation)

    async def save_asset(self, sha256: str, asset_id: str) -> None:
        """Remember that the account has a file's content."""
        facts = {"sha256": sha256, "asset_id": asset_id}
        await self._writer.write(lambda store: store.emit(Note.ASSET_SAVED, facts))

    async def forget_asset(self, asset_id: str) -> None:
        """Forget an upload that the account no longer has."""
        await self._writer.write(
            lambda store: store.emit(Note.ASSET_FORGOTTEN, {"asset_id": asset_id})
        )

    async def _write(self, operation: Callable[[Store], Take]) -> Take:
        result: Take = await self._writer.write(operation)
        return result

    def _admit(self, store: Store, kind: LookKind, price: Decimal, *, earlier: Take | None) -> None:
        """Check a reservation against the ceilings. ``earlier`` is the same take's own, if any."""
        here = earlier is not None and earlier.run == store.run
        run = store.spent_in_run + price - (reserved_amount(earlier) if here else 0)
        campaign = store.spent + price - reserved_amount(earlier)
        refused = find_exceeded_ceiling(self.ceilings, run=run, campaign=campaign)
        if refused is None and self.ceilings.operator is not None:
            refused = self._refuse_below_list(store, kind, run, earlier)
        if refused is not None:
            raise OverBudget(*refused)

    def _refuse_below_list(
        self, store: Store, kind: LookKind, run: Decimal, earlier: Take | None
    ) -> tuple[str, Decimal, Decimal] | None:
        """Return how ``--max-cost`` would be broken at list price, while a lower one is open."""
        limit = self.ceilings.operator
        prices = store.state.prices
        open_kinds = {
            kind: more
            for kind, more in self.ceilings.surcharge.items()
            if kind not in prices or prices[kind].state is not PriceState.CONFIRMED
        }
        if limit is None or not open_kinds:
            return None
        mine = [take.kind for take in store.state.takes.values() if take.run == store.run]
        if earlier is None or earlier.run != store.run:
            mine.append(kind)
        counted = run + sum((open_kinds.get(kind, Decimal(0)) for kind in mine), Decimal(0))
        return ("--max-cost, at list price,", limit, counted) if counted > limit else None


class LedgerFile(CampaignLedger):
    """A ledger in an SQLite file."""

    def __init__(self, path: Path, **settings: Any) -> None:
        connection = open_for_writing(path)
        try:
            super().__init__(SqliteBackend(connection, path), **settings)
        except BaseException:
            connection.close()
            raise


def _note_video(store: Store, look_id: str, video: VideoFacts) -> None:
    if store.state.videos.get(look_id) != video:
        store.emit(Note.VIDEO_SHOWN, {"look_id": look_id, **video.to_facts()})


def _pick_if_due(store: Store, take: Take) -> None:
    pick = store.state.takes.get(store.state.picks.get(take.look, ""))
    if becomes_pick(take, pick):
        store.emit(Note.PICKED, {"look": take.look, "take": take.uid})


def _number_for(store: Store, look: str, known: Take | None) -> int:
    """Return a take's number; one that is sent anew keeps its own only while it is the latest."""
    latest = store.state.numbers.get(look, 0)
    return latest if known is not None and known.number == latest else latest + 1


def _next_number(store: Store, look: str) -> int:
    return store.state.numbers.get(look, 0) + 1


def _require_take(take: Take | None) -> Take:
    if take is None:
        raise TypeError("an event of a take gives a take")
    return take
