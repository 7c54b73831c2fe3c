"""Bringing a look's name at HeyGen to what the manifest says; free (PATCH)."""

from runner.answers import Answer, LookData
from runner.executor.desk import Desk, said
from runner.executor.standing import Standing
from runner.executor.tasks import Stopping
from runner.policy.lifecycle import Event
from runner.takes import Take

__all__ = ["rename"]


async def rename(desk: Desk, take: Take, name: str, standing: Standing) -> None:
    """Rename one look. A refusal is noted and costs nothing: the look is what was paid for.

    A look that only a results file tells of is renamed where HeyGen shows it as the file does: what
    somebody wrote into a file must not give another campaign's look a name.
    """
    look_id = take.avatar_id or ""
    try:
        if desk.ledger.is_imported(take.uid):
            shown = await _shown(desk, take)
            if isinstance(shown, LookData) and shown.name == name:  # its answer was lost
                await desk.record(take.uid, Event.RENAMED, {"name": name})
                return
            if isinstance(shown, str) or shown.name != take.name:
                why = shown if isinstance(shown, str) else _otherwise(take, shown)
                standing.notes.append(f"{take.label} keeps its name at HeyGen: {why}")
                return
        reply = await desk.ask(lambda: desk.api.rename(look_id, name), what="renaming a look")
    except Stopping:
        return
    if isinstance(reply, Answer):
        await desk.record(take.uid, Event.RENAMED, {"name": name})
    else:
        standing.notes.append(f"{take.label} keeps its old name: {said(reply)}")


async def _shown(desk: Desk, take: Take) -> LookData | str:
    """Return a look as HeyGen shows it in its take's group; else in words why not."""
    look_id = take.avatar_id or ""
    reply = await desk.ask(lambda: desk.api.look(look_id), what=f"asking for {take.label}")
    if not isinstance(reply, Answer):
        return said(reply)
    shown: LookData = reply.data
    return shown if shown.group_id == take.group_id else _otherwise(take, shown)


def _otherwise(take: Take, shown: LookData) -> str:
    return (
        f"only results.json tells of it, as {take.name!r} in {take.group_id}; HeyGen shows "
        f"{shown.id} as {shown.name!r} in {shown.group_id}"
    )
