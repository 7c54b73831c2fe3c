"""The ledger as the executor knows it (``runner.executor.ports.Ledger``), on whatever backend.

Each method is one durable transaction. A reservation is checked and committed in the same one, by
the only writer there is, so concurrency cannot leak through a ceiling.
"""

import os
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.errors import UsageError
from runner.executor.ports import Entropy, Failpoint, Intent
from runner.ledger.backend import Backend, Elsewhere, KeepsDecisions, QueuedDecision
from runner.ledger.database import open_for_writing
from runner.ledger.events import Note
from runner.ledger.facts import to_facts
from runner.ledger.notes import LedgerNotes, put_video
from runner.ledger.reservations import (
    check_ceilings,
    check_month_ceilings,
    compute_resumed,
    compute_room,
)
from runner.ledger.sqlite import SqliteBackend
from runner.ledger.state import Store
from runner.ledger.transactions import Send, StoreOperation, Transactions
from runner.ledger.writer import GroupCommit, InlineCommit
from runner.plan.renames import KeyRenames, rename_picks, rename_take
from runner.policy.budget import Ceilings, CountedPrice
from runner.policy.lifecycle import Event
from runner.policy.picking import becomes_pick
from runner.takes import Account, Take, TakeState
from runner.video_facts import VideoFacts

if TYPE_CHECKING:
    import anyio

RENAMED_FIELDS = ("look", "reference_look", "ingredients", "identity")
"""The fields of a take that follow a renamed look key."""

INTERRUPTED = "the run ended before an answer was seen"


