"""Carrying out a plan: as many jobs at once as the account allows, longest chain first.

A look is sent only when what it needs is usable. When one fails, what depends on it is held back
and everything else goes on. Nothing here knows HTTP or SQL.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import partial

import anyio
from anyio.abc import TaskGroup

from runner.executor.concurrency import RunStopped, unwrap_exception_group
from runner.executor.context import RunContext
from runner.executor.downloads import Downloads, find_unfetched
from runner.executor.intents import CannotSend, IntentBuilder
from runner.executor.look_report import Hold, LookReport
from runner.executor.poller import Poller
from runner.executor.ports import OverBudget
from runner.executor.price_probe import PriceProbe, SingleSend
from runner.executor.purchase import Buyer
from runner.executor.rate_gate import RateGate
from runner.executor.rename import rename
from runner.executor.resolve_unknown import UnknownResolver
from runner.executor.uploads import AssetCache, UploadFailed
from runner.model import FileImage
from runner.plan.model import Action, Plan, PlannedLook
from runner.policy.exit_codes import Outcome
from runner.policy.rate_limit import MAX_CONCURRENT_SENDS
from runner.policy.ready_queue import Job, Priority, ReadyQueue
from runner.takes import Billing, Snapshot, Take, TakeState

__all__ = ["Scheduler"]

MAX_CONSENT_REQUESTS = 3
"""How often one take may go back and forth between consent and processing in one run."""


class Scheduler:
    """One run of one plan. ``look_report`` says afterwards what became of every look."""

    def __init__(
        self, plan: Plan, context: RunContext, probe: PriceProbe, *, concurrency: int
    ) -> None:
        self._plan = plan
        self._context = context
        self._probe = probe
        self._concurrency = concurrency
        self._rate_gate = RateGate(context, self._wake)
        self._searcher = UnknownResolver(context)
        self._searcher.unwanted = plan.unwanted_in_flight
        self._buyer = Buyer(context, self._rate_gate, self._searcher)
        self._watcher = Poller(context, self._rate_gate, self._consented)
        self._collector = Downloads(context)
        self._uploads = AssetCache(context, self._rate_gate)
        self._preparer = IntentBuilder(context, self._uploads)
        self._actions = {action.key: action for action in plan.actions}
        self._board = ReadyQueue((), ())
        self._changed = anyio.Event()
        self._running = 0
        self._alone: Job | None = None
        """A generation that goes alone, while the wallet is read for it: nothing else starts."""
        self._next_alone: Job | None = None
        """One that will, as soon as nothing of ours can move the wallet any more."""
        self._deciding = 0
        """How many jobs are sending, or finding out what became of a send."""
        self._unsent: set[int] = set()
        self._open: Counter[str] = Counter()
        self._let_go: Counter[str] = Counter()
        self._consents: Counter[str] = Counter()
        self._retries = Counter({a.key: a.retries for a in plan.actions if a.retries})
        self._goals: dict[str, int] = {}
        self._spare: dict[str, list[str]] = {}
        self._parked: list[tuple[Job, str]] = []
        self._failures_in_a_row = 0
        self._fetches: TaskGroup | None = None
        self.look_report = LookReport(plan, self._searcher.findings, self._collector.problems)
        for key in plan.left_out:
            self.look_report.hold(key, Hold.BUDGET, self._actions[key].reason)

    async def execute(self) -> None:
        """Carry the plan out as far as it goes. Raises a LookbookError when the disk gives up."""
        if not self._plan.changes:
            await self._fetch_missing()
            return
        try:
            await self._prepare()
        except RunStopped:
            return
        with unwrap_exception_group():
            async with anyio.create_task_group() as fetches:
                self._fetches = fetches
                for take in await find_unfetched(self._context, thorough=False):
                    self._collector.soon(take, fetches)
                async with anyio.create_task_group() as polling:
                    polling.start_soon(self._watcher.poll_forever)
                    await self._work()
                    polling.cancel_scope.cancel()
        for job, reason in self._parked:
            self._conclude(job, Hold.BUDGET, reason)
        for take in await self._buyer.refusals.settle_forbidden():
            self.look_report.broken.add(take.look)
        await self._rename()

    async def _fetch_missing(self) -> None:
        """Fetch the pictures that are not on disk: all there is to do where nothing changes."""
        with unwrap_exception_group():
            async with anyio.create_task_group() as fetches:
                for take in await find_unfetched(self._context, thorough=False):
                    self._collector.soon(take, fetches)

    # --- before anything is sent --------------------------------------------------------------

    async def _prepare(self) -> None:
        """Carry out what is free and comes first.

        Follow renamed keys, pick again, adopt, search for strays.
        """
        context, plan = self._context, self._plan
        context.wanted = {a.key: a.identity for a in plan.actions if a.look and a.identity}
        if plan.moves:
            await context.ledger.follow(plan.moves)
        for action in plan.actions:
            if action.repick is not None:
                await context.ledger.pick(action.key, action.repick)
        await self._searcher.restore_trust()
        for uid in plan.unwanted_in_flight:
            take = context.ledger.take(uid)
            if take.unresolved:
                await self._searcher.settle(take)
        for action in plan.actions:
            if action.action is Action.ADOPT:
                await self._adopt(action)
        self._board = ReadyQueue(self._jobs(), self._usable())

    async def _adopt(self, action: PlannedLook) -> None:
        if action.look is None or action.identity is None:
            return
        try:
            take = await self._preparer.existing(action.look)
        except CannotSend as error:
            self.look_report.hold(action.key, Hold.FAILED, str(error))
            return
        identity, ingredients = action.identity, action.ingredients or ""
        await self._context.ledger.adopt(replace(take, identity=identity, ingredients=ingredients))

    def _usable(self) -> list[str]:
        """Return the looks that can be referenced now, as the manifest wants them."""
        return [action.key for action in self._plan.actions if self._is_usable(action.key)]

    def _is_usable(self, key: str) -> bool:
        """Return whether a look's pick is there and is not about to be replaced."""
        pick = self._context.ledger.picked(key)
        action = self._actions[key]
        if pick is None or (action.replacing and pick.uid == action.replaces):
            return False
        return pick.usable and pick.identity == action.identity

    def _jobs(self) -> list[Job]:
        """Return every job of the plan: what was sent before what will be."""
        ledger = self._context.ledger
        jobs: list[Job] = []
        unwanted_in_flight = [ledger.take(uid) for uid in self._plan.unwanted_in_flight]
        jobs += [Job(t.look, Priority.WATCH, t.uid) for t in unwanted_in_flight if t.pending]
        for action in self._plan.actions:
            if action.key in self.look_report.held:
                continue
            for take in (ledger.take(uid) for uid in action.under_way):
                step = Priority.WATCH if take.pending else Priority.REPLAY
                jobs.append(Job(action.key, step, take.uid, chain=action.chain))
            jobs += [
                Job(action.key, Priority.SEND, needs=action.needs, chain=action.chain)
                for _ in range(action.takes)
            ]
        self._open.update(job.look for job in jobs)
        known = ledger.snapshot()  # once: it holds everything that was ever bought
        self._goals = {a.key: self._goal(a, known) for a in self._plan.actions if a.retries}
        for key, takes in known.takes.items():
            if spare := [take.uid for take in takes if take.state is TakeState.PLANNED]:
                self._spare[key] = spare
        return jobs

    def _goal(self, action: PlannedLook, known: Snapshot) -> int:
        """Return how many takes a look is to have: the manifest's number, or what was asked for."""
        wanted = action.look.takes if action.look is not None else 0
        if not action.takes:
            return wanted
        good = _good(action, known.takes.get(action.key, ()))
        return max(wanted, good + len(action.under_way) + action.takes)

    # --- the work -----------------------------------------------------------------------------

    async def _work(self) -> None:
        """Start job after job, until none is left that can become ready."""
        with unwrap_exception_group():
            async with anyio.create_task_group() as jobs:
                while (job := await self._next()) is not None:
                    self._running += 1
                    if job.step is Priority.SEND:
                        self._unsent.add(id(job))
                    jobs.start_soon(self._carry, job)

    async def _carry(self, job: Job) -> None:
        try:
            await self._do(job)
        finally:
            self._running -= 1
            self._wake()

    async def _next(self) -> Job | None:
        """Wait for a place and a job for it; None when there will be no more.

        A job leaves the board only when it can be sent soon, as far as is known: which one is the
        most important is decided as late as possible.
        """
        while not self._context.stop.is_set():
            if self._running < self._concurrency and (job := self._choose()) is not None:
                return job
            if self._running == 0:
                return None
            try:
                await self._context.pause(None, until=self._changed)
            except RunStopped:
                return None
        return None

    def _choose(self) -> Job | None:
        """Return the job that may start now.

        A generation of a kind whose price the wallet has not confirmed waits until nothing else can
        be charged, and everything else waits while it is measured.
        """
        context = self._context
        if self._alone is not None:
            return None
        soon = (
            self._running < context.rate_limiter.places and len(self._unsent) < MAX_CONCURRENT_SENDS
        )
        sending = soon and not context.closing.is_set()
        if self._next_alone is None:
            job = self._board.take(sending=sending)
            if job is None or job.step is not Priority.SEND or not self._goes_alone(job):
                return job
            self._next_alone = job
            if self._may_be_charged():
                context.observer.said(
                    f"{job.look} waits until what is under way is done: it goes alone, because its "
                    "price is not confirmed yet."
                )
        if self._may_be_charged() or not sending:
            return self._board.take(sending=False) if context.closing.is_set() else None
        self._alone, self._next_alone = self._next_alone, None
        return self._alone

    def _may_be_charged(self) -> bool:
        """Return whether something of ours that is under way may still move the wallet."""
        settled = self._probe.charged_at_once and self._deciding == 0
        return self._running > 0 and not settled

    def _goes_alone(self, job: Job) -> bool:
        action = self._actions[job.look]
        return action.look is not None and self._probe.goes_alone(action.look.kind, action.price)

    def _measured(self, job: Job) -> None:
        """Release the other jobs: the wallet has been read for this one."""
        if self._alone is job:
            self._alone = None
            self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    async def _do(self, job: Job) -> None:
        """Carry out one job and publish its outcome."""
        try:
            take = await (self._measure(job) if self._alone is job else self._finish(job))
        except RunStopped:
            return
        except OverBudget as error:
            self._parked.append((job, str(error)))
        except (CannotSend, UploadFailed) as error:
            self._conclude(job, Hold.FAILED, str(error))
        else:
            self._hear(job, take)

    async def _measure(self, job: Job) -> Take:
        """Carry out a generation that goes alone, with the wallet read around it."""
        action = self._actions[job.look]
        try:
            if action.look is None:
                raise ValueError(f"{job.look} is not a look that can be bought")
            single = await self._probe.open(action.look.kind)
            take = await self._finish(job, single)
            await self._probe.close(single, take)
        finally:
            self._measured(job)
        return take

    async def _finish(self, job: Job, single: SingleSend | None = None) -> Take:
        """Return the take of a job once it is decided, or let go of."""
        self._deciding += 1
        try:
            take = await self._begin(job)
        finally:
            self._deciding -= 1
            self._left(job)
            if self._next_alone is not None:
                self._wake()
        if single is not None and await self._probe.look(single, take):
            self._measured(job)
        if take.pending:
            take = await self._watcher.until_decided(take)
            await self._searcher.check_keys(take)  # lists that lag have caught up by now
        return take

    async def _begin(self, job: Job) -> Take:
        if job.uid is not None:
            take = self._context.ledger.take(job.uid)
            return await self._buyer.replay(take) if job.step is Priority.REPLAY else take
        planned = self._actions[job.look]
        spare = self._spare.get(job.look)
        intent = await self._preparer.intent(planned, take=spare.pop() if spare else None)
        look = planned.look
        files = look is not None and any(
            isinstance(image, FileImage) for image in (look.photo, *look.images)
        )
        return await self._buyer.buy(
            intent,
            undecided=partial(self._left, job),
            renew=partial(self._preparer.renew, planned) if files else None,
        )

    def _left(self, job: Job) -> None:
        """Record that a job no longer waits to be sent: another one may."""
        if id(job) in self._unsent:
            self._unsent.remove(id(job))
            self._wake()

    def _hear(self, job: Job, take: Take) -> None:
        """Draw the consequences of where a take ended up."""
        if take.usable:
            self._failures_in_a_row = 0
            if self._fetches is not None:
                self._collector.soon(take, self._fetches)
            self._open[job.look] -= 1
            if self._is_usable(job.look):
                self._board.usable(job.look)
        elif take.uid in self._plan.unwanted_in_flight:
            self._open[job.look] -= 1  # nobody wants it any more, however it ended
        elif take.failed:
            self._failed(job, take)
            look = self._actions[job.look].look
            if look is not None and take.billing is Billing.NONE and self._fetches is not None:
                # Refused: perhaps an asset is gone from the account. Another try uploads it again.
                self._fetches.start_soon(self._uploads.forget, look)
        elif take.state is TakeState.PLANNED:
            self._conclude(job, Hold.UNSENT, take.error_message or "it could not be sent")
        else:
            # What waits for it stays on the board: a consent may still be given in this run.
            self._open[job.look] -= 1
            self._let_go[job.look] += 1
            self.look_report.hold(job.look, Hold.UNDER_WAY, f"{take.label} is {take.state}")
            if take.state is TakeState.PROCESSING and not self._context.stop.is_set():
                self._not_a_success(f"{take.label} stays in processing")
        if take.billing is Billing.NONE:
            self._unpark()

    def _unpark(self) -> None:
        """Try again what found no room under a ceiling: a reservation was given back."""
        for job, _reason in self._parked:
            self._board.add(job)
        self._parked.clear()

    def _failed(self, job: Job, take: Take) -> None:
        self.look_report.broken.add(job.look)
        self._not_a_success(take.error_message or "no reason given")
        action = self._actions[job.look]
        if self._retries[job.look] > 0 and self._lacks_one(action):
            self._retries[job.look] -= 1
            self._board.add(Job(job.look, Priority.SEND, needs=action.needs, chain=action.chain))
        else:
            self._conclude(job, Hold.FAILED, take.error_message or "it failed")

    def _not_a_success(self, reason: str) -> None:
        """Count; so many in a row mean that something is wrong with all of them."""
        self._failures_in_a_row += 1
        if self._failures_in_a_row >= self._context.retry_limits.failures:
            self._context.stop_because(
                f"{self._failures_in_a_row} looks in a row failed; the last: {reason}"
            )

    def _lacks_one(self, action: PlannedLook) -> bool:
        """Return whether a look has too few takes if nothing is bought for one that failed.

        A candidate of an earlier reroll, or one too many after an edit, is not bought again. What
        this run let go while it was under way may still come to something, and so may a send of
        unknown outcome that is one too many after an edit.
        """
        takes = self._context.ledger.takes_of(action.key)
        unwanted_in_flight = [take for take in takes if take.uid in self._plan.unwanted_in_flight]
        unwanted_in_flight = [
            take
            for take in unwanted_in_flight
            if take.in_flight and take.identity == action.identity
        ]
        coming = self._open[action.key] - 1 + self._let_go[action.key] + len(unwanted_in_flight)
        return _good(action, takes) + coming < self._goals[action.key]

    def _conclude(self, job: Job, hold: Hold, reason: str) -> None:
        """Finish one job; when it was its look's last, hold back what waits for that look."""
        self._open[job.look] -= 1
        self.look_report.hold(job.look, hold, reason)
        if self._open[job.look] > 0 or self._is_usable(job.look):
            return
        blocked = self._board.lost(job.look)
        for key in blocked:
            self.look_report.hold(key, hold, f"{job.look} is not usable: {reason}")
        if blocked:
            self._context.observer.looks_blocked(blocked, f"{job.look}: {reason}")

    def _consented(self, take: Take) -> None:
        """Wait for a look again: a person gave the consent while other work went on."""
        self._consents[take.uid] += 1
        if self._consents[take.uid] > MAX_CONSENT_REQUESTS:
            return
        self._open[take.look] += 1
        self._let_go[take.look] -= 1
        self.look_report.release(take.look)
        self._board.add(Job(take.look, Priority.WATCH, take.uid))
        self._wake()

    # --- afterwards ---------------------------------------------------------------------------

    async def _rename(self) -> None:
        """Rename looks at HeyGen to what the manifest says; free."""
        calls = []
        for action in self._plan.actions:
            pick = self._context.ledger.picked(action.key)
            if action.look is None or action.look.name is None or pick is None:
                continue
            if not action.selected:
                continue
            if pick.usable and pick.name != action.look.name and pick.identity == action.identity:
                calls.append(
                    partial(rename, self._context, pick, action.look.name, self.look_report)
                )
        for call in calls:
            if self._context.closing.is_set():
                return
            await call()

    def outcome(self) -> Outcome:
        """Sum up what the run came to."""
        context = self._context
        snapshot = context.ledger.snapshot()
        replayable = {
            take.uid
            for takes in snapshot.takes.values()
            for take in takes
            if take.unresolved
            and take.uid not in self._plan.unwanted_in_flight
            and context.key_is_alive(take)
        }
        return self.look_report.outcome(
            snapshot,
            account=context.account_trouble,
            stopped=context.stopped,
            price=context.price_trouble,
            interrupted=context.interrupted,
            replayable=replayable,
            now=context.clock.now(),
        )


def _good(action: PlannedLook, takes: Iterable[Take]) -> int:
    """Count the takes of a look that are there as the manifest wants them."""
    return sum(take.usable and take.identity == action.identity for take in takes)
