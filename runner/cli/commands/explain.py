"""``lookbook explain``: the whole story of one look; offline."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import click

from runner.cli.complete import complete_looks
from runner.cli.context import Context, pass_context
from runner.cli.face_report import explain_faces
from runner.cli.format import format_table
from runner.cli.known_campaign import read_campaign
from runner.cli.options import LooksCommand, report_option
from runner.cli.outputs import awaits_results, keep_document
from runner.cli.request import target_options
from runner.cli.terminal import join_lines, show_link, style, terminal_width
from runner.errors import UsageError
from runner.ledger.events import Entry, Note
from runner.ledger.reading import read_events
from runner.plan import Action, Plan, PlannedLook
from runner.plan import plan as make_plan
from runner.plan.change_text import describe_change
from runner.plan.look_state import displayed_take, look_state
from runner.plan.renames import apply_renames
from runner.plan.request import Request
from runner.policy.budget import reserved_amount
from runner.quantities import format_usd
from runner.suggest import suggest
from runner.takes import Snapshot, Take, TakeState
from runner.words import ACTION_WORDS, BILLING_WORDS, state_word

FREE = "its name, title, tags, takes, retries, place in the file, comments, a file's own name"
"""What takes no part in an identity."""


@click.command("explain", cls=LooksCommand)
@target_options
@click.argument("look", metavar="LOOK", shell_complete=complete_looks)
@report_option
@pass_context
def command(context: Context, /, request: Request, *, look: str) -> int:
    """Show the whole story of one LOOK of MANIFEST.

    What it is made of and what would change it, what it was made from and what hangs on it, every
    take with its money and its errors, and everything that happened to it. Nothing is asked or
    changed.
    """
    known = read_campaign(request)
    plan = make_plan(known.campaign, known.snapshot)
    moved = apply_renames(known.snapshot, plan.moves)
    action = _action(plan, look.partition("#")[0])
    before = plan.moves.back.get(action.key, action.key)
    state = known.state
    entries = read_events(state.location, before) if state is not None else []
    takes = [t for t in moved.takes.get(action.key, ()) if t.state is not TakeState.PLANNED]
    if awaits_results(context):
        results = known.make_results({action.key})
        keep_document(context, results, story=_story(action, plan, entries, moved))
        return 0
    sections = [
        _heading(action, takes, moved, where=known.describe_account()),
        _made_of(action),
        _chain(action, plan, moved),
        _takes(action, takes, moved),
        explain_faces(action, takes, moved),
        _errors(takes),
        _events(entries, moved),
    ]
    click.echo("\n\n".join(section for section in sections if section))
    return 0


def _story(
    action: PlannedLook, plan: Plan, entries: Sequence[Entry], held_now: Snapshot
) -> dict[str, Any]:
    """Return for programs what the look's own entry in the results does not say."""
    return {
        "action": str(action.action),
        "reason": action.reason,
        "cost_usd": float(action.cost),
        "made_of": json.loads(action.ingredients) if action.ingredients else None,
        "needs": list(action.needs),
        "needed_by": [known.key for known in plan.actions if action.key in known.needs],
        "events": [
            {
                "at": datetime.fromtimestamp(entry.at, UTC).isoformat(timespec="milliseconds"),
                "take": label,
                "kind": str(entry.kind),
                "facts": _facts_of(entry),
            }
            for label, entry in _labelled(entries, held_now)
        ],
    }


def _action(plan: Plan, key: str) -> PlannedLook:
    by_key = {action.key: action for action in plan.actions}
    if key not in by_key:
        close = suggest(key, by_key, count=3)
        hint = f"Did you mean {' or '.join(close)}?" if close else "`lookbook status` lists them."
        raise UsageError(f"There is no look {key!r}, in the manifest or in the ledger.", hint=hint)
    return by_key[key]


def _heading(action: PlannedLook, takes: Sequence[Take], held_now: Snapshot, *, where: str) -> str:
    shown = displayed_take(action, takes, held_now.pick(action.key))
    title = f" · {action.look.title}" if action.look and action.look.title != action.key else ""
    if action.takes:
        price = f", {format_usd(action.cost)}"
    elif action.action is Action.STALE:
        price = f", {format_usd(action.price)} if asked for with --cascade"
    else:
        price = ""
    return join_lines(
        [
            f"{style(action.key, bold=True)}{title} · {where}",
            (
                f"It is {state_word(look_state(action, shown)).lower()}. The plan: "
                f"{ACTION_WORDS[action.action]} "
                f"({action.reason}){price}."
            ),
        ]
    )


def _made_of(action: PlannedLook) -> str:
    """Return what is paid for: a change of any of it makes another picture."""
    if action.identity is None or not action.ingredients:
        return ""
    made: dict[str, Any] = json.loads(action.ingredients)
    rows = [(f"  {name}", _ingredient(value)) for name, value in made.items()]
    table = format_table(rows, width=terminal_width(sys.stdout), flow=True)
    lines = [f"Identity {action.identity[:12]}, made of:", table]
    if action.look is not None:
        lines.append("A change of any of these is generated anew; what costs nothing to change is:")
        lines.append(f"  {FREE}.")
    return "\n".join(lines)


