"""The judge: holds what the runner wrote against what HeyGen did. It believes only the charges.

It reads the ledger's file through a connection of its own, so it sees what is committed and nothing
else, and the simulator's books, which are the truth about money.
"""

import json
import sqlite3
from collections import defaultdict
from dataclasses import fields
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import httpx

from runner.canonical import sha256_hex
from runner.images.folder import Folder
from runner.ledger.file import read_snapshot
from runner.ledger.fold import Entry, Note, rebuild
from runner.model import COUNTING, Billing, Campaign, LookRef, Snapshot, Take, TakeState
from runner.plan.model import Plan
from runner.policy.budget import Ceilings
from runner.policy.lifecycle import Event, after
from runner.policy.patience import Patience
from runner.simulator.records import millionths
from runner.simulator.stats import figures
from runner.simulator.views import status
from tests.fault.campaigns import HOPELESS
from tests.fault.history import Command
from tests.fault.network import Served, said_by
from tests.fault.world import KEY, Violation, World

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Judge"]

DONE = frozenset({TakeState.COMPLETED, TakeState.FETCHED})
SENT = frozenset({TakeState.SUBMITTING, TakeState.UNKNOWN})
LIVE = SENT | {TakeState.PROCESSING, TakeState.PENDING_CONSENT}
NOT_ITS_FAULT = frozenset({401, 402, 409, 429})


