"""What is noted beside the events of takes: of the account, of pictures, and of what people say."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TypeVar

from runner.face_measures import FaceMeasure
from runner.ledger.events import Note
from runner.ledger.facts import price_facts
from runner.ledger.state import Store
from runner.ledger.view import LedgerView
from runner.ledger.writer import Writer
from runner.model import LookKind
from runner.reviews import NOT_REVIEWED, Review
from runner.takes import Doubled, MeasuredPrice
from runner.video_facts import VideoFacts

T = TypeVar("T")


class LedgerNotes(LedgerView):
    """An open ledger (``runner.executor.ports.Ledger``): notes, committed one by one."""

    def __init__(self, store: Store, writer: Writer, *, is_remote: bool = False) -> None:
        super().__init__(store)
        self._writer = writer
        self._is_remote = is_remote

    async def wait_for(self, call: Callable[[], T]) -> T:
        """Return what a call gives; where the ledger is far away, in a thread.

        Who is cancelled meanwhile does not wait for the call's end.
        """
        if not self._is_remote:
            return call()
        from anyio.to_thread import run_sync  # as late as this: most ledgers are files

        return await run_sync(call, abandon_on_cancel=True)

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

    async def note_listed(self, ids: Collection[str], accepted: Collection[str] = ()) -> None:
        """Remember strangers that the account holds, each once, before anything is sent.

        ``accepted`` are those of which a person said that they are not this campaign's.
        """
        known, said, _strangers = await self.wait_for(self.store.history.listed)
        facts = {"ids": sorted({*ids} - known), "accepted": sorted({*accepted} - said)}
        if any(facts.values()):
            await self._writer.write(lambda store: store.emit(Note.LISTED, facts))

    async def note_strangers(self, ids: Collection[str]) -> None:
        """Commit that a person says of looks that no send of this ledger made them."""
        _known, _said, strangers = await self.wait_for(self.store.history.listed)
        if new := sorted({*ids} - strangers):
            facts = {"ids": [], "accepted": new, "strangers": new}
            await self._writer.write(lambda store: store.emit(Note.LISTED, facts))

    async def note_doubled(self, looks: Collection[Doubled]) -> None:
        def operation(store: Store) -> None:
            for look in looks:
                if look.look_id not in store.state.doubled:
                    facts = {"look_id": look.look_id, "name": look.name, "take": look.take}
                    store.emit(Note.KEYS_IGNORED, facts | {"price": str(look.price)})

        await self._writer.write(operation)

    async def note_checked(self, uid: str) -> None:
        def operation(store: Store) -> None:
            resent_at = store.state.takes[uid].resent_at
            if resent_at is not None and resent_at != store.state.checked.get(uid):
                store.emit(Note.KEYS_CHECKED, {"take": uid, "resent_at": resent_at})

        await self._writer.write(operation)

    async def trust_keys(self, by: str) -> None:
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
                    put_video(store, look_id, video)

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
        await self._writer.write(
            lambda store: store.emit(Note.ASSET_FORGOTTEN, {"asset_id": asset_id})
        )


def put_video(store: Store, look_id: str, video: VideoFacts) -> None:
    """Write what a look says of videos, where it did not say just that before."""
    if store.state.videos.get(look_id) != video:
        store.emit(Note.VIDEO_SHOWN, {"look_id": look_id, **video.to_facts()})
