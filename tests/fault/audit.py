"""The audit after every process: the whole ledger against HeyGen's books, disk and events."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal
from typing import Any

from runner.images.folder import Folder
from runner.ledger.file import read_snapshot
from runner.ledger.fold import Entry, rebuild
from runner.model import COUNTING, Billing, Snapshot, Take, TakeState
from runner.simulator.records import millionths
from runner.simulator.stats import figures
from tests.fault.world import KEY, Violation, World

__all__ = ["Auditor"]


class Auditor:
    """Reads the ledger's file by a connection of its own: it sees what is committed, nothing else.

    ``take_of`` gives the take that an idempotency key was made for, ``keys_of`` a take's keys.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._connection: sqlite3.Connection | None = None
        self.take_of: dict[str, str] = {}
        self.keys_of: dict[str, set[str]] = {}
        self._completed: dict[str, str | None] = {}

    def audit(self) -> Snapshot | None:
        """Hold the whole ledger against the books, the disk, and its own events."""
        path = self._world.process.ledger_path
        if not path.exists():
            self.must(not self._world.simulator.account.charges, "charged without a ledger")
            return None
        snapshot = read_snapshot(path)
        takes = [take for of_look in snapshot.takes.values() for take in of_look]
        self._money(snapshot, takes)
        for take in takes:
            self._one_take(take)
        self._nothing_lost(takes)
        self._rebuilds()
        self._no_key_anywhere()
        return snapshot

    def _money(self, snapshot: Snapshot, takes: list[Take]) -> None:
        charges = self._world.simulator.account.charges.values()
        for charge in charges:
            key = charge.idempotency_key or ""
            self.must(key in self.take_of, f"the charge {charge} belongs to no take")
        held = sum((take.price for take in takes if take.billing in COUNTING), Decimal(0))
        self.must(held == snapshot.spent, f"the ledger says {snapshot.spent} and holds {held}")
        net = sum(charge.amount - charge.refunded for charge in charges)
        self.must(
            net <= millionths(held), f"HeyGen charged {net / 1e6}, the ledger knows of {held}"
        )

    def _one_take(self, take: Take) -> None:
        account = self._world.simulator.account
        keys = self.keys_of.get(take.uid, set())
        charges = [c for c in account.charges.values() if c.idempotency_key in keys]
        certain = take.billing in (Billing.BILLED, Billing.ASSUMED, Billing.REFUNDED)
        self.must(len(charges) <= 1, f"{take.label} was charged {len(charges)} times")
        if certain:
            self.must(bool(charges), f"{take.label} is {take.billing}, but was never charged")
            charge = charges[0]
            deleted = take.state is TakeState.FAILED and take.avatar_id is None
            self.must(
                charge.id == take.avatar_id or deleted,
                f"{take.label} is said to be {take.avatar_id}; its charge is for {charge.id}",
            )
            self.must(charge.amount == millionths(take.price), f"{take.label}: another price")
            if take.billing is Billing.REFUNDED:
                self.must(bool(charge.refunded), f"{take.label} was billed, not refunded")
            if take.usable:
                self.must(not charge.refunded, f"{take.label} is good, and was refunded")
        elif take.billing is Billing.NONE:
            self.must(not charges, f"{take.label} was charged, and the ledger says it was not")
        if take.state is TakeState.FETCHED:
            there = take.image is None or Folder(self._world.process.state, lambda _: None).present(
                take.image or "", take.sha256 or ""
            )
            self.must(there or self._mislaid(take), f"the picture of {take.label} is not there")

    def _mislaid(self, take: Take) -> bool:
        return take.image in self._world.process.world.lost_pictures

    def _nothing_lost(self, takes: list[Take]) -> None:
        now = {take.uid: take for take in takes}
        for uid, avatar_id in self._completed.items():
            self.must(
                uid in now
                and (now[uid].usable or now[uid].state is TakeState.DELETED)
                and now[uid].avatar_id == avatar_id,
                f"the completed take {uid} was lost",
            )
        self._completed = {take.uid: take.avatar_id for take in takes if take.usable}

    def _rebuilds(self) -> None:
        rows = self.rows("SELECT at, run, take, kind, facts FROM events ORDER BY seq")
        state = rebuild(
            Entry(at, run, take, kind, json.loads(facts)) for at, run, take, kind, facts in rows
        )
        names = [field.name for field in fields(Take)]
        table = {row[0]: row for row in self.rows(f"SELECT {', '.join(names)} FROM takes")}
        self.must(table.keys() == state.takes.keys(), "the events know other takes")
        for uid, take in state.takes.items():
            kept = dict(zip(names, table[uid], strict=True))
            for name in names:
                value = getattr(take, name)
                self.must(
                    str(kept[name]) == str(int(value) if isinstance(value, bool) else value),
                    f"{take.label}: {name} is {kept[name]} in the table, {value} by the events",
                )
        picks = dict(self.rows("SELECT look, take FROM picks"))
        self.must(picks == state.picks, "the events know other picks")
        assets = dict(self.rows("SELECT sha256, asset_id FROM assets"))
        self.must(assets == state.assets, "the events know other assets")

    def _no_key_anywhere(self) -> None:
        secret = KEY.encode()
        for path in sorted(self._world.process.state.rglob("*")):
            if path.is_file():
                self.must(secret not in path.read_bytes(), f"the key is in {path.name}")
        self.must(all(KEY not in line for line in self._world.log), "the key was said")
        leaks = figures(self._world.simulator)
        self.must(not leaks["keys_sent_to_images"], "the key was sent with a picture")

    # --- at the end ---------------------------------------------------------------------------

    def settled(self, snapshot: Snapshot) -> None:
        """When everything is done: the wallet and the ledger agree, apart from assumptions."""
        takes = [take for of_look in snapshot.takes.values() for take in of_look]
        billed = sum((t.price for t in takes if t.billing is Billing.BILLED), Decimal(0))
        assumed = {
            key
            for take in takes
            if take.billing is Billing.ASSUMED
            for key in self.keys_of.get(take.uid, set())
        }
        charges = self._world.simulator.account.charges.values()
        net = sum(c.amount - c.refunded for c in charges if c.idempotency_key not in assumed)
        self.must(net == millionths(billed), f"HeyGen kept {net / 1e6}, the ledger says {billed}")

    def books(self) -> list[str]:
        """Give HeyGen's figures and every event of the ledger, as text."""
        lines = [json.dumps(figures(self._world.simulator), sort_keys=True)]
        process = self._world.process
        if process is None or not process.ledger_path.exists():
            return lines
        for row in self.rows("SELECT seq, at, run, take, kind, facts FROM events ORDER BY seq"):
            facts = json.loads(row[-1])
            facts.pop("pid", None)  # the one thing that another process says otherwise
            lines.append(f"{row[:-1]} {json.dumps(facts)}")
        return lines

    def bought(self, key: str | None) -> str | None:
        """Say which look a key bought, as HeyGen's books have it."""
        charges = self._world.simulator.account.charges.values()
        return next((charge.id for charge in charges if charge.idempotency_key == key), None)

    # --- reading ------------------------------------------------------------------------------

    def rows(self, query: str, *values: object) -> list[Any]:
        if self._connection is None:
            path = self._world.process.ledger_path
            self._connection = sqlite3.connect(path, isolation_level=None)
        return self._connection.execute(query, values).fetchall()

    def take(self, column: str, value: object) -> Mapping[str, Any] | None:
        names = [field.name for field in fields(Take)]
        rows = self.rows(f"SELECT {', '.join(names)} FROM takes WHERE {column} = ?", value)
        return dict(zip(names, rows[0], strict=True)) if rows else None

    def must(self, condition: bool, broken: str) -> None:
        if not condition:
            raise Violation(broken)

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()
