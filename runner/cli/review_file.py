"""``review.json`` beside a ledger: written with the results, and taken in before anything else.

Whoever has the repository has the reviews: they survive a ledger that is lost, and a colleague's
are taken in when they are pulled.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from runner.canonical import parse_json
from runner.cli.decision_queue import import_queued_decisions, read_queued_reviews
from runner.cli.format import pluralize, warn
from runner.errors import UsageError
from runner.files import MAX_RESULTS_BYTES, read_file, write_atomic
from runner.ledger.ledger import CampaignLedger
from runner.ledger.state_dirs import StateDir
from runner.results.model import Results
from runner.results.reviews import (
    NamedReview,
    find_later_reviews,
    list_reviews,
    merge_reviews,
    read_reviews,
    review_document,
)
from runner.takes import Account, Snapshot

NAME = "review.json"


def read_review_file(folder: Path, account: Account | None = None) -> list[NamedReview]:
    """Return the reviews of a folder's ``review.json``; none where there is no such file.

    Raises UsageError where it cannot be read, or is another account's.
    """
    path = folder / NAME
    if not path.is_file():
        return []
    try:
        document = parse_json(read_file(path, MAX_RESULTS_BYTES, follow=False))
    except (OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or error
        raise UsageError(
            f"{path} cannot be read: {problem}.",
            hint="Where version control left both sides of a conflict in it, keep both entries.",
        ) from error
    reviews = read_reviews(document, source=str(path))
    if account is not None and document["account"] not in (None, account.label):
        raise UsageError(
            f"{path} is about the account {document['account']}, not {account.label}.",
            hint="Move it to that account's folder, or away.",
        )
    return reviews


def write_review_file(results: Results, folder: Path) -> None:
    """Write what was decided beside the results. What only the file knows stays in it.

    Where nobody ever decided, there is no file. Raises UsageError, or StorageError.
    """
    known = read_review_file(folder)
    if not known and "review" not in results["totals"]:
        return
    merged = merge_reviews(list_reviews(results), known)
    document = review_document(results["campaign"], results["account"], merged)
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    write_atomic(folder / NAME, text.encode())


def told_reviews(results: Any, account: Account | None) -> list[NamedReview]:
    """Return the reviews of a results document of this account that was perhaps not checked."""
    try:
        if account is None or results["account"] != account.label:
            return []
        return [*list_reviews(results)]
    except (AttributeError, LookupError, TypeError, ValueError):
        return []


async def import_reviews(
    ledger: CampaignLedger, state: StateDir, told: Sequence[NamedReview]
) -> int:
    """Commit the reviews of files that are later than a ledger's; return how many there are.

    ``told`` are those that a results document has. Raises UsageError for a ``review.json`` that
    cannot be read: it would be written anew without what it holds.
    """
    snapshot = ledger.snapshot()
    named = [*told, *read_review_file(state.folder, snapshot.account)]
    later = find_later_reviews(named, snapshot)
    if later:
        await ledger.record_reviews((take.uid, review) for take, review in later)
        click.echo(f"Took over {pluralize(len(later), 'review')} from files.", err=True)
    return len(later) + await import_queued_decisions(ledger, state)


def add_reviews(snapshot: Snapshot, state: StateDir, told: Sequence[NamedReview] = ()) -> Snapshot:
    """Return a snapshot with the reviews that a run would take in from files beside it.

    A file that cannot be used is said on stderr, and the ledger alone counts.
    """
    named = [*told, *read_queued_reviews(state, snapshot.account_label)]
    try:
        named += read_review_file(state.folder, snapshot.account)
    except UsageError as error:
        warn(error.message)
    later = {take.uid: review for take, review in find_later_reviews(named, snapshot)}
    return replace(snapshot, reviews={**snapshot.reviews, **later}) if later else snapshot
