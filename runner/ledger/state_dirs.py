"""Where a campaign's state lies: beside its manifest, one folder for each account.

``spring.yaml`` → ``spring.lookbook/``: the first account's ledger, results, pictures and catalog. A
second account has its own folder inside, named after it, and so has the simulator; they never mix.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from runner.canonical import sha256_hex
from runner.errors import LedgerDamaged
from runner.ledger.database import peek_ledger
from runner.takes import Account

__all__ = ["StateDir", "StateDirs", "find_other_ledgers"]

LEDGER = "ledger.sqlite"
SIMULATED = "simulated"
LAST_USED = "last-used.json"


@dataclass(frozen=True, slots=True)
class StateDir:
    """One account's folder and what lies in it."""

    folder: Path

    @property
    def ledger(self) -> Path:
        """The SQLite file."""
        return self.folder / LEDGER

    @property
    def results(self) -> Path:
        """The results document, as the last run left it."""
        return self.folder / "results.json"

    @property
    def is_simulated(self) -> bool:
        """Return whether this is the embedded simulator's folder."""
        return self.folder.name == SIMULATED


class StateDirs:
    """The state folders of one manifest."""

    def __init__(self, manifest: Path) -> None:
        self.root = manifest.with_name(f"{manifest.stem}.lookbook")

    def simulated(self) -> StateDir:
        """Return the embedded simulator's folder."""
        return StateDir(self.root / SIMULATED)

    def of(self, account: Account, *, damaged: bool = False) -> StateDir:
        """Return an account's folder: the root for the first account, else one named after it.

        Raises LedgerDamaged, unless ``damaged``: then the results document tells whose the root is.
        """
        if account.simulated:
            return self.simulated()
        root = StateDir(self.root)
        try:
            owner = read_owner(root.ledger)
            mine = owner is None or owner[0] == account
        except LedgerDamaged:
            if not damaged:
                raise
            mine = _account_in(root.results) in (account.label, None)
        return root if mine else StateDir(self.root / _slug(account))

    def all(self) -> list[StateDir]:
        """Return every state folder that has a ledger."""
        if not self.root.is_dir():
            return []
        folders = [self.root, *sorted(p for p in self.root.iterdir() if p.is_dir())]
        return [StateDir(folder) for folder in folders if (folder / LEDGER).is_file()]

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
        try:
            folder = json.loads((self.root / LAST_USED).read_text("utf-8"))["folder"]
            named = StateDir((self.root / folder).resolve())
        except (OSError, ValueError, KeyError, TypeError):
            return states[0] if states else None
        if named.is_simulated or not named.ledger.is_file():
            return states[0] if states else None
        return named

    def use(self, state: StateDir) -> None:
        """Remember that this folder was used last; a rehearsal is not remembered."""
        if state.is_simulated:
            return
        relative = "." if state.folder == self.root else state.folder.name
        text = json.dumps({"folder": relative}) + "\n"
        (self.root / LAST_USED).write_text(text, "utf-8")


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


def find_other_ledgers(
    manifest: Path, campaign: str, *, besides: StateDir
) -> list[tuple[Path, Account]]:
    """Return the other ledgers in this folder that hold the campaign and bought something.

    A ledger that is empty beside one of these means that the manifest was renamed, or that the key
    is another account's (``docs/money.md``). The simulator's are not counted.
    """
    found: list[tuple[Path, Account]] = []
    for root in sorted(manifest.parent.glob("*.lookbook")):
        for ledger in sorted([*root.glob(LEDGER), *root.glob(f"*/{LEDGER}")]):
            if ledger == besides.ledger:
                continue  # also where it is damaged
            owner = read_owner(ledger)
            if owner is None or owner[1] != campaign:
                continue
            if not owner[0].simulated and has_takes(ledger):
                found.append((ledger, owner[0]))
    return found


def has_takes(ledger: Path) -> bool:
    """Return whether anything was ever sent from a ledger."""
    if not ledger.is_file():
        return False
    with peek_ledger(ledger) as connection:
        sent = connection.execute("SELECT 1 FROM takes WHERE state <> 'planned' LIMIT 1")
        return sent.fetchone() is not None


def _account_in(results: Path) -> str | None:
    """Return the account that a results document is about, if there is one that can be read."""
    try:
        account = json.loads(results.read_text("utf-8"))["account"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return account if isinstance(account, str) else None


def _slug(account: Account) -> str:
    """Return a folder name for an account; with a hash where the name had to be changed for it."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", account.label).strip("._")
    if plain == account.label.replace("/", "_"):
        return plain
    return f"{plain[:80]}-{sha256_hex(account.label.encode())[:8]}"