class CampaignLedger(LedgerNotes):
    """The open ledger of a campaign and the run that writes it (``runner.executor.ports.Ledger``).

    Close it when the run is over. ``inline`` commits each operation by itself in the calling
    thread; else a thread commits what is queued together. ``is_remote``: what is looked up in the
    backend may be waited for long.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        now: Callable[[], float],
        entropy: Entropy,
        ceilings: Ceilings | None = None,
        failpoint: Failpoint | None = None,
        inline: bool = False,
        is_remote: bool = False,
    ) -> None:
        self._entropy = entropy
        self._now = now
        self.ceilings = ceilings or Ceilings()
        store = Store(backend, now=now)
        self.transactions = Transactions(store, failpoint)
        commit = InlineCommit if inline else GroupCommit
        super().__init__(store, commit(self.transactions), is_remote=is_remote and not inline)

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
            self._count_prices(store)
            for take in [*store.state.takes.values()]:
                if take.state is TakeState.SUBMITTING:
                    store.emit(Event.LOST, {"error_message": INTERRUPTED}, take.uid)

        self._now_on_disk(start)
        return run

    def _count_prices(self, store: Store) -> None:
        """Commit what this campaign's takes count at against ceilings by month, for every asker.

        What the wallet showed meanwhile, to this campaign or another one, lowers it.
        """
        settled = [
            CountedPrice(kind, measured.usd, is_open=False)
            for kind, measured in store.snapshot().prices.items()
            if measured.is_settled
        ]
        for counted in (*self.ceilings.counted, *settled):
            store.count_at(counted)

    def end(self, facts: Mapping[str, Any]) -> None:
        self._now_on_disk(lambda store: store.emit(Note.RUN_ENDED, dict(facts)))

    def note_wallet(self, facts: Mapping[str, Any]) -> None:
        """Remember what the wallet showed before and after this run (USD or credits)."""
        self._now_on_disk(lambda store: store.emit(Note.WALLET, dict(facts)))

    def _now_on_disk(self, operation: StoreOperation) -> None:
        """Carry out one operation in a transaction of its own; raises what it raised."""
        (result,) = self.transactions.transact([operation])
        if isinstance(result, Exception):
            raise result

    def close(self) -> None:
        """Finish what is queued and close the backend."""
        self._writer.close()
        self.transactions.close()

    # --- reading ------------------------------------------------------------------------------

    async def keep_alive(self) -> None:
        """Show other machines that the event loop goes on; a file has its lock for that."""

    def computing(self) -> AbstractContextManager[None]:
        """Announce that the event loop computes for long."""
        return nullcontext()

    def await_place(self, since: float) -> "AbstractContextManager[anyio.Event]":  # noqa: ARG002 - nobody else is here
        """Return an event that nobody sets: whoever waits asks again by itself."""
        import anyio  # as late as this: most commands wait for nothing

        return nullcontext(anyio.Event())

    @property
    def elsewhere(self) -> Elsewhere | None:
        """Return what knows the account's campaigns that live with this one; None for a file."""
        return None

    def others_bought(self) -> bool:
        """Return whether campaigns that live with this one bought since it was opened."""
        return False

    async def read_decisions(self) -> Sequence[QueuedDecision]:
        """Return what people decided elsewhere meanwhile; where this is a file, nothing."""
        backend = self.store.backend
        if not isinstance(backend, KeepsDecisions):
            return ()
        return await self.wait_for(partial(self.store.ask, backend.queued_decisions))

    async def drop_decisions(self, ids: Sequence[int]) -> None:
        """Forget decisions that were taken in."""
        backend = self.store.backend
        if ids and isinstance(backend, KeepsDecisions):
            await self.wait_for(partial(self.store.ask, partial(backend.drop_decisions, ids)))

    @property
    def spent_in_run(self) -> Decimal:
        """What the takes of the run hold, in USD."""
        return self.store.spent_in_run

    @property
    def held_by_resumed(self) -> Decimal:
        """What the runs hold which this one resumes, in USD: it counts against its ceilings."""
        return compute_resumed(self.store, self.ceilings)

    def room(self) -> Decimal | None:
        return compute_room(self.store, self.ceilings)

    # --- the executor's writes ----------------------------------------------------------------

    async def intend(self, intent: Intent) -> Take:
        """Reserve price and place, commit key and body. Raises OverBudget or AccountBusy."""

        def operation(store: Store) -> Take:
            check_ceilings(store, self.ceilings, intent.kind, intent.price, earlier=None)
            check_month_ceilings(store, self.ceilings, intent.kind, intent.price)
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
            return store.move(Event.INTENDED, facts, uid)

        return await self._write(Send(operation))

    async def resend(self, uid: str, *, at: float | None = None) -> Take:
        """Commit that a stored body leaves again; this run holds its price. Raises OverBudget.

        ``at`` is when, in Unix seconds, where that is not what this machine's clock shows.
        """

        def operation(store: Store) -> Take:
            take = store.state.takes[uid]
            check_ceilings(store, self.ceilings, take.kind, take.price, earlier=take)
            facts = {
                "run": store.run,
                "attempts": take.attempts + 1,
                "resent_at": self._now() if at is None else at,
            }
            return store.move(Event.RESENT, facts, uid)

        return await self._write(Send(operation, resent=uid))

    async def note_refusal(self, retry_after: float | None) -> bool:
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
            take = store.move(event, told, uid)
            if video and take.avatar_id:
                put_video(store, take.avatar_id, VideoFacts.from_facts(video))
            if event in (Event.COMPLETED, Event.RECOVERED) and wanted:
                _pick_if_due(store, take)
            return take

        return await self._write(operation)

    async def adopt(self, take: Take, video: VideoFacts | None = None) -> Take:
        """Commit a look that exists already: completed, and paid by nobody here."""

        def operation(store: Store) -> Take:
            if video is not None and take.avatar_id:
                put_video(store, take.avatar_id, video)
            number = _next_number(store, take.look)
            facts = to_facts(take) | {"number": number, "run": store.run}
            for derived in ("uid", "state", "billing"):
                del facts[derived]
            moved = store.move(Event.ADOPTED, facts, take.uid)
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

    async def _write(self, operation: Callable[[Store], Take]) -> Take:
        result: Take = await self._writer.write(operation)
        return result


class LedgerFile(CampaignLedger):
    """A ledger in an SQLite file."""

    def __init__(self, path: Path, **settings: Any) -> None:
        connection = open_for_writing(path)
        try:
            super().__init__(SqliteBackend(connection, path), **settings)
        except BaseException:
            connection.close()
            raise


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
