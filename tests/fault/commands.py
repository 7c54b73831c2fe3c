"""The commands of a day, carried out as ``runner.cli`` does, without its words and questions."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from functools import partial

import anyio

from runner.answers import Answer
from runner.errors import UsageError
from runner.executor.collect import Collector, unfetched
from runner.executor.session import Session
from runner.executor.settle import Searcher, is_unresolved, looks_in
from runner.executor.tasks import Stopping, one_error, together
from runner.executor.verify import refusals
from runner.ledger.file import read_snapshot
from runner.model import Campaign, Take, TakeState
from runner.plan import Action, Plan, trim
from runner.plan import plan as make_plan
from runner.plan.moves import with_moves
from runner.plan.pruning import droppable, last_of_their_groups, prunable
from runner.plan.wishes import NO_WISHES, Wishes, asked_for
from runner.policy.budget import Ceilings
from runner.policy.lifecycle import Event
from runner.policy.outcome import Exit, Outcome, exit_code
from runner.policy.patience import key_is_alive
from runner.policy.verdict import Free, judge_free
from tests.fault.history import Command
from tests.fault.process import Bench, Process

__all__ = ["COMMANDS"]


async def run(campaign: Campaign, process: Process, *, wishes: Wishes = NO_WISHES) -> int:
    """``run``, ``retry``, ``reroll``: plan, hold it against the ceilings, carry it out."""
    day = process.day
    ceilings = Ceilings(run=day.max_cost, campaign=campaign.budget.campaign_usd)
    async with process.open(ceilings) as bench:
        try:
            plan = await _planned(campaign, bench, wishes)
        except Stopping:
            return Exit.ACCOUNT
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


async def _planned(campaign: Campaign, bench: Bench, wishes: Wishes) -> Plan:
    """Plan, and hold the manifest's literal ids against the account before money moves."""
    snapshot = bench.ledger.snapshot()
    plan = make_plan(campaign, snapshot, asked_for(campaign, snapshot, wishes))
    refused = await refusals(bench.desk, plan)
    if refused:
        asked = asked_for(campaign, snapshot, wishes, refused=refused)
        plan = make_plan(campaign, snapshot, asked)
    return plan


async def reroll(campaign: Campaign, process: Process) -> int:
    """``lookbook reroll`` of one look that is there."""
    rng = process.world.chance.of("reroll", process.number)
    plan = make_plan(campaign, read_snapshot(process.ledger_path))
    there = [a.key for a in plan.actions if a.action in (Action.KEEP, Action.STALE)]
    if not there:
        return Exit.USAGE
    wishes = Wishes(select=(rng.choice(there),), reroll=rng.randint(1, 2))
    try:
        return await run(campaign, process, wishes=wishes)
    except UsageError as error:
        process.world.say(f"refused: {error}")
        return Exit.USAGE


async def pick(campaign: Campaign, process: Process) -> int:
    """``lookbook pick``: another completed take of what the manifest wants counts from now on."""
    rng = process.world.chance.of("pick", process.number)
    async with process.open(Ceilings()) as bench:
        snapshot = bench.ledger.snapshot()
        plan = make_plan(campaign, snapshot)
        if plan.moves:
            return Exit.USAGE
        choices = [
            take
            for action in plan.actions
            for take in snapshot.takes.get(action.key, ())
            if take.usable and take.identity == action.identity and action.look is not None
        ]
        if choices:
            bench.ledger.begin(bench.account, campaign.name, {"command": "pick"})
            take = rng.choice(choices)
            await bench.ledger.pick(take.look, take.uid)
            process.world.say(f"person: picks {take.label}")
            bench.ledger.end({"exit": 0, "stopped": None})
        return Exit.DONE


async def prune(campaign: Campaign, process: Process) -> int:
    """``lookbook prune --old-takes``: delete at HeyGen what the manifest no longer wants."""
    async with process.open(Ceilings()) as bench:
        ledger = bench.ledger
        plan = make_plan(campaign, ledger.snapshot())
        snapshot = with_moves(ledger.snapshot(), plan.moves)
        doomed = [*prunable(campaign, snapshot, plan, selected=None, old_takes=True).takes]
        groups = {}
        for group_id in dict.fromkeys(take.group_id for take in doomed if take.group_id):
            looks = await looks_in(bench.desk, group_id)
            if isinstance(looks, str):
                return Exit.FAILED
            groups[group_id] = [look.id for look in looks]
        last = last_of_their_groups(doomed, groups)
        ledger.begin(bench.account, campaign.name, {"command": "prune"})
        if plan.moves:
            await ledger.follow(plan.moves)
        for take in doomed:
            if take.uid not in last:
                await _delete(bench, take)
        ledger.end({"exit": 0, "stopped": None})
        return Exit.DONE


async def _delete(bench: Bench, take: Take) -> None:
    desk = bench.desk
    look_id = take.avatar_id or ""
    reply = await desk.ask(partial(desk.api.delete_look, look_id), what="deleting a look")
    if isinstance(reply, Answer) or judge_free(reply) is Free.GONE:
        facts = {"avatar_id": None} if take.state is TakeState.FAILED else {}
        await desk.record(take.uid, Event.DELETED, facts)


async def drop(campaign: Campaign, process: Process) -> int:
    """``lookbook prune --local``: remove pictures from disk."""
    async with process.open(Ceilings()) as bench:
        ledger = bench.ledger
        plan = make_plan(campaign, ledger.snapshot())
        if plan.moves:
            return Exit.USAGE
        ledger.begin(bench.account, campaign.name, {"command": "prune --local"})
        for take in droppable(ledger.snapshot(), plan, None):
            (process.state / (take.image or "nothing")).unlink(missing_ok=True)
            process.world.lost_pictures.add(take.image or "")
            await ledger.record(take.uid, Event.DROPPED, {"image": None})
        ledger.end({"exit": 0, "stopped": None})
        return Exit.DONE


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
    Command.RETRY: partial(run, wishes=Wishes(retry=True)),
    Command.REROLL: reroll,
    Command.CASCADE: partial(run, wishes=Wishes(cascade=True)),
    Command.PICK: pick,
    Command.PRUNE: prune,
    Command.DROP: drop,
    Command.FETCH: fetch,
    Command.RECONCILE: reconcile,
}