def _ingredient(value: Any) -> str:
    if isinstance(value, dict):
        return f"look {value['look']}" if "look" in value else str(value.get("id"))
    if isinstance(value, list):
        return ", ".join(value) or "none"
    return "none" if value is None else str(value)


def _chain(action: PlannedLook, plan: Plan, held_now: Snapshot) -> str:
    """Return what it was made from, up to the root, and what hangs on it."""
    by_key = {known.key: known for known in plan.actions}
    lines = ["Reference chain:"]
    at: PlannedLook | None = action
    while at is not None:
        lines.append(f"  {_link(at, held_now)}")
        if at.reference is not None and at.reference not in by_key:
            lines.append(f"  {at.reference}, a look of the account")
        at = by_key.get(at.reference or "")
    hanging = [known for known in plan.actions if action.key in known.needs]
    if hanging:
        named = ", ".join(f"{known.key} ({ACTION_WORDS[known.action]})" for known in hanging)
        lines.append(f"What needs it: {named}")
    return join_lines(lines)


def _link(action: PlannedLook, held_now: Snapshot) -> str:
    """Describe one look of the chain, and whether its pick was made from its reference's pick."""
    pick = held_now.pick(action.key)
    if pick is None:
        return f"{action.key}: no usable take yet"
    text = f"{pick.label} {pick.avatar_id or ''}".rstrip()
    made_from = _label_of(held_now, pick.reference_id)
    if made_from is None:
        return text
    now = held_now.pick(action.reference or "")
    if now is not None and now.avatar_id != pick.reference_id:
        return f"{text}, made from {made_from}, but the pick is {now.label} now"
    return f"{text}, made from {made_from}"


def _label_of(held_now: Snapshot, avatar_id: str | None) -> str | None:
    """Name a look of HeyGen by its take, or by its id where the ledger does not know it."""
    known = held_now.all_takes
    return next((t.label for t in known if avatar_id and t.avatar_id == avatar_id), avatar_id)


def _takes(action: PlannedLook, takes: Sequence[Take], held_now: Snapshot) -> str:
    """Write the receipts, and in what older takes differ from what the manifest wants."""
    if not takes:
        return "No takes yet: nothing was ever sent."
    pick = held_now.pick(action.key)
    rows = [("take", "state", "money", "price", "made from", "avatar id", "picture", "")]
    for take in takes:
        notes = ["picked"] if pick is not None and take.uid == pick.uid else []
        if action.ingredients and take.identity != action.identity:
            notes.append(
                f"an earlier version: {describe_change(take.ingredients, action.ingredients)}"
            )
        if take.reroll:
            notes.append("another take")
        rows.append(
            (
                *(take.label, state_word(take.state), BILLING_WORDS[take.billing][0]),
                format_usd(take.price),
                *(_label_of(held_now, take.reference_id) or "—", take.avatar_id or "—"),
                *(take.image or "—", "; ".join(notes)),
            )
        )
    spent = sum((reserved_amount(take) for take in takes), Decimal(0))
    table = format_table(rows, right=(3,), width=terminal_width(sys.stdout), drop=(5, 6))
    return f"{table}\nSpent on it: {format_usd(spent)}"


def _errors(takes: Sequence[Take]) -> str:
    lines = [
        f"  {take.label} {state_word(take.state).lower()}: "
        + (take.error_message or "no reason given")
        + (f" [{take.error_code}]" if take.error_code else "")
        + (f", request {take.request_id}" if take.request_id else "")
        for take in takes
        if take.error_code or take.error_message
    ]
    return join_lines(["Errors:", *lines]) if lines else ""


def _events(entries: Sequence[Entry], held_now: Snapshot) -> str:
    """List what happened, with the facts that a person can use."""
    rows = [
        (
            f"  {datetime.fromtimestamp(entry.at, UTC):%Y-%m-%d %H:%M:%S}",
            f"#{label.rpartition('#')[2]}" if label else "—",
            str(entry.kind),
            ", ".join(f"{name} {_fact(name, value)}" for name, value in _facts_of(entry).items()),
        )
        for label, entry in _labelled(entries, held_now)
    ]
    if not rows:
        return ""
    return (
        f"What happened (UTC):\n{format_table(rows, width=terminal_width(sys.stdout), flow=True)}"
    )


def _labelled(entries: Sequence[Entry], held_now: Snapshot) -> Iterator[tuple[str | None, Entry]]:
    """Yield each entry with the take that it is about."""
    labels = {take.uid: take.label for take in held_now.all_takes}
    for entry in entries:
        uid = entry.take or entry.facts.get("take")
        yield labels.get(uid or ""), entry


SHOWN_OF: Mapping[str, tuple[str, ...]] = {
    Note.REPRICED: ("price",),
    Note.REVIEWED: ("state", "reason", "by"),
}
"""Facts that are told of one kind of event alone."""


def _facts_of(entry: Entry) -> dict[str, Any]:
    told = ("avatar_id", "error_message", "name", "image", "consent_url", "request_id", "key")
    hidden = () if entry.kind != "intended" else ("name", "image")
    return {
        name: entry.facts[name]
        for name in (*told, *SHOWN_OF.get(entry.kind, ()))
        if entry.facts.get(name) is not None and name not in hidden
    }


def _fact(name: str, value: Any) -> str:
    return show_link(str(value)) if name == "consent_url" else str(value)
