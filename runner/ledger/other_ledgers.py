"""The other ledgers that hold a campaign: in files beside the manifest, in a database, noted there.

Beside one of them a ledger that is empty means that the manifest was renamed, that the key is
another account's, or that the database was not named (``docs/money.md``).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from runner.ledger.reading import has_takes
from runner.ledger.shared import LedgerDatabase
from runner.ledger.state_check import check_state_folder
from runner.ledger.state_dirs import LEDGER, SHARED, StateDir, read_owner
from runner.takes import Account


class OtherLedger(NamedTuple):
    """A ledger in words, its account's label, and whether it lives in a database."""

    name: str
    account: str
    shared: bool = False


def find_other_ledgers(manifest: Path, campaign: str, *, besides: StateDir) -> list[OtherLedger]:
    """Return the other ledgers of these folders that hold the campaign and bought something.

    What a folder notes of a ledger in a database counts without asking for it. The simulator's are
    not counted.
    """
    found: list[OtherLedger] = []
    for root in sorted(manifest.parent.glob("*.lookbook")):
        paths = (path for name in (LEDGER, SHARED) for path in _find_files(root, name))
        for folder in sorted({path.parent for path in paths}):
            if folder == besides.folder:
                continue  # also where it is damaged; whoever opens it asks about its note
            for checked in dict.fromkeys((root, folder)):
                check_state_folder(checked)
            found += _ledgers_of(StateDir(folder), campaign, besides)
    return found


def find_elsewhere(database: LedgerDatabase, campaign: str, account: Account) -> list[OtherLedger]:
    """Return the campaign's ledgers that a database has for other accounts."""
    return [
        OtherLedger(str(database.find_ledger(other, campaign)), other.label, shared=True)
        for other in database.find_accounts(campaign)
        if other != account and not other.simulated
    ]


def _find_files(root: Path, name: str) -> Iterator[Path]:
    yield from root.glob(name)
    yield from root.glob(f"*/{name}")


def _ledgers_of(state: StateDir, campaign: str, besides: StateDir) -> Iterator[OtherLedger]:
    """Yield a folder's ledger and the one that it notes, where they hold the campaign."""
    owner = read_owner(state.ledger)
    counts = owner is not None and owner[1] == campaign and not owner[0].simulated
    if owner is not None and counts and has_takes(state.ledger):
        yield OtherLedger(str(state.ledger), owner[0].label)
    note = state.read_shared_note()
    if note is None or (note.ledger == str(besides.shared) and not note.begun):
        return  # the empty one itself
    if campaign == (note.campaign or note.ledger.partition(" of ")[0]):
        yield OtherLedger(note.ledger, note.account or "an account unknown here", shared=True)
