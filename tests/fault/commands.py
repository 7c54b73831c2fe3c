"""The commands of a day: those of ``runner.cli``, on the stage, asked what people ask of them."""

import json
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from functools import partial
from random import Random
from typing import Any

from runner.cli import readonly
from runner.cli.commands import adopt as adopting
from runner.cli.commands import fetch as fetching
from runner.cli.commands import prune as pruning
from runner.cli.commands import reconcile as reconciling
from runner.cli.commands import refresh as refreshing
from runner.cli.decision_queue import queue_picks
from runner.cli.doomed_looks import PruneScope
from runner.cli.rebuild import rebuild
from runner.cli.request import load_campaign, load_saved_plan
from runner.cli.run_attempt import execute
from runner.errors import UsageError
from runner.files import write_atomic
from runner.ledger.reading import read_snapshot
from runner.ledger.state_dirs import StateDir
from runner.model import Campaign, LookKind
from runner.plan import Action
from runner.plan import plan as make_plan
from runner.plan.approvals import find_awaited
from runner.plan.options import apply_options, resolve_options
from runner.plan.pruning import find_droppable
from runner.plan.renames import apply_renames
from runner.plan.request import Request
from runner.plan.saved_plan import serialize_plan
from runner.policy.exit_codes import Exit
from runner.policy.lifecycle import Event
from runner.policy.retry import key_is_alive
from runner.reviews import Review, ReviewState
from runner.takes import ANSWER_TAKEN, Billing, Snapshot, Take
from tests.fault.campaigns import reached
from tests.fault.environment import NEIGHBOUR, Violation
from tests.fault.harness import make_catalog, make_context, open_here
from tests.fault.history import Command
from tests.fault.process import Process
from tests.fault.reading import find_state, read_everything

__all__ = ["COMMANDS", "decide_beside"]

SLOW = ("gateway_timeout", "http_504")
"""How a send is remembered that took too long: no run sends it again twice."""

NOTHING_MORE = Request()

# --- what may buy ---------------------------------------------------------------------------------


async def run(
    campaign: Campaign,
    process: Process,
    *,
    request: Request = NOTHING_MORE,
) -> int:
    """``run``, ``retry``, ``reroll``: plan, hold it against the ceilings, carry it out."""
    day = process.day
    process.asked = request
    process.campaign = apply_options(campaign, request)
    request = replace(
        request,
        yes=True,
        on=process.on,
        max_cost=day.max_cost,
        up_to_budget=day.up_to_budget and request.saved is None,
        concurrency=day.concurrency,
    )
    return await execute(make_context(process), process.campaign, request)


async def priced(campaign: Campaign, process: Process) -> int:
    """``lookbook run --price`` or ``retry --price``: at a price that a person asserts."""
    photo, prompt = (price + process.day.dearer for price in process.environment.prices)
    prices = (("photo", photo), ("prompt", prompt))
    request = Request(prices=prices, retry=process.day.retry)
    return await run(campaign, process, request=request)


async def reroll(campaign: Campaign, process: Process) -> int:
    """``lookbook reroll`` of one look that is there."""
    rng = _drawn(process)
    plan = make_plan(campaign, read_snapshot(process.ledger))
    there = [a.key for a in plan.actions if a.action in (Action.KEEP, Action.STALE)]
    if not there:
        return Exit.USAGE
    request = Request(select=(rng.choice(there),), reroll=rng.randint(1, 2))
    return await run(campaign, process, request=request)


async def select(campaign: Campaign, process: Process) -> int:
    """``lookbook run`` of some looks, with or without what they need, or what needs them."""
    request, process.selected = _selection(_drawn(process), campaign)
    process.environment.say(f"person: selects {request.select} without {request.exclude}")
    return await run(campaign, process, request=request)


def _selection(rng: Random, campaign: Campaign) -> tuple[Request, frozenset[str]]:
    """Draw a selection; return it, and what it means as these tests read it."""
    keys = [look.key for look in campaign.looks]
    key = rng.choice(keys)
    up, down = rng.choice((None, 1, 99, 99)), rng.choice((None, None, 1, 99))
    text = f"{_plus(up)}{key}{_plus(down)[::-1]}"
    excluded = (rng.choice(keys),) if rng.random() < 0.2 else ()
    meant = reached(campaign, key, up or 0, down or 0) - {*excluded}
    takes = rng.choice((None, None, None, 2))
    cascade = rng.random() < 0.3
    request = Request(select=(text,), exclude=excluded, cascade=cascade, takes=takes)
    return request, frozenset(meant)


