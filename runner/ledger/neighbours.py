"""What the other ledgers and results files of a folder know of the account.

All ``*.lookbook`` folders beside a manifest, every account's subfolder included. A look that one of
them knows is no stranger, and no search for another campaign's send may take it.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any

from runner.errors import LookbookError
from runner.files import MAX_RESULTS_BYTES, read_file
from runner.ledger.backend import Elsewhere
from runner.ledger.database import peek_ledger
from runner.ledger.events import Note
from runner.ledger.facts import price_of
from runner.ledger.state_check import check_state_folder
from runner.ledger.state_dirs import LEDGER, SIMULATED, StateDir, read_owner
from runner.model import LookKind
from runner.results.fingerprint import RESULTS
from runner.takes import UNRESOLVED, Account, AccountFacts, MeasuredPrice, Neighbours

FACTS = (Note.PRICE_MEASURED, Note.KEYS_IGNORED, Note.KEYS_TRUSTED)
"""The events that tell of the account, and not of a campaign alone."""
MAX_SEARCHED_TAKES = 50
"""So many takes are looked for in another ledger."""

UNREADABLE = (OSError, ValueError, LookupError, TypeError, RecursionError, LookbookError)
"""What reading another folder's file may raise, whatever lies there."""


class KnownTakes:
    """What other ledgers and results files know of an account's looks, added one by one."""

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._made: set[str] = set()
        self._unresolved: dict[str, list[str]] = {}
        self._founded: set[tuple[str, str]] = set()

    def add(self, where: str, takes: Iterable[tuple[Any, ...]]) -> None:
        """Add takes: label, name, state, kind, look id and group id of each."""
        for label, name, state, kind, *known in takes:
            self._ids.update(one for one in known if one)
            if kind != LookKind.EXISTING:
                self._made.update(one for one in known if one)
                if name and known[-1]:
                    self._founded.add((known[-1], name))
            if state in UNRESOLVED and not known[0] and name:
                self._unresolved.setdefault(name, []).append(f"{where}: {label}")

    def to_neighbours(self, unreadable: Iterable[str] = ()) -> Neighbours:
        """Return all of it; ``unreadable`` names what could not be read."""
        named = {name: tuple(dict.fromkeys(labels)) for name, labels in self._unresolved.items()}
        ids = frozenset(self._ids)
        taken_over, founded = ids - self._made, frozenset(self._founded)
        return Neighbours(ids, named, tuple(unreadable), taken_over, founded)


class KnownFacts:
    """What other ledgers learned of an account, added one by one; the newest of each counts."""

    def __init__(self) -> None:
        self._prices: dict[LookKind, tuple[float, MeasuredPrice]] = {}
        self._ignored: tuple[float, str] | None = None

    def add(self, where: str, rows: Iterable[tuple[float, str, str]]) -> None:
        """Add a ledger's events of ``FACTS``, in order: time, kind, facts as JSON."""
        distrusted_at: float | None = None
        for at, kind, facts in rows:
            if kind == Note.PRICE_MEASURED:
                look_kind, measured = price_of(json.loads(facts))
                known_at = self._prices[look_kind][0] if look_kind in self._prices else at
                if measured.is_settled and known_at <= at:
                    self._prices[look_kind] = at, measured
            else:
                distrusted_at = at if kind == Note.KEYS_IGNORED else None
        if distrusted_at is not None:
            self._ignored = max(self._ignored or (0.0, ""), (distrusted_at, where))

    def to_facts(self) -> AccountFacts:
        """Return all of it."""
        prices = {kind: measured for kind, (_at, measured) in self._prices.items()}
        return AccountFacts(prices, *(self._ignored or (None, None)))


def read_neighbours(besides: StateDir, elsewhere: Elsewhere | None = None) -> Neighbours:
    """Read what the folders beside this one know, and the other accounts' folders of its manifest.

    ``elsewhere`` knows the account's campaigns that live in a database with this one. The embedded
    simulator's account is its manifest's alone: it has no neighbours, and is none.
    """
    if besides.folder.name == SIMULATED:
        return Neighbours()
    found = KnownTakes()
    unreadable: list[str] = []
    for folder in _folders(besides.folder):
        for path in (folder / LEDGER, folder / RESULTS):
            if not path.is_file():
                continue
            try:
                check_state_folder(folder)
                takes = _in_ledger(path) if path.name == LEDGER else _in_results(path)
                found.add(folder.name, takes)
            except UNREADABLE:
                unreadable.append(str(path))
    for campaign, takes in _by_campaign(elsewhere.takes_besides() if elsewhere else ()):
        found.add(campaign, takes)
    return found.to_neighbours(unreadable)


