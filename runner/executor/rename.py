"""Bringing a look's name at HeyGen to what the manifest says; free (PATCH)."""

from runner.answers import Answer
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
        if desk.ledger.is_imported(take.uid) and (why := await _contradiction(desk, take)):
            standing.notes.append(f"{take.label} keeps its name at HeyGen: {why}")
            return
        reply = await desk.ask(lambda: desk.api.rename(look_id, name), what="renaming a look")
    except Stopping:
        return
    if isinstance(reply, Answer):
        await desk.record(take.uid, Event.RENAMED, {"name": name})
    else:
        standing.notes.append(f"{take.label} keeps its old name: {said(reply)}")


async def _contradiction(desk: Desk, take: Take) -> str | None:
    """Return how HeyGen shows a look otherwise than the results file that tells of it."""
    look_id = take.avatar_id or ""
    shown = await desk.ask(lambda: desk.api.look(look_id), what=f"asking for {take.label}")
    if not isinstance(shown, Answer):
        return said(shown)
    if (shown.data.name, shown.data.group_id) == (take.name, take.group_id):
        return None
    return (
        f"only results.json tells of it, as {take.name!r} in {take.group_id}; HeyGen shows "
        f"{look_id} as {shown.data.name!r} in {shown.data.group_id}"
    )
