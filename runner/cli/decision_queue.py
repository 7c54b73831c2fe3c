"""Decisions that could not be written at once, because another command holds the ledger.

Each is a small durable document, in a file of the state folder or, where the ledger is shared, in
its database: reviews in the form of ``review.json``, picks named in the same way. Whoever writes
the ledger next takes them in, a run every second. What was written is said to be waiting, never to
be done.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click

from runner.canonical import parse_json
from runner.cli.context import Context
from runner.cli.format import warn
from runner.errors import UsageError
from runner.files import MAX_NOTE_BYTES, read_file, write_atomic
from runner.ledger.backend import KeepsDecisions, QueuedDecision
from runner.ledger.ledger import CampaignLedger
from runner.ledger.location import LedgerLocation
from runner.ledger.state_dirs import StateDir
from runner.results.reviews import (
    NamedReview,
    TakeFinder,
    find_later_reviews,
    name_reviews,
    read_reviews,
    review_document,
)
from runner.reviews import Review
from runner.takes import Snapshot, Take

REVIEWS = "reviews-waiting"
PICKS = "picks-waiting"

T = TypeVar("T")


def queue_reviews(
    context: Context,
    state: StateDir,
    campaign: str,
    snapshot: Snapshot,
    decided: Sequence[tuple[Take, Review]],
) -> None:
    """Keep reviews until somebody writes the ledger, and say so. Raises StorageError."""
    reviews = {take.uid: review for take, review in decided}
    named = name_reviews((take for take, _ in decided), reviews)
    _queue(context, state, REVIEWS, review_document(campaign, snapshot.account_label, named))


def queue_picks(
    context: Context, state: StateDir, snapshot: Snapshot, picked: Sequence[Take]
) -> None:
    """Keep which takes were picked until somebody writes the ledger. Raises StorageError."""
    picks = [
        {"look": take.look, "take": take.number, "avatar_id": take.avatar_id, "sha256": take.sha256}
        for take in picked
    ]
    document = {"version": 1, "account": snapshot.account_label, "picks": picks}
    _queue(context, state, PICKS, document)


def _queue(context: Context, state: StateDir, kind: str, document: Mapping[str, Any]) -> None:
    text = json.dumps(document, ensure_ascii=False) + "\n"
    if state.shared is not None:
        _queue_in_database(state.shared, kind, text)
    else:
        _queue_in_folder(context, state, kind, text)
    click.echo(
        "Another command holds the ledger: what was decided is kept, and that command takes it in.",
        err=True,
    )


def _queue_in_database(location: LedgerLocation, kind: str, text: str) -> None:
    with location.peek() as backend:
        box: object = backend
        if not isinstance(box, KeepsDecisions):
            raise UsageError(f"{location} keeps no decisions.", hint="Decide after the run.")
        box.queue_decision(kind, text)


def _queue_in_folder(context: Context, state: StateDir, kind: str, text: str) -> None:
    name = f"{int(context.clock.now() * 1000)}-{context.entropy.uid()}"
    write_atomic(state.folder / kind / f"{name}.json", text.encode(), within=state.folder)


def list_queued(state: StateDir, rows: Sequence[QueuedDecision] = ()) -> tuple[object, ...]:
    """Return what waits: ``rows`` in a database, and files in the folder."""
    return (*_paths(state, REVIEWS), *_paths(state, PICKS), *rows)


def read_queued_reviews(state: StateDir, account: str | None) -> list[NamedReview]:
    """Return the reviews that wait for a ledger of this account."""
    return _read_reviews(state, account, _peek(state))[0]


def add_queued_picks(snapshot: Snapshot, state: StateDir) -> Snapshot:
    """Return a snapshot with the picks that whoever writes the ledger next would take in."""
    found, _ = _read_picks(snapshot, state, _peek(state))
    picks = {take.look: take.uid for take in found}
    return replace(snapshot, picks={**snapshot.picks, **picks}) if picks else snapshot


async def import_queued_decisions(
    ledger: CampaignLedger, state: StateDir, say: Callable[[str], None] = warn
) -> int:
    """Commit the decisions that waited for the ledger; return how many there are.

    ``say`` is told of those that cannot be taken in.
    """
    rows = await ledger.read_decisions()
    if not rows and not _paths(state, REVIEWS) and not _paths(state, PICKS):
        return 0
    snapshot = ledger.snapshot()
    named, used = _read_reviews(state, snapshot.account_label, rows, say)
    later = find_later_reviews(named, snapshot)
    await ledger.record_reviews((take.uid, review) for take, review in later)
    picked, picks_used = _read_picks(snapshot, state, rows, say)
    moved = {take.look: take for take in picked if snapshot.picks.get(take.look) != take.uid}
    for look, take in moved.items():
        await ledger.pick(look, take.uid)
    used += picks_used
    for path in used:
        if isinstance(path, Path):
            with suppress(OSError):  # what stays is taken in once more, to no effect
                path.unlink()
    await ledger.drop_decisions([one for one in used if isinstance(one, int)])
    return len(later) + len(moved)


def _peek(state: StateDir) -> Sequence[QueuedDecision]:
    """Return what waits in the database in which a ledger lives that is not open here."""
    if state.shared is None:
        return ()
    with state.shared.peek() as backend:
        box: object = backend
        return box.queued_decisions() if isinstance(box, KeepsDecisions) else ()


def _read_reviews(
    state: StateDir,
    account: str | None,
    rows: Sequence[QueuedDecision],
    say: Callable[[str], None] = warn,
) -> tuple[list[NamedReview], list[Path | int]]:
    """Return the reviews that wait for a ledger of this account, and what holds them."""

    def parse(found: Any, name: str) -> list[NamedReview]:
        return read_reviews(found, source=name)

    return _read(state, REVIEWS, account, rows, parse=parse, say=say)


def _read_picks(
    snapshot: Snapshot,
    state: StateDir,
    rows: Sequence[QueuedDecision],
    say: Callable[[str], None] = warn,
) -> tuple[list[Take], list[Path | int]]:
    """Return the takes that wait to be picked, of a look the last one last, and what holds them."""
    named, used = _read(state, PICKS, snapshot.account_label, rows, parse=_parse_picks, say=say)
    if not named:
        return [], used
    finder = TakeFinder(snapshot)
    found = (finder.find(label, *identity) for label, *identity in named)
    return [take for take in found if take is not None and take.usable], used


def _parse_picks(document: Any, _name: str) -> list[tuple[str, str | None, str | None]]:
    """Return label, avatar_id and SHA-256 of what was picked. Raises ValueError."""
    try:
        named = [
            (f"{one['look']}#{one['take']}", one["avatar_id"], one["sha256"])
            for one in document["picks"]
        ]
    except (LookupError, TypeError) as error:
        raise ValueError(f"it names no takes: {error}") from error
    if not all(isinstance(text, str | None) for one in named for text in one):
        raise ValueError("it names takes by what is no text")
    return named


def _read(
    state: StateDir,
    kind: str,
    account: str | None,
    rows: Sequence[QueuedDecision],
    *,
    parse: Callable[[Any, str], list[T]],
    say: Callable[[str], None],
) -> tuple[list[T], list[Path | int]]:
    """Return what waits for a ledger of this account, and the files and rows that hold it.

    Of what cannot be used ``say`` is told, and it stays.
    """
    found: list[T] = []
    used: list[Path | int] = []
    waiting: list[tuple[Path | int, str, Callable[[], bytes]]] = [
        (path, str(path), partial(read_file, path, MAX_NOTE_BYTES, follow=False))
        for path in _paths(state, kind)
    ]
    waiting += [
        (row.id, f"decision {row.id} of {state.shared}", row.document.encode)
        for row in rows
        if row.kind == kind
    ]
    for one, name, read in waiting:
        try:
            document = parse_json(read())
            parsed = parse(document, name)
        except FileNotFoundError:  # taken in meanwhile, by whoever wrote the ledger
            continue
        except (OSError, ValueError, UsageError) as error:
            told = getattr(error, "message", error)
            say(f"A decision that waits cannot be taken in: {name}: {told}")
            continue
        if document.get("account") == account:
            found += parsed
            used.append(one)
        else:
            say(f"{name} is about the account {document.get('account')}, and stays there.")
    return found, used


def _paths(state: StateDir, kind: str) -> list[Path]:
    folder = state.folder / kind
    if folder.is_symlink():
        return []
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".json")
    except OSError:
        return []