def _plus(steps: int | None) -> str:
    return "" if steps is None else "1+" if steps == 1 else "+"


async def save_plan(campaign: Campaign, process: Process) -> int:
    """``lookbook plan -o FILE``: offline, of the whole campaign or of a selection."""
    rng = _drawn(process)
    request = NOTHING_MORE
    if rng.random() < 0.4:
        request, _ = _selection(rng, campaign)
    campaign = apply_options(campaign, request)
    snapshot, _wallet = readonly.load_known(campaign, find_state(process.environment))
    plan = make_plan(campaign, snapshot, resolve_options(campaign, snapshot, request))
    kept = serialize_plan(plan, campaign, snapshot, request)
    path = process.environment.folder / "plan.json"
    write_atomic(path, json.dumps(kept).encode())
    process.environment.judge.plan_saved(plan)
    process.environment.say(f"person: saves a plan of {plan.count} for {plan.cost}: {request}")
    return Exit.DONE


async def run_plan(campaign: Campaign, process: Process) -> int:
    """``lookbook run --plan FILE``: exactly the plan that was saved, or nothing."""
    path = process.environment.folder / "plan.json"
    if not path.exists():
        return Exit.USAGE
    saved = load_saved_plan(path)
    try:
        return await run(campaign, process, request=saved)
    except UsageError as error:
        process.environment.say(f"refused: {error}")
        process.environment.seen["a saved plan refused"] += 1
        return Exit.USAGE


# --- what is free ---------------------------------------------------------------------------------


async def approve(campaign: Campaign, process: Process) -> int:
    """``lookbook review --approve``: a person looks at what waits, and lets it go on."""
    async with open_here(process, campaign) as work:
        await work.import_results()
        snapshot = work.ledger.snapshot()
        plan = make_plan(campaign, snapshot)
        held = apply_renames(snapshot, plan.moves)
        awaited = find_awaited(plan, held)
        at = process.environment.runner_now()
        reviews = [(take.uid, Review(ReviewState.APPROVED, at=at)) for take in awaited]
        await work.ledger.record_reviews(reviews)
        process.environment.seen["a wrong face approved"] += len(reviews)
        process.environment.say(f"person: approves {', '.join(take.label for take in awaited)}")
        return Exit.DONE


async def pick(campaign: Campaign, process: Process) -> int:
    """``lookbook pick``: another completed take of what the manifest wants counts from now on."""
    rng = _drawn(process)
    async with open_here(process, campaign) as work:
        await work.import_results()
        choices = _find_choices(campaign, work.ledger.snapshot())
        if choices:
            work.begin("pick")
            take = rng.choice(choices)
            await work.ledger.pick(take.look, take.uid)
            process.environment.say(f"person: picks {take.label}")
            work.ledger.end({"exit": 0, "stopped": None})
        return Exit.DONE


async def decide_beside(campaign: Campaign, process: Process) -> int:
    """``lookbook pick`` while another machine writes the ledger: the pick waits in the database."""
    environment, snapshot = process.environment, read_snapshot(process.ledger)
    account, choices = snapshot.account, _find_choices(campaign, snapshot)
    if environment.ledgers is None or account is None or not choices or environment.history.faces:
        return Exit.USAGE  # what a pick does to a chain of faces is other days' business
    take = _drawn(process).choice(choices)
    place = environment.ledgers.database.find_ledger(account, campaign.name)
    queue_picks(make_context(process), StateDir(process.state, place), snapshot, [take])
    environment.say(f"person: picks {take.label}, from another machine")
    environment.seen["a decision that waits"] += 1
    return Exit.DONE


def _find_choices(campaign: Campaign, snapshot: Snapshot) -> list[Take]:
    """Return the completed takes of what the manifest wants; none where looks are renamed."""
    plan = make_plan(campaign, snapshot)
    if plan.moves:
        return []
    return [
        take
        for action in plan.actions
        for take in snapshot.takes.get(action.key, ())
        if take.usable and take.identity == action.identity and action.look is not None
    ]