class Judge:
    """Watches one history. Raises Violation at the first promise that is broken."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._connection: sqlite3.Connection | None = None
        self._last_event = 0
        self._take_of: dict[str, str] = {}
        self._keys_of: defaultdict[str, set[str]] = defaultdict(set)
        self._states: dict[str, TakeState] = {}
        self._completed: dict[str, str | None] = {}
        self._wanted: dict[str, str] = {}
        self._campaign: Campaign | None = None
        self._ceilings = Ceilings()
        self._allowed: dict[str, int] = {}
        self._bought: defaultdict[str, set[str]] = defaultdict(set)
        self._charged_at: dict[str, float] = {}
        self._first_sent: set[str] = set()
        self.posts = 0

    # --- at every step ------------------------------------------------------------------------

    def agreed(self, campaign: Campaign, plan: Plan, ceilings: Ceilings) -> None:
        """Hear what a run is going to do."""
        self._campaign = campaign
        self._ceilings = ceilings
        self._wanted = {
            action.key: action.identity for action in plan.actions if action.identity is not None
        }
        self._allowed = {action.key: action.takes + action.retries for action in plan.actions}
        self._bought = defaultdict(set)

    def committed(self) -> None:
        """Read the events that were just committed: each must be true at this moment."""
        for entry in self._new_events():
            if entry.take is None or entry.kind in (Note.MOVED, Note.IMPORTED):
                continue
            event = Event(entry.kind)
            before = self._states.get(entry.take, TakeState.PLANNED)
            self._world.seen[f"transition {before} {event}"] += 1
            self._states[entry.take] = after(before, event)
            if event is Event.INTENDED:
                self._take_of[entry.facts["key"]] = entry.take
                self._keys_of[entry.take].add(entry.facts["key"])
            elif event is Event.COMPLETED:
                self._really_completed(entry.take)

    def _new_events(self) -> "Iterable[Entry]":
        rows = self._rows(
            "SELECT seq, at, run, take, kind, facts FROM events WHERE seq > ? ORDER BY seq",
            self._last_event,
        )
        for seq, at, run, take, kind, facts in rows:
            self._last_event = seq
            yield Entry(at, run, take, kind, json.loads(facts))

    def _really_completed(self, uid: str) -> None:
        take = self._take("uid", uid)
        account = self._world.simulator.account
        look = account.looks.get(take["avatar_id"]) if take else None
        self._must(look is not None, f"{uid} is completed, but HeyGen does not know its look")
        if look is not None:
            state = status(look, account.groups.get(look.group_id), self._world.now())
            self._must(state == "completed", f"{uid} is completed here, at HeyGen it is {state}")

    def sending(self, request: httpx.Request, body: bytes) -> None:
        """Hear that a paid request is about to leave: what it says must be on disk already."""
        self.posts += 1
        key = request.headers["idempotency-key"]
        take = self._take("key", key)
        if take is None:
            raise Violation(f"a request leaves with the key {key}, which the ledger does not know")
        label = f"{take['look']}#{take['number']}"
        self._world.say(f"POST {label} key …{key[-6:]} {json.loads(body).get('avatar_id', '')}")
        self._must(take["state"] in SENT, f"{label} is sent while it is {take['state']}")
        self._must(
            take["billing"] in (Billing.RESERVED, Billing.UNKNOWN),
            f"{label} is sent while its billing is {take['billing']}",
        )
        self._must(take["body_sha256"] == sha256_hex(body), f"{label}: not the stored body")
        if key not in self._first_sent:
            self._first_sent.add(key)
            self._is_wanted(take, label)
        self._slots(take, label)

    def _is_wanted(self, take: "Mapping[str, Any]", label: str) -> None:
        """A first send must be what the manifest wants, not there yet, its reference usable."""
        campaign = self._campaign
        look = (
            next((one for one in campaign.looks if one.key == take["look"]), None)
            if campaign
            else None
        )
        if take["state"] == TakeState.UNKNOWN:
            return  # a replay of what a killed process was about to send
        if look is None:
            raise Violation(f"{label} is bought, but the manifest does not want it")
        self._must(
            take["identity"] == self._wanted.get(look.key),
            f"{label} is bought for another identity",
        )
        there = self._rows(
            "SELECT count(*) FROM takes WHERE look = ? AND identity = ? AND uid != ? "
            "AND state NOT IN ('planned', 'failed', 'deleted')",
            look.key,
            take["identity"],
            take["uid"],
        )[0][0]
        command = self._world.process.day.command
        if command in (Command.RUN, Command.RETRY):
            self._must(there < look.takes, f"{label} is bought; {there} of {look.takes} are there")
        self._bought[look.key].add(take["uid"])
        bought, allowed = len(self._bought[look.key]), self._allowed.get(look.key, 0)
        self._must(bought <= allowed, f"{bought} takes of {look.key} are bought, {allowed} agreed")
        if isinstance(look.reference, LookRef):
            known = self._rows(
                "SELECT state, identity FROM takes WHERE avatar_id = ?", take["reference_id"]
            )
            self._must(
                bool(known) and known[0][0] in DONE,
                f"{label} is sent before its reference {look.reference.look} is usable",
            )
            self._must(
                known[0][1] == self._wanted.get(look.reference.look),
                f"{label} references a take of {look.reference.look} that nobody wants any more",
            )

    def _slots(self, take: "Mapping[str, Any]", label: str) -> None:
        """Never more in progress than the limit, as far as the runner can know it."""
        limit = self._world.process.day.concurrency
        account = self._world.simulator.account
        account.advance(self._world.now())
        young = self._world.now() - Patience().processing
        busy = 0
        for look_id in account.in_progress:
            known = self._take("avatar_id", look_id)
            if known is not None and self._charged_at.get(look_id, 0.0) > young:
                busy += known["state"] == TakeState.PROCESSING
        self._must(busy < limit, f"{label} is sent while {busy} are in progress, limit {limit}")

    def served(self, request: httpx.Request, body: bytes, served: Served) -> None:
        """Hear what HeyGen did with a request, whether or not the answer arrives."""
        path = request.url.path
        world = self._world
        world.say(
            f"  {request.method} {path} → {served.status}{' broken' if served.broken else ''}"
            f" {said_by(served)}".rstrip()
        )
        if request.method != "POST" or path != "/v3/avatars":
            return
        key = request.headers["idempotency-key"]
        self._fits_the_rules(served, body, key)
        charges = [c for c in world.simulator.account.charges.values() if c.idempotency_key == key]
        self._must(len(charges) <= 1, f"the key {key} was charged {len(charges)} times")
        uid = self._take_of.get(key, "")
        keys = self._keys_of[uid] | {key}
        of_take = [c for c in world.simulator.account.charges.values() if c.idempotency_key in keys]
        self._must(len(of_take) <= 1, f"the take {uid} was charged {len(of_take)} times")
        for charge in charges:
            if charge.id not in self._charged_at:
                self._charged_at[charge.id] = world.now()
                self._under_the_ceilings()

    def _fits_the_rules(self, served: Served, body: bytes, key: str) -> None:
        if 400 <= served.status < 500 and served.status not in NOT_ITS_FAULT:
            hopeless = HOPELESS.encode() in body and said_by(served) in ("download_failed", "")
            self._must(hopeless, f"the request {key} was refused: {served.body.decode()[:300]}")

    def _under_the_ceilings(self) -> None:
        charges = self._world.simulator.account.charges.values()
        if self._ceilings.campaign is not None:
            net = sum(charge.amount - charge.refunded for charge in charges)
            self._must(
                net <= millionths(self._ceilings.campaign),
                f"{net / 1e6} was charged, the campaign's budget is {self._ceilings.campaign}",
            )
        if self._ceilings.run is not None:
            run = self._rows("SELECT run FROM events ORDER BY seq DESC LIMIT 1")[0][0]
            uids = {uid for (uid,) in self._rows("SELECT uid FROM takes WHERE run = ?", run)}
            gross = sum(
                c.amount for c in charges if self._take_of.get(c.idempotency_key or "") in uids
            )
            self._must(
                gross <= millionths(self._ceilings.run),
                f"{gross / 1e6} was charged in a run with a ceiling of {self._ceilings.run}",
            )

    # --- after every process ------------------------------------------------------------------

    def audit(self) -> Snapshot | None:
        """Hold the whole ledger against the books, the disk, and its own events."""
        path = self._world.process.ledger_path
        if not path.exists():
            self._must(not self._world.simulator.account.charges, "charged without a ledger")
            return None
        self.committed()
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
            self._must(key in self._take_of, f"the charge {charge} belongs to no take")
        held = sum((take.price for take in takes if take.billing in COUNTING), Decimal(0))
        self._must(held == snapshot.spent, f"the ledger says {snapshot.spent} and holds {held}")
        net = sum(charge.amount - charge.refunded for charge in charges)
        self._must(
            net <= millionths(held), f"HeyGen charged {net / 1e6}, the ledger knows of {held}"
        )

    def _one_take(self, take: Take) -> None:
        account = self._world.simulator.account
        keys = self._keys_of[take.uid]
        charges = [c for c in account.charges.values() if c.idempotency_key in keys]
        certain = take.billing in (Billing.BILLED, Billing.ASSUMED, Billing.REFUNDED)
        self._must(len(charges) <= 1, f"{take.label} was charged {len(charges)} times")
        if certain:
            self._must(bool(charges), f"{take.label} is {take.billing}, but was never charged")
            charge = charges[0]
            deleted = take.state is TakeState.FAILED and take.avatar_id is None
            self._must(
                charge.id == take.avatar_id or deleted,
                f"{take.label} is said to be {take.avatar_id}; its charge is for {charge.id}",
            )
            self._must(charge.amount == millionths(take.price), f"{take.label}: another price")
            if take.billing is Billing.REFUNDED:
                self._must(bool(charge.refunded), f"{take.label} was billed, not refunded")
            if take.usable:
                self._must(not charge.refunded, f"{take.label} is good, and was refunded")
        elif take.billing is Billing.NONE:
            self._must(not charges, f"{take.label} was charged, and the ledger says it was not")
        if take.state is TakeState.FETCHED:
            there = take.image is None or Folder(self._world.process.state, lambda _: None).present(
                take.image or "", take.sha256 or ""
            )
            self._must(there or self._mislaid(take), f"the picture of {take.label} is not there")

    def _mislaid(self, take: Take) -> bool:
        return take.image in self._world.process.world.lost_pictures

    def _nothing_lost(self, takes: list[Take]) -> None:
        now = {take.uid: take for take in takes}
        for uid, avatar_id in self._completed.items():
            self._must(
                uid in now
                and (now[uid].usable or now[uid].state is TakeState.DELETED)
                and now[uid].avatar_id == avatar_id,
                f"the completed take {uid} was lost",
            )
        self._completed = {take.uid: take.avatar_id for take in takes if take.usable}

    def _rebuilds(self) -> None:
        rows = self._rows("SELECT at, run, take, kind, facts FROM events ORDER BY seq")
        state = rebuild(
            Entry(at, run, take, kind, json.loads(facts)) for at, run, take, kind, facts in rows
        )
        names = [field.name for field in fields(Take)]
        table = {row[0]: row for row in self._rows(f"SELECT {', '.join(names)} FROM takes")}
        self._must(table.keys() == state.takes.keys(), "the events know other takes")
        for uid, take in state.takes.items():
            kept = dict(zip(names, table[uid], strict=True))
            for name in names:
                value = getattr(take, name)
                self._must(
                    str(kept[name]) == str(int(value) if isinstance(value, bool) else value),
                    f"{take.label}: {name} is {kept[name]} in the table, {value} by the events",
                )
        picks = dict(self._rows("SELECT look, take FROM picks"))
        self._must(picks == state.picks, "the events know other picks")
        assets = dict(self._rows("SELECT sha256, asset_id FROM assets"))
        self._must(assets == state.assets, "the events know other assets")

    def _no_key_anywhere(self) -> None:
        secret = KEY.encode()
        for path in sorted(self._world.process.state.rglob("*")):
            if path.is_file():
                self._must(secret not in path.read_bytes(), f"the key is in {path.name}")
        self._must(all(KEY not in line for line in self._world.log), "the key was said")
        leaks = figures(self._world.simulator)
        self._must(not leaks["keys_sent_to_images"], "the key was sent with a picture")

    # --- at the end ---------------------------------------------------------------------------

    def settled(self, snapshot: Snapshot) -> None:
        """When everything is done: the wallet and the ledger agree, apart from assumptions."""
        takes = [take for of_look in snapshot.takes.values() for take in of_look]
        billed = sum((t.price for t in takes if t.billing is Billing.BILLED), Decimal(0))
        assumed = {
            key
            for take in takes
            if take.billing is Billing.ASSUMED
            for key in self._keys_of[take.uid]
        }
        charges = self._world.simulator.account.charges.values()
        net = sum(c.amount - c.refunded for c in charges if c.idempotency_key not in assumed)
        self._must(net == millionths(billed), f"HeyGen kept {net / 1e6}, the ledger says {billed}")

    def books(self) -> list[str]:
        """Give HeyGen's figures and every event of the ledger, as text."""
        lines = [json.dumps(figures(self._world.simulator), sort_keys=True)]
        process = self._world.process
        if process is None or not process.ledger_path.exists():
            return lines
        for row in self._rows("SELECT seq, at, run, take, kind, facts FROM events ORDER BY seq"):
            facts = json.loads(row[-1])
            facts.pop("pid", None)  # the one thing that another process says otherwise
            lines.append(f"{row[:-1]} {json.dumps(facts)}")
        return lines

    def bought(self, key: str | None) -> str | None:
        """Say which look a key bought, as HeyGen's books have it."""
        charges = self._world.simulator.account.charges.values()
        return next((charge.id for charge in charges if charge.idempotency_key == key), None)

    # --- reading ------------------------------------------------------------------------------

    def _rows(self, query: str, *values: object) -> list[Any]:
        if self._connection is None:
            path = self._world.process.ledger_path
            self._connection = sqlite3.connect(path, isolation_level=None)
        return self._connection.execute(query, values).fetchall()

    def _take(self, column: str, value: object) -> "Mapping[str, Any] | None":
        names = [field.name for field in fields(Take)]
        rows = self._rows(f"SELECT {', '.join(names)} FROM takes WHERE {column} = ?", value)
        return dict(zip(names, rows[0], strict=True)) if rows else None

    def _must(self, condition: bool, broken: str) -> None:
        if not condition:
            raise Violation(broken)

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()
