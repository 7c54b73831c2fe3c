"""Where a campaign's state lies: beside its manifest, one folder for each account.

``spring.yaml`` → ``spring.lookbook/``: the first account's ledger, results, pictures and catalog. A
second account has its own folder inside, named after it, and so has the simulator; they never mix.
"""

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from runner.canonical import sha256_hex
from runner.errors import LedgerDamaged
from runner.files import (
    MAX_RESULTS_BYTES,
    create_file,
    make_folder,
    read_file,
    read_note,
    write_atomic,
)
from runner.ledger.database import peek_ledger
from runner.ledger.location import FileLocation, LedgerLocation
from runner.ledger.state_check import check_state_folder
from runner.takes import Account

LEDGER = "ledger.sqlite"
SIMULATED = "simulated"
SUFFIX = ".lookbook"
LAST_USED = "last-used.json"
SHARED = "shared-ledger.json"
GITIGNORE = ".gitignore"

KEPT_IN_GIT = """\
# Written once, when lookbook made this folder; it is yours to change.
# Into version control belongs what keeps a fresh checkout from buying anything again.
# The rest stays on this machine: what you hand over (catalog.html, images/), and the machinery
# (the ledger, thumbs/, logs).
*
!.gitignore
!results.json
!review.json
!*/
# Rehearsals
/simulated/
"""
"""The ``.gitignore`` of a campaign's folder."""


class SharedNote(NamedTuple):
    """The ledger in a database that a folder belongs to, in words; its account and campaign.

    ``begun`` says that it had takes when the folder used it last.
    """

    ledger: str
    account: str | None
    campaign: str | None = None
    begun: bool = False


@dataclass(frozen=True, slots=True)
class StateDir:
    """One account's folder and what lies in it.

    ``shared`` is where the ledger lives, if that is not the folder.
    """

    folder: Path
    shared: LedgerLocation | None = None

    @property
    def ledger(self) -> Path:
        """The SQLite file, whether or not the ledger is that."""
        return self.folder / LEDGER

    @property
    def location(self) -> LedgerLocation:
        """Return where the ledger lives."""
        return self.shared or FileLocation(self.ledger)

    @property
    def results(self) -> Path:
        """The results document, as the last run left it."""
        return self.folder / "results.json"

    @property
    def is_simulated(self) -> bool:
        """Return whether this is the embedded simulator's folder."""
        return self.folder.name == SIMULATED

    def read_shared_note(self) -> SharedNote | None:
        """Return which ledger in a database was used with this folder; None for none."""
        try:
            kept = read_note(self.folder / SHARED)
            names = (str(kept["ledger"]), kept.get("account"), kept.get("campaign"))
            return SharedNote(*names, begun=kept.get("begun") is True)
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            return None

    def find_left_ledger(self) -> SharedNote | None:
        """Return the ledger in a database that the folder remembers, where its file is meant."""
        return self.read_shared_note() if self.shared is None else None

    def remember_shared(self, note: SharedNote) -> None:
        """Write down which ledger in a database is used with this folder."""
        text = json.dumps(note._asdict()) + "\n"
        write_atomic(self.folder / SHARED, text.encode())

    def forget_shared(self) -> None:
        """Forget that the ledger lives elsewhere."""
        (self.folder / SHARED).unlink(missing_ok=True)