def read_account_facts(
    besides: StateDir, account: Account, elsewhere: Elsewhere | None = None
) -> AccountFacts:
    """Read what the other ledgers of the folder learned of an account; the newest of each counts.

    ``elsewhere`` is asked as well, or else the database in which this one's ledger lives. What
    cannot be read tells nothing: ``read_neighbours`` names it.
    """
    found = KnownFacts()
    for folder in _folders(besides.folder) if besides.folder.name != SIMULATED else ():
        with suppress(*UNREADABLE, ArithmeticError):
            if (owner := read_owner(folder / LEDGER)) is None or owner[0] != account:
                continue
            found.add(folder.name, _read_facts(folder / LEDGER))
    asked: AbstractContextManager[object] = nullcontext(elsewhere)
    if elsewhere is None and besides.shared is not None:
        asked = besides.shared.peek()
    with asked as known:
        rows = known.facts_besides(FACTS) if isinstance(known, Elsewhere) else ()
    for campaign, facts in _by_campaign(rows):
        found.add(campaign, facts)
    return found.to_facts()


RowStream = Iterator[tuple[Any, ...]]


def _by_campaign(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[str, RowStream]]:
    """Yield rows by the campaign that stands first in each; they come in its order."""
    for campaign, of_it in groupby(rows, key=itemgetter(0)):
        yield campaign, (row[1:] for row in of_it)


def _read_facts(path: Path) -> list[tuple[float, str, str]]:
    with peek_ledger(path) as connection:
        return connection.execute(
            "SELECT at, kind, facts FROM events WHERE kind IN (?, ?, ?) ORDER BY seq",
            FACTS,
        ).fetchall()


def find_copies(besides: StateDir, uids: Iterable[str]) -> list[tuple[Path, str]]:
    """Return the other ledgers that hold takes of this one, and the campaign that each names.

    A take has one uid in the whole world: only a copied folder holds it twice. ``uids`` are of the
    oldest takes here, which a copy of whatever age has; a few will do.
    """
    some = list(islice(uids, MAX_SEARCHED_TAKES))
    found = []
    for folder in _folders(besides.folder) if some else ():
        path = folder / LEDGER
        with suppress(LookbookError, OSError):
            if not path.is_file():
                continue
            with peek_ledger(path) as connection:
                marks = ", ".join("?" * len(some))
                held = connection.execute(
                    f"SELECT 1 FROM takes WHERE uid IN ({marks}) LIMIT 1",  # noqa: S608 - question marks
                    some,
                ).fetchone()
                name = connection.execute(
                    "SELECT value FROM meta WHERE key = 'campaign'"
                ).fetchone()
            if held is not None:
                found.append((path, name[0] if name else "?"))
    return found


def _folders(mine: Path) -> Iterator[Path]:
    """Yield every other state folder beside the manifest that a folder belongs to."""
    root = mine if mine.suffix == ".lookbook" else mine.parent
    for other in sorted(root.parent.glob("*.lookbook")):
        for folder in (other, *_subfolders(other)):
            if folder.name != SIMULATED and folder != mine:
                yield folder


def _subfolders(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir())
    except OSError:  # a file or a link without an end that has the name of a state folder
        return []


def _in_ledger(path: Path) -> list[tuple[Any, ...]]:
    with peek_ledger(path) as connection:
        return connection.execute(
            "SELECT look || '#' || number, name, state, kind, avatar_id, group_id FROM takes"
        ).fetchall()


def _in_results(path: Path) -> Iterator[tuple[Any, ...]]:
    results = json.loads(read_file(path, MAX_RESULTS_BYTES, follow=False))
    for look in (*results["looks"], *results.get("orphans", ())):
        for take in look["takes"]:
            label = f"{look['look']}#{take['take']}"
            # A group that is only wanted is another's, and makes nobody its owner.
            made = take["avatar_group_id"] if take["avatar_id"] else None
            yield label, take["name"], take["state"], take.get("kind"), take["avatar_id"], made