async def prune(campaign: Campaign, process: Process, *, whole: bool = False) -> int:
    """``lookbook prune``: delete at HeyGen what nobody wants any more, ``whole`` groups too."""
    rng = _drawn(process)
    known = [look for look in read_snapshot(process.ledger).takes if rng.random() < 0.4]
    looks = tuple(known) if rng.random() < 0.3 and not whole else ()
    scope = PruneScope(
        old_takes=rng.random() < 0.7 or whole,
        with_groups=rng.random() < 0.25 or whole,
        from_results=True,
    )
    process.with_groups = scope.with_groups
    process.environment.say(f"person: {looks} {scope}")
    request = Request(select=looks, yes=True, on=process.on)
    return await pruning.prune(make_context(process), campaign, request, scope)


async def drop(campaign: Campaign, process: Process) -> int:
    """``lookbook prune --local``: remove pictures from disk."""
    async with open_here(process, campaign) as work:
        await work.import_results()
        plan = make_plan(campaign, work.ledger.snapshot())
        if plan.moves:
            return Exit.USAGE
        work.begin("prune --local")
        for take in find_droppable(work.ledger.snapshot(), plan, None):
            (process.state / (take.image or "nothing")).unlink(missing_ok=True)
            process.environment.lost_pictures.add(take.image or "")
            await work.ledger.record(take.uid, Event.IMAGE_REMOVED, {"image": None})
        work.ledger.end({"exit": 0, "stopped": None})
        return Exit.DONE


async def fetch(campaign: Campaign, process: Process) -> int:
    """``lookbook fetch``: pictures that are missing or were changed, again."""
    return await fetching.fetch(make_context(process), campaign, Request(on=process.on))


async def refresh(campaign: Campaign, process: Process, *, record: bool) -> int:
    """``lookbook refresh``, with or without ``--record``."""
    before = process.environment.judge.events()
    found = await refreshing.refresh(make_context(process), campaign, record=record)
    alone = not process.was_stopped  # else a colleague may have run it meanwhile
    if not record and alone and process.environment.judge.events() != before:
        raise Violation("a refresh that records nothing changed the ledger")
    process.environment.seen["drift found"] += bool(found)
    process.environment.say(f"{found} differences")
    return Exit.DONE


async def adopt(_campaign: Campaign, process: Process) -> int:
    """``lookbook adopt``: another manifest, with a ledger of its own, from one of the groups."""
    environment = process.environment
    path = environment.folder / f"adopted-{process.number}.yaml"
    group = _drawn(process).choice(sorted(environment.simulator.account.groups))
    found, looks = await adopting.members(make_context(process), group)
    usable = [look for look in looks if look.usable]
    if not usable:
        return Exit.USAGE
    base = adopting._base_of(usable, found, None)
    text = adopting.manifest_text(path.stem, path.name, name=found.name, base=base, looks=usable)
    write_atomic(path, text.encode())
    adopted = load_campaign(Request(path))
    code = await execute(make_context(process), adopted, Request(on=process.on))
    snapshot = read_snapshot(environment.find_ledger(path.with_suffix(".lookbook"), adopted.name))
    for take in [take for of_look in snapshot.takes.values() for take in of_look]:
        if take.kind is not LookKind.EXISTING or take.billing is not Billing.NONE:
            raise Violation(f"{take.label} was adopted, and is {take.kind} and {take.billing}")
    environment.seen["looks adopted"] += len(snapshot.takes)
    return code


