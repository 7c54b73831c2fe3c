"""Bringing a look's name at HeyGen to what the manifest says; free (PATCH)."""

from runner.answers import Answer
from runner.executor.desk import Desk, said
from runner.executor.standing import Standing
from runner.executor.tasks import Stopping
from runner.policy.lifecycle import Event
from runner.takes import Take

__all__ = ["rename"]


async def rename(desk: Desk, take: Take, name: str, standing: Standing) -> None:
    """Rename one look. A refusal is noted and costs nothing: the look is what was paid for."""
    look_id = take.avatar_id or ""
    try:
        reply = await desk.ask(lambda: desk.api.rename(look_id, name), what="renaming a look")
    except Stopping:
        return
    if isinstance(reply, Answer):
        await desk.record(take.uid, Event.RENAMED, {"name": name})
    else:
        standing.notes.append(f"{take.label} keeps its old name: {said(reply)}")
