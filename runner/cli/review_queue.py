"""Reviews that could not be written at once, because another command holds the ledger.

Each is a small durable file of the form of ``review.json``; whoever writes the ledger next takes it
in, a run every second. What was written is said to be waiting, never to be done.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import click

from runner.canonical import parse_json
from runner.cli.context import Context
from runner.cli.format import warn
from runner.errors import UsageError
from runner.files import MAX_NOTE_BYTES, read_file, write_atomic
from runner.ledger.state_dirs import StateDir
from runner.results.reviews import NamedReview, name_reviews, read_reviews, review_document
from runner.reviews import Review
from runner.takes import Take

FOLDER = "reviews-waiting"


def queue_reviews(
    context: Context,
    state: StateDir,
    campaign: str,
    account: str | None,
    decided: Sequence[tuple[Take, Review]],
) -> None:
    """Keep decisions until somebody writes the ledger, and say so. Raises StorageError."""
    reviews = {take.uid: review for take, review in decided}
    named = name_reviews((take for take, _ in decided), reviews)
    text = json.dumps(review_document(campaign, account, named), ensure_ascii=False) + "\n"
    name = f"{int(context.clock.now() * 1000)}-{context.entropy.uid()}"
    write_atomic(state.folder / FOLDER / f"{name}.json", text.encode(), within=state.folder)
    click.echo(
        "Another command holds the ledger: what was decided is kept, and that command takes it in.",
        err=True,
    )


def has_queued_reviews(state: StateDir) -> bool:
    """Return whether anything waits."""
    return bool(_paths(state))


def read_queued_reviews(
    state: StateDir, account: str | None
) -> tuple[list[NamedReview], list[Path]]:
    """Return what waits for a ledger of this account, and the files that hold it.

    A file that cannot be used is said on stderr, and stays.
    """
    reviews: list[NamedReview] = []
    used: list[Path] = []
    for path in _paths(state):
        try:
            document = parse_json(read_file(path, MAX_NOTE_BYTES, follow=False))
            found = read_reviews(document, source=str(path))
        except FileNotFoundError:  # taken in meanwhile, by whoever wrote the ledger
            continue
        except (OSError, ValueError, UsageError) as error:
            warn(f"A review that waits cannot be taken in: {getattr(error, 'message', error)}")
            continue
        if document["account"] == account:
            reviews += found
            used.append(path)
        else:
            warn(f"{path} is about the account {document['account']}, and stays there.")
    return reviews, used


def remove_queued(paths: Sequence[Path]) -> None:
    """Remove what was taken in; what stays is taken in once more, to no effect."""
    for path in paths:
        with suppress(OSError):
            path.unlink()


def _paths(state: StateDir) -> list[Path]:
    folder = state.folder / FOLDER
    if folder.is_symlink():
        return []
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".json")
    except OSError:
        return []
