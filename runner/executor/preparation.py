"""What a run does before it sends anything: all of it is free."""

from dataclasses import replace

from runner.executor.context import RunContext
from runner.executor.intents import CannotSend, IntentBuilder
from runner.executor.look_report import Hold, LookReport
from runner.executor.resolve_unknown import UnknownResolver
from runner.plan.model import Plan, PlannedLook
from runner.plan.steps import Action


async def prepare_run(
    plan: Plan,
    context: RunContext,
    *,
    resolver: UnknownResolver,
    intents: IntentBuilder,
    report: LookReport,
) -> None:
    """Follow renamed keys, pick again, settle sends that nobody wants any more, and adopt looks.

    Raises RunStopped.
    """
    context.wanted = {a.key: a.identity for a in plan.actions if a.look and a.identity}
    if plan.moves:
        await context.ledger.follow(plan.moves)
    for action in plan.actions:
        if action.repick is not None:
            await context.ledger.pick(action.key, action.repick)
    await resolver.restore_trust()
    for uid in plan.unwanted_in_flight:
        take = context.ledger.take(uid)
        if take.unresolved:
            await resolver.settle(take)
    for action in plan.actions:
        if action.action is Action.ADOPT:
            await _adopt(action, context, intents, report)


async def _adopt(
    action: PlannedLook, context: RunContext, intents: IntentBuilder, report: LookReport
) -> None:
    if action.look is None or action.identity is None:
        return
    try:
        take, video = await intents.existing(action.look)
    except CannotSend as error:
        report.hold(action.key, Hold.FAILED, str(error))
        return
    identity, ingredients = action.identity, action.ingredients or ""
    adopted = replace(take, identity=identity, ingredients=ingredients)
    await context.ledger.adopt(adopted, video)
