"""The audit after every process: the whole ledger against HeyGen's books, disk and events."""

import json
import os
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.errors import LedgerDamaged
from runner.images.folder import Folder
from runner.ledger.events import Entry, LedgerState, apply_event
from runner.ledger.reading import has_takes, read_snapshot
from runner.model import Campaign, Look, LookKind, LookRef
from runner.plan import plan as make_plan
from runner.simulator.records import ChargeRow, millionths
from runner.simulator.stats import make_stats
from runner.takes import COUNTING, Billing, Snapshot, Take, TakeState
from tests.fault.environment import KEY, NEIGHBOUR, Environment, Violation

if TYPE_CHECKING:
    from runner.ledger.location import LedgerLocation

__all__ = ["Auditor", "RecordedAction"]


@dataclass(frozen=True, slots=True)
class RecordedAction:
    """What a key was made to buy."""

    look: str
    identity: str


@dataclass(slots=True)
class Loss:
    """What is known of ledgers that were lost.

    ``blank`` are the keys that were sent before the whole folder was lost. ``restored`` says that
    an older copy was put back and has not been told yet what results.json knows. ``named`` are the
    ids and keys that results.json still knew, ``forgotten`` the keys of charges that no take can be
    held to any more, ``before`` what was there when a person began again without the ledger that
    bought it.
    """

    now: bool = False
    ever: bool = False
    restored: bool = False
    named: set[str] = field(default_factory=set)
    forgotten: set[str | None] = field(default_factory=set)
    before: set[str] = field(default_factory=set)
    blank: frozenset[str] = frozenset()


