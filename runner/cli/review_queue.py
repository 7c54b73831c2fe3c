"""Reviews that could not be written at once, because another command holds the ledger.

Each is a small durable file of the form of ``review.json``; whoever writes the ledger next takes it
in, a run every second. What was written is said to be waiting, never to be done.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from runner.canonical import parse_json
from runner.cli.format import warn
from runner.errors import UsageError
from runner.files import MAX_NOTE_BYTES, read_file, write_atomic
from runner.ledger.state_dirs import StateDir
from runner.results.reviews import NamedReview, read_reviews

__all__ = ["has_queued_reviews", "queue_reviews", "read_queued_reviews", "remove_queued"]

FOLDER = "reviews-waiting"


def queue_reviews(state: StateDir, document: Mapping[str, Any], *, name: str) -> None:
    """Keep a ``review_document`` until somebody writes the ledger; ``name`` is fresh.

    Raises StorageError.
    """
    text = json.dumps(document, ensure_ascii=False) + "\n"
    path = state.folder / FOLDER / f"{name}.json"
    write_atomic(path, text.encode(), within=state.folder)


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
