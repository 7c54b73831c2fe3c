"""A campaign's pictures and pages go into a store beside a command, and come from there.

What is in a store are copies: whatever fails there loses neither a look nor money. It is said, and
the next command with the store does it again.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import anyio
import anyio.to_thread
import click

from runner.catalog import PAGE
from runner.cli.format import name_some, warn
from runner.cli.outputs import encode_results
from runner.cli.session import OpenSession
from runner.cli.terminal import escape_text
from runner.errors import UsageError
from runner.files import MAX_RESULTS_BYTES, read_file
from runner.ledger.state_dirs import StateDir
from runner.policy.exit_codes import Exit
from runner.quantities import pluralize
from runner.results.fingerprint import RESULTS
from runner.results.model import Results
from runner.store.campaign import CampaignStore, list_pictures
from runner.store.port import NamedStore, StoreTrouble
from runner.takes import Account, Take

EVERY = 5.0
"""Seconds between two looks at what can be copied, beside a run."""

MAX_PAUSE = 60.0
"""A store that fails is tried again after pauses that double up to this, in seconds."""

BATCH = 16
"""So many pictures are copied beside a run before it is asked again whether it has ended."""


T = TypeVar("T")


class StoreSync:
    """Keeps one campaign's state folder and its place in a store alike."""

    def __init__(self, named: NamedStore, account: Account, campaign: str, state: StateDir) -> None:
        self._name = named.name
        self._state = state
        self._copies = CampaignStore(named.objects, account, campaign, state.folder)

    @property
    def page(self) -> str:
        """Return where the store has the catalog, for people."""
        return f"{self._name}/{self._copies.place}/{PAGE}"

    def pull(self, takes: Sequence[Take], *, thorough: bool = False) -> None:
        """Take missing pictures from the store, and say so.

        Raises UsageError for a store that refuses: nothing was sent yet. One that is away is told.
        """
        try:
            self._copies.open()
            pulled = self._copies.pull(list_pictures(takes), thorough=thorough)
        except StoreTrouble as trouble:
            _warn_of_absence(self._name, trouble)
            return
        if pulled.came:
            click.echo(f"{pluralize(len(pulled.came), 'picture')} from {self._name}.", err=True)
        if pulled.damaged:
            warn(
                f"The store has a damaged picture of {name_some(pulled.damaged)}: HeyGen's own is "
                "taken, and copied there again."
            )
        for label, reason in list(pulled.problems.items())[:1]:
            others = len(pulled.problems) - 1
            more = f", nor {pluralize(others, 'other')}" if others else ""
            warn(f"{label} did not come from {self._name}{more}: {reason}. HeyGen is asked.")

    def push(self, takes: Sequence[Take], limit: int | None = None) -> dict[str, str]:
        """Copy pictures that are not there; return by label why some were not.

        Of more than ``limit`` those are left that come last.
        """
        wanted = self._copies.find_uncopied(list_pictures(takes))
        try:
            return self._copies.push(wanted[:limit])
        except StoreTrouble as trouble:
            return {picture.label: trouble.reason for picture in wanted} or {"": trouble.reason}

    def publish(self, takes: Sequence[Take], documents: Mapping[str, bytes]) -> bool:
        """Copy what is not there, the catalog last; return whether all is, and say it if not."""
        problems = self.push(takes)
        try:
            if not problems:
                self._copies.publish(list_pictures(takes), documents)
                return True
            reason, missing = next(iter(problems.values())), name_some([*problems])
        except StoreTrouble as trouble:
            reason, missing = trouble.reason, "results and catalog"
        warn(f"{missing or 'results and catalog'}: not in {self._name} yet: {reason}. {LATER}")
        return False

    def publish_results(self, results: Results, takes: Sequence[Take]) -> bool:
        """Copy what is not there, these results, and the catalog as it lies in the folder."""
        documents = {**read_documents(self._state), RESULTS: b"".join(encode_results(results))}
        order = {name: documents[name] for name in (RESULTS, PAGE) if name in documents}
        copied = self.publish(takes, order)
        if copied:
            click.echo(escape_text(f"store: {self.page}"), err=True)
        return copied

    def count_uncopied(self, takes: Sequence[Take]) -> int:
        """Return how many pictures on disk are not in the store, as far as is known."""
        return len(self._copies.find_uncopied(list_pictures(takes)))


LATER = "No look is lost: the next `lookbook run` or `lookbook fetch` with this store copies it."


def check_store(named: NamedStore) -> None:
    """Ask a store once. Raises UsageError where it refuses; one that is away is told."""
    try:
        next(iter(named.objects.list("campaigns")), None)
    except StoreTrouble as trouble:
        _warn_of_absence(named.name, trouble)


def _warn_of_absence(name: str, trouble: StoreTrouble) -> None:
    """Warn that a store is away. Raises UsageError for one that refuses."""
    if trouble.lasting:
        raise UsageError(
            f"The store {name} cannot be used: {trouble.reason}.",
            hint="Check its address and the variables AWS_*. Nothing was sent.",
        ) from trouble
    warn(f"The store {name} does not answer: {trouble.reason}. {LATER}")


class SessionSync:
    """A store beside an open session: before, during and after its work."""

    def __init__(self, work: OpenSession, named: NamedStore) -> None:
        self._work = work
        self._sync = StoreSync(named, work.account, work.campaign.name, work.state)

    async def pull(self, takes: Sequence[Take], *, thorough: bool = False) -> None:
        """Take missing pictures from the store. Raises UsageError where it refuses."""
        await _in_thread(lambda: self._sync.pull(takes, thorough=thorough))

    async def keep_copying(self) -> None:
        """Copy pictures as they come, some at a time; ends by cancellation."""
        sync, known, wait = self._sync, self._work.ledger.snapshot(), EVERY
        while True:
            await anyio.sleep(wait)
            snapshot = self._work.ledger.snapshot()
            if snapshot is known:
                continue
            problems = await _in_thread(lambda: sync.push(self._takes(), BATCH))
            if problems:
                wait = min(MAX_PAUSE, 2 * wait)
            else:
                wait = EVERY
                known = known if sync.count_uncopied(snapshot.all_takes) else snapshot

    async def finish(self, code: int, form: str = "text") -> int:
        """Copy the rest, then results and catalog; return the command's exit code.

        A run that was asked to stop copies nothing more.
        """
        sync, takes = self._sync, self._takes()
        if self._work.context.interrupted:
            if left := sync.count_uncopied(takes):
                warn(f"{pluralize(left, 'picture')} not copied to the store yet. {LATER}")
            return code
        documents = read_documents(self._work.state)
        if not await _in_thread(lambda: sync.publish(takes, documents)):
            return code or Exit.FAILED
        if PAGE in documents:
            click.echo(escape_text(f"store: {sync.page}"), err=form == "json")
        return code

    def _takes(self) -> Sequence[Take]:
        return self._work.ledger.snapshot().all_takes


async def _in_thread(work: Callable[[], T]) -> T:
    """Do what blocks beside the event loop; what was begun is ended, also when it is cancelled."""
    return await anyio.to_thread.run_sync(work)


def read_documents(state: StateDir) -> dict[str, bytes]:
    """Return results and catalog as they lie in a folder, in the order in which they are copied."""
    read = {name: _read(state.folder / name) for name in (RESULTS, PAGE)}
    return {name: data for name, data in read.items() if data is not None}


def _read(path: Path) -> bytes | None:
    try:
        return read_file(path, MAX_RESULTS_BYTES, follow=False)
    except OSError:
        return None
