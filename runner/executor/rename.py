"""Change the names of looks at HeyGen to what the manifest says; free (PATCH)."""

from functools import partial

from runner.executor.concurrency import RunStopped
from runner.executor.context import RunContext, describe_reply
from runner.executor.group_search import fill_in_group
from runner.executor.look_report import LookReport
from runner.plan.model import Plan
from runner.policy.lifecycle import Event
from runner.replies import Answer, LookData
from runner.takes import Take


async def rename_looks(plan: Plan, context: RunContext, report: LookReport) -> None:
    """Rename each selected look whose pick is named otherwise, unless the run is closing."""
    renames: list[tuple[Take, str]] = []
    for action in plan.actions:
        pick = context.ledger.picked(action.key)
        if action.look is None or action.look.name is None or pick is None:
            continue
        if not action.selected or pick.name == action.look.name:
            continue
        if pick.usable and pick.identity == action.identity:
            renames.append((pick, action.look.name))
    for take, name in renames:
        if context.closing.is_set():
            return
        await rename(context, take, name, report)


async def rename(context: RunContext, take: Take, name: str, look_report: LookReport) -> None:
    """Rename one look. A refusal is noted and costs nothing: the look is what was paid for.

    A look that only a results file tells of is renamed where HeyGen shows it as the file does: what
    somebody wrote into a file must not give another campaign's look a name.
    """
    look_id = take.avatar_id or ""
    try:
        if await context.ledger.wait_for(partial(context.ledger.is_imported, take.uid)):
            shown = await _shown(context, take)
            if isinstance(shown, LookData) and shown.name == name:  # its answer was lost
                await context.record(take.uid, Event.RENAMED, {"name": name})
                return
            if isinstance(shown, str) or shown.name != take.name:
                why = shown if isinstance(shown, str) else _otherwise(take, shown)
                look_report.notes.append(f"{take.label} keeps its name at HeyGen: {why}")
                return
        reply = await context.ask(lambda: context.api.rename(look_id, name), what="renaming a look")
    except RunStopped:
        return
    if isinstance(reply, Answer):
        await context.record(take.uid, Event.RENAMED, {"name": name})
    else:
        look_report.notes.append(f"{take.label} keeps its old name: {describe_reply(reply)}")


async def _shown(context: RunContext, take: Take) -> LookData | str:
    """Return a look as HeyGen shows it in its take's group; else in words why not."""
    look_id = take.avatar_id or ""
    reply = await context.ask(lambda: context.api.look(look_id), what=f"asking for {take.label}")
    if not isinstance(reply, Answer):
        return describe_reply(reply)
    shown = await fill_in_group(context, reply.data)
    # Where looks name no group, results may not tell it either: then id and name have to do.
    return shown if take.group_id in (None, shown.group_id) else _otherwise(take, shown)


def _otherwise(take: Take, shown: LookData) -> str:
    return (
        f"only results.json tells of it, as {take.name!r} in {take.group_id}; HeyGen shows "
        f"{shown.id} as {shown.name!r} in {shown.group_id}. If another checkout renamed it, bring "
        "its results.json here, or give the look that name in the manifest"
    )