class StateDirs:
    """The state folders of one manifest.

    What a method returns was checked: nothing in it leads elsewhere. All of them raise UsageError
    for a folder in which something does.
    """

    def __init__(self, manifest: Path) -> None:
        self.root = manifest.with_name(f"{manifest.stem}{SUFFIX}")

    def simulated(self) -> StateDir:
        """Return the embedded simulator's folder."""
        return self._checked(SIMULATED)

    def first(self) -> StateDir:
        """Return the folder of the first account."""
        return self._checked(".")

    def of(self, account: Account, *, damaged: bool = False) -> StateDir:
        """Return an account's folder: the root for the first account, else one named after it.

        Raises LedgerDamaged, unless ``damaged``: then the results document tells whose the root is.
        """
        if account.simulated:
            return self.simulated()
        root = self.first()
        try:
            owner, note = read_owner(root.ledger), root.read_shared_note()
            known = note.account if owner is None and note is not None else None
            mine = owner[0] == account if owner is not None else known in (None, account.label)
        except LedgerDamaged:
            if not damaged:
                raise
            mine = _account_in(root.results) in (account.label, None)
        return root if mine else self._checked(_slug(account))

    def all(self) -> list[StateDir]:
        """Return every state folder that has a ledger."""
        if not self.root.is_dir():
            return []
        self.first()
        names = [".", *sorted(entry.name for entry in self.root.iterdir() if entry.is_dir())]
        return [self._checked(name) for name in names if (self.root / name / LEDGER).is_file()]

    def named(self, label: str) -> StateDir | None:
        """Return the folder of the account with this label (``host/user`` or ``simulator``)."""
        for state in self.all():
            owner = read_owner(state.ledger)
            if owner is not None and owner[0].label == label:
                return state
        return None

    def last_used(self) -> StateDir | None:
        """Return the folder of the real account that was used last, or the only one there is.

        Never the simulator's: a command means that only where its line says so.
        """
        states = [state for state in self.all() if not state.is_simulated]
        folder = self._read_last_used().get("folder")
        named = [state for state in states if state.folder == self.root / str(folder)]
        return next(iter(named or states), None)

    def use(self, state: StateDir) -> None:
        """Remember that this folder was used last; a rehearsal is not remembered."""
        if not state.is_simulated:
            relative = "." if state.folder == self.root else state.folder.name
            self._write_last_used({"folder": relative})

    def has_note(self, name: str) -> bool:
        """Return whether something that is said once was said already."""
        told = self._read_last_used().get("told")
        return isinstance(told, list) and name in told

    def add_note(self, name: str) -> None:
        """Remember that something was said."""
        told = self._read_last_used().get("told")
        self._write_last_used({"told": [*(told if isinstance(told, list) else []), name]})

    def _read_last_used(self) -> dict[str, Any]:
        try:
            kept = read_note(self.root / LAST_USED)
        except (OSError, ValueError):
            return {}
        return kept if isinstance(kept, dict) else {}

    def _write_last_used(self, more: dict[str, Any]) -> None:
        text = json.dumps({**self._read_last_used(), **more}) + "\n"
        write_atomic(self.root / LAST_USED, text.encode(), durable=False)

    def _checked(self, name: str) -> StateDir:
        check_state_folder(self.root)
        folder = self.root / name
        if folder != self.root:
            check_state_folder(folder)
        return StateDir(folder)


def make_state_folder(state: StateDir) -> None:
    """Make a state folder; one that makes the campaign's own folder says what git keeps of it.

    Raises StorageError.
    """
    root = state.folder.parent if state.folder.parent.suffix == SUFFIX else state.folder
    is_new = not root.exists()
    make_folder(state.folder)
    if is_new:
        with suppress(OSError), create_file(root / GITIGNORE) as file:
            file.write(KEPT_IN_GIT.encode())


def remove_empty_folder(state: StateDir) -> None:
    """Remove a state folder in which there is nothing, or nothing but its ``.gitignore``."""
    with suppress(OSError):
        if [path.name for path in state.folder.iterdir()] == [GITIGNORE]:
            (state.folder / GITIGNORE).unlink()
        state.folder.rmdir()


def read_owner(ledger: Path) -> tuple[Account, str] | None:
    """Return the account and the campaign of a ledger; None for one that is empty or not there.

    Raises LedgerDamaged.
    """
    if not ledger.is_file():
        return None
    with peek_ledger(ledger) as connection:
        meta = dict(connection.execute("SELECT key, value FROM meta"))
        if not meta:
            return None
        account = Account(meta["host"], meta["user"], simulated=meta["simulated"] == "true")
        return account, meta["campaign"]


def _account_in(results: Path) -> str | None:
    """Return the account that a results document is about, if there is one that can be read."""
    try:
        account = json.loads(read_file(results, MAX_RESULTS_BYTES, follow=False))["account"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
    return account if isinstance(account, str) else None


def _slug(account: Account) -> str:
    """Return a folder name for an account; with a hash where the name had to be changed for it."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", account.label).strip("._")
    if plain == account.label.replace("/", "_"):
        return plain
    return f"{plain[:80]}-{sha256_hex(account.label.encode())[:8]}"
