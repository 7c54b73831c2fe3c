"""Decisions that could not be written at once, because another command holds the ledger.

Each is a small durable file: reviews in the form of ``review.json``, picks named in the same way.
Whoever writes the ledger next takes them in, a run every second. What was written is said to be
waiting, never to be done.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from runner.canonical import parse_json
from runner.cli.context import Context
from runner.cli.format import warn
from runner.errors import UsageError
from runner.files import MAX_NOTE_BYTES, read_file, write_atomic
from runner.ledger.ledger import CampaignLedger
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
    name = f"{int(context.clock.now() * 1000)}-{context.entropy.uid()}"
    write_atomic(state.folder / kind / f"{name}.json", text.encode(), within=state.folder)
    click.echo(
        "Another command holds the ledger: what was decided is kept, and that command takes it in.",
        err=True,
    )


def list_queued(state: StateDir) -> tuple[Path, ...]:
    """Return the files in which something waits."""
    return (*_paths(state, REVIEWS), *_paths(state, PICKS))


def read_queued_reviews(
    state: StateDir, account: str | None
) -> tuple[list[NamedReview], list[Path]]:
    """Return the reviews that wait for a ledger of this account, and the files that hold them."""
    return _read(state, REVIEWS, account, lambda found, path: read_reviews(found, source=str(path)))


def add_queued_picks(snapshot: Snapshot, state: StateDir) -> Snapshot:
    """Return a snapshot with the picks that whoever writes the ledger next would take in."""
    found, _ = _read_queued_picks(snapshot, state)
    picks = {take.look: take.uid for take in found}
    return replace(snapshot, picks={**snapshot.picks, **picks}) if picks else snapshot


async def import_queued_decisions(ledger: CampaignLedger, state: StateDir) -> int:
    """Commit the decisions that waited for the ledger; return how many there are."""
    if not list_queued(state):
        return 0
    snapshot = ledger.snapshot()
    named, review_files = read_queued_reviews(state, snapshot.account_label)
    later = find_later_reviews(named, snapshot)
    await ledger.record_reviews((take.uid, review) for take, review in later)
    picked, pick_files = _read_queued_picks(snapshot, state)
    moved = {take.look: take for take in picked if snapshot.picks.get(take.look) != take.uid}
    for look, take in moved.items():
        await ledger.pick(look, take.uid)
    for path in (*review_files, *pick_files):
        with suppress(OSError):  # what stays is taken in once more, to no effect
            path.unlink()
    return len(later) + len(moved)


def _read_queued_picks(snapshot: Snapshot, state: StateDir) -> tuple[list[Take], list[Path]]:
    """Return the takes that wait to be picked, of a look the last one last, and their files."""
    named, paths = _read(state, PICKS, snapshot.account_label, _parse_picks)
    if not named:
        return [], paths
    finder = TakeFinder(snapshot)
    found = (finder.find(label, *identity) for label, *identity in named)
    return [take for take in found if take is not None and take.usable], paths


def _parse_picks(document: Any, _path: Path) -> list[tuple[str, str | None, str | None]]:
    """Return label, avatar_id and SHA-256 of what was picked. Raises ValueError."""
    try:
        return [
            (f"{one['look']}#{one['take']}", one["avatar_id"], one["sha256"])
            for one in document["picks"]
        ]
    except (LookupError, TypeError) as error:
        raise ValueError(f"it names no takes: {error}") from error


def _read(
    state: StateDir, kind: str, account: str | None, parse: Callable[[Any, Path], list[T]]
) -> tuple[list[T], list[Path]]:
    """Return what waits for a ledger of this account, and the files that hold it.

    A file that cannot be used is said on stderr, and stays.
    """
    found: list[T] = []
    used: list[Path] = []
    for path in _paths(state, kind):
        try:
            document = parse_json(read_file(path, MAX_NOTE_BYTES, follow=False))
            parsed = parse(document, path)
        except FileNotFoundError:  # taken in meanwhile, by whoever wrote the ledger
            continue
        except (OSError, ValueError, UsageError) as error:
            told = getattr(error, "message", error)
            warn(f"A decision that waits cannot be taken in: {path.name}: {told}")
            continue
        if document.get("account") == account:
            found += parsed
            used.append(path)
        else:
            warn(f"{path} is about the account {document.get('account')}, and stays there.")
    return found, used


def _paths(state: StateDir, kind: str) -> list[Path]:
    folder = state.folder / kind
    if folder.is_symlink():
        return []
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".json")
    except OSError:
        return []
