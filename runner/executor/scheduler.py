"""Execute a plan: as many jobs at a time as the account allows, longest chain first.

A look is sent only when what it needs is usable. When one fails, what depends on it is blocked and
everything else goes on. Nothing here knows HTTP or SQL.
"""

import anyio
from anyio.abc import TaskGroup

from runner.executor.admission import Admission
from runner.executor.concurrency import RunStopped, unwrap_exception_group
from runner.executor.context import RunContext
from runner.executor.downloads import Downloads, find_unfetched
from runner.executor.face_gate import FaceGate
from runner.executor.face_measuring import FaceMeasuring
from runner.executor.intents import CannotSend, IntentBuilder, NotApproved
from runner.executor.job_runner import JobRunner
from runner.executor.look_report import Hold, LookReport
from runner.executor.look_tracker import LookTracker
from runner.executor.poller import Poller
from runner.executor.ports import OverBudget
from runner.executor.preparation import prepare_run
from runner.executor.price_probe import PriceProbe
from runner.executor.purchase import Buyer
from runner.executor.rate_gate import RateGate
from runner.executor.rename import rename_looks
from runner.executor.resolve_unknown import UnknownResolver
from runner.executor.uploads import AssetCache, UploadFailed
from runner.plan.model import Plan
from runner.policy.exit_codes import Outcome
from runner.policy.ready_queue import Job, ReadyQueue
from runner.takes import Billing, Take, TakeState


class Scheduler:
    """One run of one plan. ``look_report`` has what became of every look."""

    def __init__(
        self, plan: Plan, context: RunContext, probe: PriceProbe, *, concurrency: int
    ) -> None:
        self._plan = plan
        self._actions = {action.key: action for action in plan.actions}
        self._context = context
        self._changed = anyio.Event()
        self._rate_gate = RateGate(context, self._wake)
        self._resolver = UnknownResolver(context, plan.unwanted_in_flight)
        self._buyer = Buyer(context, self._rate_gate, self._resolver)
        self._poller = Poller(context, self._rate_gate, self._resume)
        self._faces = FaceMeasuring(context)
        self._measuring: TaskGroup | None = None
        self._downloads = Downloads(context, fetched=self._measure_soon)
        self._uploads = AssetCache(context, self._rate_gate)
        self._intents = IntentBuilder(context, self._uploads)
        self.look_report = LookReport(plan, self._resolver.findings, self._downloads.problems)
        queue = ReadyQueue()
        self._face_gate = FaceGate(plan, context, self._faces)
        self.look_report.unmeasured = self._face_gate.unmeasured
        self._tracker = LookTracker(plan, context, queue, self.look_report, self._face_gate)
        self._admission = Admission(
            plan, context, queue, probe, concurrency=concurrency, wake=self._wake
        )
        self._runner = JobRunner(
            plan,
            context,
            admission=self._admission,
            tracker=self._tracker,
            faces=self._face_gate,
            probe=probe,
            intents=self._intents,
            buyer=self._buyer,
            poller=self._poller,
            resolver=self._resolver,
        )
        for key in plan.left_out:
            self.look_report.hold(key, Hold.BUDGET, self._actions[key].reason)

    async def execute(self) -> None:
        """Execute the plan as far as it goes. Raises a LookbookError when the disk fails."""
        with unwrap_exception_group():
            async with anyio.create_task_group() as measuring:
                self._measuring = measuring
                await self._execute()
                if not self._context.interrupted:
                    await self._faces.finish()
                measuring.cancel_scope.cancel()
        self._tracker.conclude_over_budget()
        for take in await self._buyer.refusals.settle():
            self.look_report.broken.add(take.look)
        await rename_looks(self._plan, self._context, self.look_report)

    async def _execute(self) -> None:
        with unwrap_exception_group():
            async with anyio.create_task_group() as background:
                if not self._plan.changes:
                    await self._fetch_missing(background)
                    return
                try:
                    await self._prepare()
                except RunStopped:
                    return
                await self._fetch_missing(background)
                await self._poll_and_work(background)

    def _measure_soon(self, take: Take) -> None:
        """Measure the face in a picture that was fetched, while the run goes on."""
        if self._measuring is not None:
            self._faces.soon(take, self._measuring)

    async def _prepare(self) -> None:
        await prepare_run(
            self._plan,
            self._context,
            resolver=self._resolver,
            intents=self._intents,
            report=self.look_report,
        )
        if self._face_gate.needed:
            await self._face_gate.measure_picks()
        self._tracker.queue_jobs()

    async def _fetch_missing(self, background: TaskGroup) -> None:
        """Start to fetch the images that are not on disk."""
        wanted = [action.key for action in self._plan.actions if action.look is not None]
        for take in await find_unfetched(self._context, wanted=wanted, thorough=False):
            self._downloads.soon(take, background)

    async def _poll_and_work(self, background: TaskGroup) -> None:
        async with anyio.create_task_group() as polling:
            polling.start_soon(self._poller.poll_forever)
            with unwrap_exception_group():
                async with anyio.create_task_group() as jobs:
                    while (job := await self._next_job()) is not None:
                        jobs.start_soon(self._run, job, background)
            polling.cancel_scope.cancel()

    async def _next_job(self) -> Job | None:
        """Wait for a job that may start; return None when there will be no more."""
        while not self._context.stop.is_set():
            job = self._admission.admit()
            if job is not None:
                return job
            if self._admission.is_idle:
                return None
            try:
                await self._context.pause(None, until=self._changed)
            except RunStopped:
                return None
        return None

    async def _run(self, job: Job, background: TaskGroup) -> None:
        """Run one job and record what it came to."""
        try:
            take = await self._runner.run(job)
            if take.usable and job.look in self._face_gate.needed:
                take = await self._downloads.fetch(take)
                await self._face_gate.measure(take)
        except RunStopped:
            pass
        except OverBudget as error:
            self._tracker.set_aside(job, error)
        except NotApproved as error:
            self._tracker.conclude(job, Hold.APPROVAL, str(error))
        except (CannotSend, UploadFailed) as error:
            self._tracker.conclude(job, Hold.FAILED, str(error))
        else:
            self._follow_up(job, take, background)
        finally:
            self._admission.end()

    def _follow_up(self, job: Job, take: Take, background: TaskGroup) -> None:
        self._tracker.record_result(job, take)
        if take.state is TakeState.COMPLETED:
            self._downloads.soon(take, background)
        elif take.failed and take.billing is Billing.NONE:
            # Refused: perhaps an asset is gone from the account. A retry uploads it again.
            look = self._actions[job.look].look
            if look is not None and take.uid not in self._plan.unwanted_in_flight:
                background.start_soon(self._uploads.forget, look)

    def _resume(self, take: Take) -> None:
        """Poll a take again: a person gave its consent while other work went on."""
        self._tracker.resume(take)
        self._wake()

    def _wake(self) -> None:
        """Wake the loop that starts jobs: another one may be admitted now."""
        self._changed.set()
        self._changed = anyio.Event()

    def outcome(self) -> Outcome:
        """Return what the run came to so far."""
        context = self._context
        return self.look_report.outcome(
            context.ledger.snapshot(),
            account=context.account_trouble,
            stopped=context.stopped,
            price=context.price_trouble,
            interrupted=context.interrupted,
            is_replayable=self._resolver.is_replayable,
            now=context.clock.now(),
        )
