"""Opens the database that machines share, for the commands that show and operate it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from runner.cli.context import Context
from runner.cli.shared_options import ON_VAR, options_of
from runner.errors import UsageError
from runner.ledger.cluster import Cluster
from runner.ledger.shared import SharedLedgers
from runner.queue.opening import open_queue
from runner.queue.port import RunQueue


def name_shared(context: Context, on: SharedLedgers | None) -> SharedLedgers:
    """Return the database that was named last; one that was typed counts before the environment.

    Raises UsageError where none was.
    """
    shared = on if options_of(on) else context.shared or on
    if shared is None:
        raise UsageError(
            "The database is not named that machines share.",
            hint=f"Add --on with its address, or set {ON_VAR}.",
        )
    return shared


@contextmanager
def open_named_cluster(context: Context, on: SharedLedgers | None) -> Iterator[Cluster]:
    """Open what operates the database that was named. Raises UsageError where none was."""
    shared = name_shared(context, on)
    with shared.database.open_cluster() as cluster:
        if cluster is None:
            raise UsageError(
                f"{shared.database.name} has no ledgers yet.",
                hint="Check the address, or run a campaign with --on first.",
            )
        yield cluster


@contextmanager
def open_cluster_queue(context: Context, on: SharedLedgers | None) -> Iterator[RunQueue]:
    """Open the queue of the database that was named, after its tables were brought up to date."""
    with open_named_cluster(context, on):
        shared = name_shared(context, on)
    with closing(open_queue(shared.database.address)) as queue:
        yield queue
