"""Looks whose status nobody knows: after a day they are decided by what HeyGen shows of them."""

import click

from runner.cli.session import OpenSession
from runner.executor.context import describe_reply
from runner.policy.lifecycle import Event
from runner.policy.look_events import STATUSES, UNKNOWN_STATUS, events_of, is_stuck, shown_status
from runner.replies import Answer, LookData
from runner.takes import Take


async def decide_stuck(work: OpenSession) -> list[Take]:
    """Decide every look that has shown an unknown status for a day; return what could not be.

    With a picture it counts as completed, without one as failed. Both can be seen and undone:
    `refresh --record` takes a failed look back as soon as HeyGen shows it usable.
    """
    now = work.context.now_at_server()
    takes = work.ledger.snapshot().all_takes
    left = []
    for take in takes:
        if not is_stuck(take, now=now):
            continue
        reply = await work.context.ask(
            lambda: work.api.look(take.avatar_id or ""),  # noqa: B023 - awaited in this turn
            what=f"asking for {take.label}",
        )
        if isinstance(reply, Answer):
            await _decide(work, take, reply.data)
        else:
            click.echo(
                f"{take.label}: {take.error_message}; now it cannot be read: "
                f"{describe_reply(reply)}"
            )
            left.append(take)
    return left


async def _decide(work: OpenSession, take: Take, look: LookData) -> None:
    """Record what a look came to, and print it."""
    now = work.context.clock.now()
    steps = events_of(take.state, look, now=now, shown=shown_status(take))
    if look.status in STATUSES:
        for event, facts in steps:
            take = await work.context.record(take.uid, event, facts)
        click.echo(f"{take.label} is {take.state} by now.")
        return
    words = take.error_message or ""
    if look.preview_image_url:
        facts = {"completed_at": now, "error_code": None, "error_message": None}
        if look.group_id:
            facts["group_id"] = look.group_id
        take = await _completed(work, take, facts)
        click.echo(f"{take.label}: {words} for a day, and it has a picture: it counts as done.")
        return
    facts = {"error_code": UNKNOWN_STATUS, "error_message": f"{words} for more than a day"}
    take = await work.context.record(take.uid, Event.FAILED, facts)
    click.echo(
        f"{take.label}: {words} for a day, and it has no picture: it counts as failed, and as "
        "charged. `lookbook reconcile --record` takes it back if it becomes usable after all."
    )


async def _completed(work: OpenSession, take: Take, facts: dict[str, object]) -> Take:
    if take.consent_url is not None or take.state == "pending_consent":
        await work.context.record(take.uid, Event.CONSENTED, {"consent_url": None})
    return await work.context.record(take.uid, Event.COMPLETED, facts)