class Auditor:
    """Reads the ledger's file by a connection of its own: it sees what is committed, nothing else.

    ``take_of`` has the take that an idempotency key was made for, ``keys_of`` a take's keys,
    ``sent_key`` the key of its latest send, ``_exchanged`` for a key that results told of already
    the one that its own take has instead;
    ``recorded_actions`` what a key was to buy, also where the ledger that knew it is gone.
    """

    def __init__(self, environment: Environment, state: Path, campaign: str) -> None:
        self._environment = environment
        self.state = state
        self.checkouts = [state]
        """Where people have worked with this ledger: each has results of its own."""
        self.campaign = campaign
        self._connection: sqlite3.Connection | None = None
        self._opened: list[int | None] = []
        self._state, self._folded = LedgerState(), 0
        self._compared: dict[str, tuple[Take, tuple[Any, ...]]] = {}
        """Takes by the events, and their rows, that were found the same, by uid."""
        self._read: dict[str, tuple[int, ...]] = {}
        """What was read and has no key in it: its inode, size and time."""
        self._heard = 0
        self.take_of: dict[str, str] = {}
        self.keys_of: dict[str, set[str]] = {}
        self.sent_key: dict[str, str] = {}
        self._exchanged: dict[str, str] = {}
        self.recorded_actions: dict[str, RecordedAction] = {}
        self.loss = Loss()
        self.rebuilt = False
        """Whether the last command was a rebuild that put a new ledger in the place of the old."""
        self._mistaken: set[str] = set()
        self._completed: set[str | None] = set()
        self._unless_begun: tuple[Loss, set[str | None], bytes | None] | None = None

    @property
    def ledger_path(self) -> Path:
        """The file of the ledger that is judged."""
        return self.state / "ledger.sqlite"

    @property
    def ledger(self) -> "Path | LedgerLocation":
        """Where that ledger lives."""
        return self._environment.find_ledger(self.state, self.campaign)

    def exists(self) -> bool:
        """Return whether there is a ledger."""
        if self._environment.database is not None:
            return self._environment.database.find_campaign(self.campaign) is not None
        return self.ledger_path.exists()

    def entered(self, state: Path) -> set[str]:
        """Record in which checkout people work now; return the pictures that it lacks."""
        if self._environment.database is None:
            return set()
        self.state = state
        self.checkouts = [*dict.fromkeys([*self.checkouts, state])]
        takes = read_snapshot(self.ledger).all_takes
        images = {take.image for take in takes if take.state is TakeState.FETCHED and take.image}
        return {image for image in images if not (state / image).exists()}

    @property
    def lost(self) -> bool:
        """Return whether the ledger is gone, or cannot be read, at this moment."""
        return self.loss.now

    def audit(self, campaign: Campaign) -> Snapshot | None:
        """Check the whole ledger against the books, the disk, and its own events."""
        if self.lost:
            return None
        if not self.exists():
            self.must(not self.remembered(), "charged without a ledger")
            return None
        snapshot = read_snapshot(self.ledger)
        takes = [take for of_look in snapshot.takes.values() for take in of_look]
        older = [take.uid for take in takes if self._is_older(take)]
        self._mistaken = {key for uid in older for key in self.keys_of.get(uid, ())}
        self._money(campaign, snapshot, takes)
        for take in takes:
            self._one_take(take)
        self._nothing_lost(takes)
        self._rebuilds()
        self._no_key_anywhere()
        self.loss.restored = bool(self.unread())
        return snapshot

    def _money(self, campaign: Campaign, snapshot: Snapshot, takes: list[Take]) -> None:
        self._unclaimed(campaign, snapshot, takes)
        held = sum((take.price for take in takes if take.billing in COUNTING), Decimal(0))
        held += sum((look.price for look in snapshot.doubled), Decimal(0))
        self.must(held == snapshot.spent, f"the ledger says {snapshot.spent} and holds {held}")
        claimed = [c for c in self.remembered() if c.idempotency_key in self.take_of]
        net = self.net(claimed)
        self.must(
            net <= millionths(held), f"HeyGen charged {net / 1e6}, the ledger knows of {held}"
        )

    def remembered(self, *, doubled: bool = False) -> list[ChargeRow]:
        """Return the charges that the ledger has to answer for.

        All, but for those of a lost ledger, of other people, and of another ledger that is judged
        for itself; unless this one took over what that one bought. Also what a key bought besides,
        where ``doubled`` says so.
        """
        charges, forgotten = (
            self._environment.simulator.account.charges.values(),
            self.loss.forgotten,
        )
        left_out = set() if doubled else self.doubled()
        return [
            c
            for c in charges
            if not (c.idempotency_key or "").startswith(NEIGHBOUR)
            and (self._is_mine(c) or c.idempotency_key in self.take_of)
            and (c.idempotency_key not in forgotten or c.idempotency_key in self.take_of)
            and c.idempotency_key not in self._mistaken
            and c.id not in left_out
        ]

    def doubled(self) -> set[str]:
        """Return the looks that a key bought besides those that takes are for.

        There are none but where keys are not honoured. A rebuild finds both by their name, and
        takes each for a look that was missing. Sends of one body are interchangeable: where two
        takes have both looks of one key, what the other's own key made is left over.
        """
        if self._environment.simulator.behaviour.ignore_keys == "honoured":
            return set()
        by_key: dict[str, list[str]] = {}
        for charge in self._environment.simulator.account.charges.values():
            by_key.setdefault(charge.idempotency_key or "", []).append(charge.id)
        extra = set[str]()
        for key, looks in by_key.items():
            if len(looks) > 1 and key in self.take_of:
                takes = {look_id: self.take("avatar_id", look_id) for look_id in looks}
                mine = {look_id: take for look_id, take in takes.items() if take is not None}
                extra |= {*looks} - (mine.keys() or {self._untold_of(looks)})
                for take in mine.values():
                    for other in self.keys_of.get(take["uid"], set()) - {key}:
                        left = by_key.get(other, ())
                        extra |= {one for one in left if self.take("avatar_id", one) is None}
        return extra

    def _untold_of(self, looks: list[str]) -> str:
        """Return the look that a key made for a take which is gone: one not told as its second."""
        told = {look.look_id for look in read_snapshot(self.ledger).doubled}
        return next((look_id for look_id in looks if look_id not in told), looks[0])

    def _is_mine(self, charge: ChargeRow) -> bool:
        """Return whether no other ledger of this history sent what was charged."""
        return self._environment.senders.get(charge.idempotency_key or "", self) is self

    def net(self, charges: Iterable[ChargeRow]) -> int:
        """Return what charges came to, refunds apart, in millionths; each at its take's price.

        That is what HeyGen took, unless a person asserted another: ``_priced`` sees to that.
        """
        prices = {uid: millionths(Decimal(price)) for uid, price in self._prices()}
        total = 0
        for charge in charges:
            price = prices.get(self.take_of.get(charge.idempotency_key or "", ""), charge.amount)
            total += price - (price if charge.refunded else 0)
        return total

    def _prices(self) -> list[Any]:
        told = self._environment.asserted or self._environment.costs_otherwise
        return self.rows("SELECT uid, price FROM takes") if told and self.is_readable() else []

    def is_readable(self) -> bool:
        """Return whether there is a ledger: also where the command at work has made it anew."""
        if not self.exists():
            return False
        try:
            return not self.lost or has_takes(self.ledger)
        except LedgerDamaged:
            return False

    def _priced(self, take: Take, charge: ChargeRow) -> None:
        """A take costs what HeyGen takes, or what a person asserted when it was bought.

        Where the wallet contradicted that, the ledger holds what the wallet showed.
        """
        listed = self._environment.history.price
        real = Decimal(charge.amount) / 1_000_000
        key = charge.idempotency_key or ""
        said = self._environment.asserted.get(key, listed)
        once = self._environment.asserted_once.get(key, ()) if self.loss.ever else ()
        self.must(real in self._environment.prices, f"HeyGen took {real}")
        known = take.price in (said, listed, real, *once)
        self.must(known, f"{take.label}: another price, {take.price}")

    def _unclaimed(self, campaign: Campaign, snapshot: Snapshot, takes: list[Take]) -> None:
        """Every charge belongs to a take, unless the ledger that knew it was lost.

        What results.json named, or the next run would buy again, must not be forgotten even then.
        """
        doubtful = {t.name for t in takes if t.key is None and t.state is TakeState.UNKNOWN}
        for charge in self.remembered():
            key = charge.idempotency_key or ""
            if key in self.take_of:
                continue
            self.must(self.loss.ever, f"the charge {charge} belongs to no take")
            if charge.name in doubtful:
                continue  # a person will say which it is
            if self.loss.restored and self.on_paper(charge):
                continue  # whoever works with this ledger reads it there first
            self.must(
                key not in self.loss.named and charge.id not in self.loss.named,
                f"results.json names {charge.id}, and the new ledger does not know it",
            )
            missing = self._missing(campaign, snapshot, charge)
            if missing and not self.rebuilt:
                continue  # a run asks about it before it buys anything, and a rebuild finds it
            self.must(not missing, f"{charge.id} was bought, and the new ledger would buy it again")
            self.loss.forgotten.add(key)

    def _missing(self, campaign: Campaign, snapshot: Snapshot, charge: ChargeRow) -> bool:
        """Return whether a look that is there, under the wanted name, is wanted once more.

        "In the group it would go to" (docs/money.md, "Before anything new is bought"): one that was
        made from a base which is replaced since has another face, and lies in that base's group.
        """
        look = self._environment.simulator.account.looks.get(charge.id)
        recorded_action = self.recorded_actions.get(charge.idempotency_key or "")
        if look is None or recorded_action is None or look.outcome != "completed":
            return False
        return any(
            action.key == recorded_action.look
            and action.identity == recorded_action.identity
            and action.takes > 0
            and action.look is not None
            and action.look.name == look.name
            and _would_go_to(action.look, snapshot) in (None, look.group_id)
            for action in make_plan(campaign, snapshot).actions
        )

    def _is_older(self, take: Take) -> bool:
        """Return whether a take was found by name and is older than the ledger.

        That it is older, no list of HeyGen's tells: the ledger holds a price that nobody took, and
        does not know what arrives late after all.
        """
        keys = self.keys_of.get(take.uid, set())
        charges = self._environment.simulator.account.charges.values()
        mine = {charge.id for charge in charges if charge.idempotency_key in keys}
        return take.avatar_id in self.loss.before - mine

    def _is_a_neighbours(self, take: Take) -> bool:
        """Return whether a lost answer was matched to a look of an unseen machine."""
        charge = self._environment.simulator.account.charges.get(take.avatar_id or "")
        return charge is not None and (charge.idempotency_key or "").startswith(NEIGHBOUR)

    def _is_of_another_folder(self, take: Take) -> bool:
        """Return whether a lost answer was matched to a look of another checkout of the campaign.

        Its ledger lies in another folder, and its results were not pushed yet.
        """
        charge = self._environment.simulator.account.charges.get(take.avatar_id or "")
        sender = self._environment.senders.get(charge.idempotency_key or "") if charge else None
        return sender is not None and sender.state.parent != self.state.parent

    def _charges_of(self, take: Take) -> list[ChargeRow]:
        """Return what HeyGen charged for a take: by its keys, but what another take is for.

        A look that its key made twice, and that a rebuild took for this take, is its own.
        """
        charges, keys = (
            self._environment.simulator.account.charges,
            self.keys_of.get(take.uid, set()),
        )
        own = charges.get(take.avatar_id or "")
        if own is not None and self._environment.simulator.behaviour.ignore_keys != "honoured":
            twins = [c for c in charges.values() if c.idempotency_key == own.idempotency_key]
            if len(twins) > 1:
                return [own]
        doubled = self.doubled()
        return [c for c in charges.values() if c.idempotency_key in keys and c.id not in doubled]

    def _one_take(self, take: Take) -> None:
        keys = self.keys_of.get(take.uid, set())
        charges = self._charges_of(take)
        certain = take.billing in (Billing.BILLED, Billing.ASSUMED, Billing.REFUNDED)
        self.must(len(charges) <= 1, f"{take.label} was charged {len(charges)} times")
        deleted = take.state is TakeState.FAILED and take.avatar_id is None
        if self._is_older(take):
            return
        if self._is_a_neighbours(take) or (not charges and self._is_of_another_folder(take)):
            assumed = take.billing is Billing.ASSUMED or take.billing is Billing.REFUNDED
            self.must(assumed, f"{take.label} is another's look, and is said to be {take.billing}")
            return
        if certain and not (deleted and not keys and self.loss.ever):  # that has no trace left
            self.must(bool(charges), f"{take.label} is {take.billing}, but was never charged")
            charge = charges[0]
            self.must(
                charge.id == take.avatar_id or deleted,
                f"{take.label} is said to be {take.avatar_id}; its charge is for {charge.id}",
            )
            self._priced(take, charge)
            if take.billing is Billing.REFUNDED:
                self.must(bool(charge.refunded), f"{take.label} was billed, not refunded")
            if take.usable:
                self.must(not charge.refunded, f"{take.label} is good, and was refunded")
        elif take.billing is Billing.NONE:
            self.must(not charges, f"{take.label} was charged, and the ledger says it was not")
        if take.state is TakeState.FETCHED:
            there = take.image is None or Folder(self.state, lambda _: None).present(
                take.image or "", take.sha256 or ""
            )
            self.must(there or self._mislaid(take), f"the picture of {take.label} is not there")

    def _mislaid(self, take: Take) -> bool:
        return take.image in self._environment.lost_pictures

    def _nothing_lost(self, takes: list[Take]) -> None:
        there = {t.avatar_id for t in takes if t.usable or t.state is TakeState.DELETED}
        for avatar_id in self._completed - there:
            raise Violation(f"the completed look {avatar_id} was lost")
        self._completed = {take.avatar_id for take in takes if take.usable}
        bought = [t.avatar_id for t in takes if t.avatar_id and t.kind is not LookKind.EXISTING]
        twice = [one for one, times in Counter(bought).items() if times > 1]
        self.must(not twice, f"several takes are said to be {', '.join(twice)}")

    def _rebuilds(self) -> None:
        query = "SELECT seq, at, run, take, kind, facts FROM events WHERE seq > ? ORDER BY seq"
        for seq, at, run, take, kind, facts in self.rows(query, self._folded):
            apply_event(self._state, Entry(at, run, take, kind, json.loads(facts)))
            self._folded = seq
        state = self._state
        names = [field.name for field in fields(Take)]
        table = {row[0]: row for row in self.rows(f"SELECT {', '.join(names)} FROM takes")}
        self.must(table.keys() == state.takes.keys(), "the events know other takes")
        for uid, known in state.takes.items():
            if self._compared.get(uid) == (known, table[uid]):
                continue
            kept = dict(zip(names, table[uid], strict=True))
            for name in names:
                value = getattr(known, name)
                self.must(
                    str(kept[name]) == str(int(value) if isinstance(value, bool) else value),
                    f"{known.label}: {name} is {kept[name]} in the table, {value} by the events",
                )
            self._compared[uid] = (known, table[uid])
        picks = dict(self.rows("SELECT look, take FROM picks"))
        self.must(picks == state.picks, "the events know other picks")
        assets = dict(self.rows("SELECT sha256, asset_id FROM assets"))
        self.must(assets == state.assets, "the events know other assets")

    def _no_key_anywhere(self) -> None:
        secret = KEY.encode()
        for entry in _files_in(self._environment.folder):
            found = entry.stat()
            version = (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
            if self._read.get(entry.path) != version:
                content = Path(entry.path).read_bytes()
                self.must(secret not in content, f"the key is in {entry.name}")
                self._read[entry.path] = version
        said = self._environment.log[self._heard :]
        self._heard += len(said)
        self.must(all(KEY not in line for line in said), "the key was said")
        leaks = make_stats(self._environment.simulator)
        self.must(not leaks["keys_sent_to_images"], "the key was sent with a picture")

    # --- at the end ---------------------------------------------------------------------------

    def settled(self, snapshot: Snapshot) -> None:
        """When everything is done: the wallet and the ledger agree, apart from assumptions."""
        takes = [take for of_look in snapshot.takes.values() for take in of_look]
        takes = [take for take in takes if not self._is_older(take)]
        told = {look.look_id for look in snapshot.doubled}
        for look_id in sorted(self.doubled() - told):
            self.must(
                look_id not in self._environment.simulator.account.looks
                or self._is_untold(look_id),
                f"{look_id} was bought under a key that had bought one, and nobody is told",
            )
        billed = sum((t.price for t in takes if t.billing is Billing.BILLED), Decimal(0))
        assumed = {
            key
            for take in takes
            if take.billing is Billing.ASSUMED
            for key in self.keys_of.get(take.uid, set())
        }
        held = {t.avatar_id for t in takes if t.billing is Billing.BILLED}
        guessed = {t.avatar_id for t in takes if t.billing is Billing.ASSUMED}
        charges = [
            c
            for c in self.remembered()
            if c.id in held or (c.idempotency_key not in assumed and c.id not in guessed)
        ]
        net = self.net(charges)
        self.must(net == millionths(billed), f"HeyGen kept {net / 1e6}, the ledger says {billed}")

    def _is_untold(self, look_id: str) -> bool:
        """Return whether nobody can tell of a second look.

        The ledger that knew of a second send was lost, and what is left takes it for a stranger's;
        or a request lay on a wire for minutes, and bought when everything had been listed. Then
        only the wallet tells.
        """
        charge = self._environment.simulator.account.charges[look_id]
        if charge.idempotency_key in self._environment.late:
            return True
        take = self.take("uid", self.take_of.get(charge.idempotency_key or "", ""))
        return self.loss.ever and (take is None or take["resent_at"] is None)

    def books(self) -> list[str]:
        """Return HeyGen's figures and every event of the ledger, as text."""
        lines = [json.dumps(make_stats(self._environment.simulator), sort_keys=True)]
        if not self.exists() or self.lost:
            return lines
        for row in self.rows("SELECT seq, at, run, take, kind, facts FROM events ORDER BY seq"):
            facts = json.loads(row[-1])
            facts.pop("pid", None)  # the one thing that another process says otherwise
            lines.append(f"{row[:-1]} {json.dumps(facts)}")
        return lines

    def bought(self, take: Take, given: Collection[str]) -> str | None:
        """Return the look that a take bought by HeyGen's books; ``given`` are other takes'."""
        charges = self._environment.simulator.account.charges.values()
        if take.key is not None:
            return self._made_by(take.key, given, charges)
        looks = self._environment.simulator.account.looks
        good = {look_id for look_id, look in looks.items() if look.outcome == "completed"}
        # Its ledger was lost: what it was to buy is all that is known. A failure comes last.
        for charge in sorted(charges, key=lambda charge: charge.id not in good):
            recorded_action = self.recorded_actions.get(charge.idempotency_key or "")
            free = charge.idempotency_key not in self.take_of and charge.id not in given
            same = recorded_action is not None and (
                recorded_action.look,
                recorded_action.identity,
            ) == (take.look, take.identity)
            if free and same and charge.id in looks:
                return charge.id
        return None

    def _made_by(
        self, key: str, given: Collection[str], charges: Collection[ChargeRow]
    ) -> str | None:
        """Return a look that a key made, or what is left of those of one body for it.

        Another take of the body may have been found to be the key's look. Then that one's own is
        left over, or what the take became that was found to be it, and so on.
        """
        asked: set[str] = set()
        while key not in asked:
            asked.add(key)
            mine = [charge.id for charge in charges if charge.idempotency_key == key]
            free = next((look_id for look_id in mine if look_id not in given), None)
            holders = [self.take("avatar_id", look_id) for look_id in mine]
            key = next((one["key"] for one in holders if one and one["key"]), key)
            if free is not None:
                return free
        return None

    # --- a ledger that gets lost --------------------------------------------------------------

    def ledger_lost(self, results: Mapping[str, Any]) -> None:
        """Record that the ledger is gone; ``results`` is all that is left of what it knew."""
        self._start_over()
        takes = _takes_of(results)
        done = {take["avatar_id"] for take in takes if take["state"] in ("completed", "fetched")}
        self.loss.now = self.loss.ever = True
        self.loss.restored = False
        self.loss.named = _names(takes)
        self._completed &= done

    def folder_lost(self) -> None:
        """Record that nothing is left of what this campaign knew."""
        self.ledger_lost({"looks": [], "orphans": []})
        self.loss.blank = frozenset(
            key for key, one in self._environment.senders.items() if one is self
        )

    def ledger_replaced(self, results: Mapping[str, Any]) -> None:
        """Record that an older ledger lies beside results that know all of a newer one."""
        self._start_over()
        self.loss.ever = self.loss.restored = True
        self.loss.named = _names(_takes_of(results))
        self._completed = set()  # what it does not know is looked for by its charge

    def ledger_aside(self) -> None:
        """Record that the ledger lies where no command looks for it, and may come back."""
        self._start_over()
        self.loss = replace(self.loss, now=True, ever=True, named=set())

    def ledger_back(self) -> None:
        """Record that it is where it was."""
        self._start_over()
        self.loss.now = False

    def begin_anew(self) -> None:
        """Record that a person begins without the ledger that is gone: what it bought is past."""
        charges = self._environment.simulator.account.charges.values()
        self._unless_begun = self.loss, self._completed, self._on_disk()
        self.loss = replace(
            self.loss,
            ever=True,
            named=set(),
            forgotten={charge.idempotency_key for charge in charges},
            before={charge.id for charge in charges},
        )
        self._completed = set()

    def not_begun(self) -> bool:
        """Record that nothing was bought after all; return whether all is as it was before.

        Where other results were left, the old ones are gone: that is what was asked for.
        """
        kept = self._unless_begun
        self._unless_begun = None
        if kept is not None and kept[2] != self._on_disk():
            return False
        if kept is not None:
            self.loss, self._completed, _ = kept
        return True

    def _on_disk(self) -> bytes | None:
        path = self.state / "results.json"
        return path.read_bytes() if path.exists() else None

    def results_lost(self) -> None:
        """Record that no results in this folder name what a ledger lacks that was put back."""
        if self.loss.restored:
            sent = {key for key, one in self._environment.senders.items() if one is self}
            blank = self.loss.blank | (sent - self.take_of.keys())
            self.loss = replace(self.loss, restored=False, named=set(), blank=frozenset(blank))

    def on_paper(self, charge: ChargeRow, *, here: bool = False) -> bool:
        """Return whether results name what a charge bought: those of any checkout, or ``here``."""
        for state in [self.state] if here else self.checkouts:
            path = state / "results.json"
            names = _names(_takes_of(json.loads(path.read_text("utf-8")))) if path.exists() else ()
            if charge.id in names or charge.idempotency_key in names:
                return True
        return False

    def unread(self, *, here: bool = False) -> list[str]:
        """Return what results.json names and a ledger that was put back has not taken in."""
        if not self.loss.restored:
            return []
        return [
            charge.id
            for charge in self.remembered()
            if charge.idempotency_key not in self.take_of and self.on_paper(charge, here=here)
        ]

    def freshen(self) -> None:
        """Look at the file that is there now: a rebuild puts another in its place.

        One that is killed may have moved no more than what SQLite keeps beside the file.
        """
        if self._environment.database is not None:
            return
        if self._connection is not None and self._files() != self._opened:
            self._start_over()

    def _files(self) -> list[int | None]:
        path = self.ledger_path
        beside = [path, Path(f"{path}-wal"), Path(f"{path}-shm")]
        return [file.stat().st_ino if file.exists() else None for file in beside]

    def _start_over(self) -> None:
        self.close()
        self._state, self._folded = LedgerState(), 0
        self.take_of, self.keys_of, self.sent_key, self._exchanged = {}, {}, {}, {}

    def ledger_found(self) -> None:
        """Record that there is a ledger again that knows something."""
        self.loss.now = False
        self._environment.seen["a ledger begun anew"] += self._unless_begun is not None
        self._unless_begun = None

    # --- reading ------------------------------------------------------------------------------

    def rows(self, query: str, *values: object) -> list[Any]:
        if self._connection is None and self._environment.database is not None:
            self._connection = self._environment.database.view(self.campaign)
        if self._connection is None:
            place = f"{self.ledger_path.as_uri()}?mode=rw"  # it makes no file
            self._connection = sqlite3.connect(place, isolation_level=None, uri=True)
            self._connection.execute("SELECT 1 FROM meta").fetchall()  # now there are all three
            self._opened = self._files()
        return self._connection.execute(query, values).fetchall()

    def events(self) -> int:
        """Return how many events the ledger has; none where it is lost."""
        if self.lost:
            return 0
        return int(self.rows("SELECT count(*) FROM events")[0][0])

    def take(self, column: str, value: object) -> Mapping[str, Any] | None:
        names = [field.name for field in fields(Take)]
        rows = self.rows(f"SELECT {', '.join(names)} FROM takes WHERE {column} = ?", value)
        return dict(zip(names, rows[0], strict=True)) if rows else None

    def must(self, condition: bool, broken: str) -> None:
        if not condition:
            raise Violation(broken)

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _would_go_to(look: Look, snapshot: Snapshot) -> str | None:
    """Return the group beside whose look another would be saved, None where it is not known.

    That of its pick, or of what is under way; else a look goes with the first that is made.
    """
    beside = look.group or look.reference
    if not isinstance(beside, LookRef):
        return None
    under_way = (take for take in snapshot.takes.get(beside.look, ()) if take.pending)
    there = snapshot.pick(beside.look) or next(under_way, None)
    return there.group_id if there is not None else None


def _files_in(folder: Path | str) -> Iterator[os.DirEntry[str]]:
    """Yield every file of a folder and its folders."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                yield from _files_in(entry.path)
            else:
                yield entry


def _takes_of(results: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [t for look in [*results["looks"], *results["orphans"]] for t in look["takes"]]


def _names(takes: list[Mapping[str, Any]]) -> set[str]:
    """Return the ids and keys of takes."""
    names = {take["avatar_id"] for take in takes} | {take["idempotency_key"] for take in takes}
    return names - {None}
