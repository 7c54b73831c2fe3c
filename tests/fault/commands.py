"""The commands of a day, carried out as ``runner.cli`` does, without its words and questions."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from functools import partial

import anyio

from runner.answers import Answer
from runner.executor.collect import Collector, unfetched
from runner.executor.session import Session
from runner.executor.settle import Searcher, is_unresolved
from runner.executor.tasks import Stopping, one_error, together
from runner.ledger.file import read_snapshot
from runner.model import Campaign, TakeState
from runner.plan import Plan, trim
from runner.plan import plan as make_plan
from runner.policy.budget import Ceilings
from runner.policy.lifecycle import Event
from runner.policy.outcome import Exit, Outcome, exit_code
from runner.policy.patience import key_is_alive
from tests.fault.history import Command
from tests.fault.process import Bench, Process

__all__ = ["COMMANDS"]


async def run(campaign: Campaign, process: Process, *, retry: bool = False) -> int:
    """``lookbook run`` and ``lookbook retry``: plan, hold it against the ceilings, carry it out."""
    day = process.day
    ceilings = Ceilings(run=day.max_cost, campaign=campaign.budget.campaign_usd)
    again = _failed(campaign, process) if retry else frozenset()
    async with process.open(ceilings) as bench:
        plan = make_plan(campaign, bench.ledger.snapshot(), retry=again)
        room = _room(bench, plan)
        if day.up_to_budget and room is not None and plan.cost > room:
            plan = trim(plan, room)
        if room is not None and plan.cost > room:
            process.world.say(f"refused: the plan costs {plan.cost}, room is {room}")
            return Exit.BUDGET
        process.world.judge.agreed(campaign, plan, ceilings)
        session = Session(
            bench.desk, plan, bench.account, bench.user, day.concurrency, {"command": "run"}
        )
        outcome = await _with_ctrl_c(process, session)
        for key, (hold, why) in (session.standing.held if session.standing else {}).items():
            process.world.say(f"held {key}: {hold}, {why}")
        process.world.say(f"outcome: {outcome}")
        return exit_code(outcome)


def _failed(campaign: Campaign, process: Process) -> frozenset[str]:
    snapshot = read_snapshot(process.ledger_path)
    return frozenset(
        look.key
        for look in campaign.looks
        for take in snapshot.takes.get(look.key, ())
        if take.state is TakeState.FAILED
    )


def _room(bench: Bench, plan: Plan) -> Decimal | None:
    ceilings = bench.ledger.ceilings
    rooms = []
    if ceilings.run is not None:
        rooms.append(ceilings.run - plan.at_risk)
    if ceilings.campaign is not None:
        rooms.append(ceilings.campaign - bench.ledger.snapshot().spent)
    return min(rooms, default=None)


async def _with_ctrl_c(process: Process, session: Session) -> Outcome:
    outcomes: list[Outcome] = []
    loop = process.world.loop
    with one_error():
        async with anyio.create_task_group() as tasks:

            def ctrl_c() -> None:
                if loop is None:
                    return
                if session.desk.interrupted:
                    loop.call_soon(tasks.cancel_scope.cancel)
                    process.world.seen["ctrl-c twice"] += 1
                else:
                    loop.call_soon(session.desk.interrupt)

            process.ctrl_c = ctrl_c
            outcomes.append(await session.carry_out())
            tasks.cancel_scope.cancel()
    process.ctrl_c = None
    return outcomes[0] if outcomes else session.end()


async def fetch(campaign: Campaign, process: Process) -> int:
    """``lookbook fetch``: pictures that are missing or were changed, again."""
    async with process.open(Ceilings()) as bench:
        bench.ledger.begin(bench.account, campaign.name, {"command": "fetch"})
        missing = await unfetched(bench.desk, thorough=True)
        collector = Collector(bench.desk)
        if missing:
            await together([partial(_fetched, collector, take.uid, bench) for take in missing])
        code = Exit.FAILED if collector.problems else Exit.DONE
        bench.ledger.end({"exit": int(code), "stopped": None})
        return code


async def _fetched(collector: Collector, uid: str, bench: Bench) -> None:
    await collector.fetch(bench.ledger.take(uid))


async def reconcile(campaign: Campaign, process: Process) -> int:
    """``lookbook reconcile``: a person who sees HeyGen's books decides what is unknown."""
    world = process.world
    async with process.open(Ceilings()) as bench:
        desk = bench.desk
        bench.ledger.begin(bench.account, campaign.name, {"command": "reconcile"})
        searcher = Searcher(desk)
        takes = [take for of_look in bench.ledger.snapshot().takes.values() for take in of_look]
        strays = make_plan(campaign, bench.ledger.snapshot()).strays
        for take in [take for take in takes if is_unresolved(take)]:
            latest = max(bench.ledger.last_event_at, desk.now_at_server())
            sent = take.sent_at or 0.0
            alive = key_is_alive(sent, desk.clock.now(), latest_seen=latest)
            if alive and take.uid not in strays:
                continue  # the next run finds out by itself
            bought = world.judge.bought(take.key)
            try:
                finding = await searcher.search(take)
            except Stopping:
                break
            if finding.certain is not None:
                await searcher.adopt(take, finding.certain)
            elif bought is None:
                world.say(f"person: {take.label} was not bought")
                await desk.record(take.uid, Event.ABSOLVED)
            else:
                reply = await desk.ask(partial(desk.api.look, bought), what="asking for the look")
                if isinstance(reply, Answer):
                    world.say(f"person: {take.label} is {bought}")
                    await searcher.adopt(take, reply.data)
        bench.ledger.end({"exit": 0, "stopped": None})
        return Exit.DONE


COMMANDS: dict[Command, Callable[[Campaign, Process], Awaitable[int]]] = {
    Command.RUN: run,
    Command.RETRY: partial(run, retry=True),
    Command.FETCH: fetch,
    Command.RECONCILE: reconcile,
}