async def reconcile(campaign: Campaign, process: Process) -> int:
    """``lookbook reconcile``: a person who sees HeyGen's books decides what is unknown."""
    code = await reconciling.reconcile(make_context(process), campaign)
    if code != Exit.PERSON:
        return code
    environment = process.environment
    snapshot = read_snapshot(process.ledger)
    plan = make_plan(campaign, snapshot)
    adoptions, absolved = [], []
    every = [take for of_look in snapshot.takes.values() for take in of_look]
    # What was deleted by hand is no take's any more: a failure has lost its id.
    given = {take.avatar_id for take in every if take.avatar_id} | environment.deleted
    for take in every:
        if not take.unresolved:
            continue
        replayable = take.key is not None and take.body_sha256 is not None
        replayable = replayable and take.error_code != ANSWER_TAKEN  # its key tells nothing more
        replayable = replayable and not (take.resent_at is not None and take.error_code in SLOW)
        alive = replayable and key_is_alive(
            take.sent_at or 0.0, environment.runner_now(), latest_seen=environment.now()
        )
        alive = alive and take.uid not in plan.unwanted_in_flight and not snapshot.doubled
        bought = environment.judge.bought(take, given)
        if alive and bought is None:
            continue  # the next run finds out by itself, once it is told what others made
        environment.say(f"person: {take.label} is {bought or 'nothing that was bought'}")
        if bought is None:
            absolved.append(take.label)
        else:
            given.add(bought)
            adoptions.append((take.label, bought))
    names = {take.name for take in every if take.unresolved}
    strangers = [*_foreign_looks(process, names), *_left_over(process, names, given)]
    environment.seen["a look of somebody else's told"] += len(strangers)
    environment.judge.disowned.update(strangers)
    return await reconciling.reconcile(
        make_context(process), campaign, adoptions, absolved, strangers=strangers
    )


def _foreign_looks(process: Process, names: Collection[str | None]) -> list[str]:
    """Return other people's looks of these names, as a person knows them who sees the books."""
    account, judges = process.environment.simulator.account, process.environment.judges
    found = [
        charge.id
        for charge in account.charges.values()
        if (charge.idempotency_key or "").startswith(NEIGHBOUR)
        and charge.id in account.looks
        and account.looks[charge.id].name in names
        and not any(judge.knows(charge.id) for judge in judges)
    ]
    if found:
        process.environment.say(f"person: {', '.join(found)} are somebody else's")
    return found


def _left_over(
    process: Process, names: Collection[str | None], given: Collection[str]
) -> list[str]:
    """Return this campaign's own looks of these names that are no take's any more.

    A lost ledger bought more of them than the manifest wants: with the failures, or before an edit.
    Also those that no ledger is held to any more, where the whole folder was lost.
    ``given`` are those that a take is, or is said to be.
    """
    judge, account = process.environment.judge, process.environment.simulator.account
    remembered = {charge.id for charge in judge.remembered()}
    keys = judge.take_of.keys()
    found = [
        charge.id
        for charge in account.charges.values()
        if judge.loss.ever and charge.id in account.looks and charge.id not in given
        if account.looks[charge.id].name in names and charge.idempotency_key not in keys
        if charge.id in remembered or charge.idempotency_key in judge.loss.blank
    ]
    if found:
        process.environment.say(f"person: {', '.join(found)} are left over")
    return found


async def rebuilding(campaign: Campaign, process: Process) -> int:
    """``lookbook reconcile --rebuild``, of a ledger that is damaged or gone."""
    code = await rebuild(make_context(process), campaign)
    process.environment.seen["a ledger rebuilt"] += 1
    return code


async def export(campaign: Campaign, process: Process) -> int:
    """``lookbook export`` and ``lookbook catalog``: offline; nothing is asked or changed."""
    request = None
    if _drawn(process).random() < 0.5:
        request, _ = _selection(_drawn(process), campaign)
    read_everything(process.environment, campaign, request)
    make_catalog(read_everything(process.environment, campaign), process.state)
    return Exit.DONE


def _drawn(process: Process) -> Random:
    return process.environment.chance.of(process.day.command, process.number)


COMMANDS: dict[Command, Callable[[Campaign, Process], Awaitable[Any]]] = {
    Command.RUN: run,
    Command.RETRY: partial(run, request=Request(retry=True)),
    Command.REROLL: reroll,
    Command.CASCADE: partial(run, request=Request(cascade=True)),
    Command.NEW_LEDGER: partial(run, request=Request(new_ledger=True)),
    Command.PRICED: priced,
    Command.SELECT: select,
    Command.SAVE_PLAN: save_plan,
    Command.RUN_PLAN: run_plan,
    Command.PICK: pick,
    Command.PRUNE: prune,
    Command.PRUNE_GROUPS: partial(prune, whole=True),
    Command.DROP: drop,
    Command.FETCH: fetch,
    Command.RECONCILE: reconcile,
    Command.REBUILD: rebuilding,
    Command.ADOPT: adopt,
    Command.REFRESH: partial(refresh, record=False),
    Command.RECORD: partial(refresh, record=True),
    Command.EXPORT: export,
    Command.APPROVE: approve,
}
