"""What an earlier ledger left, kept where a new one begins (``--new-ledger``).

The new ledger counts its takes from one, so its pictures would take the old ones' names, and its
results would be written over the only record of what was bought before.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from runner.errors import StorageError
from runner.ledger.state_dirs import StateDir

KEPT = ("images", "review.json", "results.json")
"""Pictures first: results that are still there name what has to be fetched again."""


def back_up_outputs(state: StateDir, *, now: float) -> None:
    """Rename old pictures and results, and print their new names. Raises StorageError.

    ``now`` is in Unix seconds.
    """
    for name in KEPT:
        old = state.folder / name
        if not os.path.lexists(old):
            continue
        kept = _free(old, now)
        try:
            old.rename(kept)
        except OSError as error:
            raise StorageError(
                f"{old} could not be set aside: {error.strerror or error}.",
                hint="Nothing was sent. Rename it yourself, and run the same command again.",
            ) from error
        click.echo(f"Kept from before: {kept}", err=True)


def _free(old: Path, now: float) -> Path:
    while True:
        stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
        kept = old.with_name(f"{old.stem}.before-{stamp}{old.suffix}")
        if not os.path.lexists(kept):
            return kept
        now += 1
