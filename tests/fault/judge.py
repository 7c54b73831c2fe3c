"""The judge: holds what the runner wrote against what HeyGen did. It believes only the charges.

It reads the ledger's file through a connection of its own, so it sees what is committed and nothing
else, and the simulator's books, which are the truth about money.
"""

import json
from collections import Counter, defaultdict
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from runner.canonical import sha256_hex
from runner.ledger.events import Entry, Note
from runner.ledger.reading import read_snapshot
from runner.model import Campaign, Look, LookKind, LookRef
from runner.plan.model import Plan
from runner.plan.namesakes import find_own_groups
from runner.policy.budget import Ceilings
from runner.policy.lifecycle import Event, next_state
from runner.policy.retry import RetryLimits
from runner.reviews import ReviewState
from runner.simulator.records import ChargeRow, millionths
from runner.simulator.views import status
from runner.takes import Billing, Snapshot, TakeState
from tests.fault.audit import Auditor, RecordedAction
from tests.fault.campaigns import HOPELESS
from tests.fault.chance import month_of
from tests.fault.environment import EPOCH, NEIGHBOUR, Environment, Violation
from tests.fault.faces import find_root, place_of
from tests.fault.history import BUYING, Command
from tests.fault.network import Served, describe_delivery

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["Judge"]

DONE = frozenset({TakeState.COMPLETED, TakeState.FETCHED})
SENT = frozenset({TakeState.SUBMITTING, TakeState.UNKNOWN})
PRUNING = (Command.PRUNE, Command.PRUNE_GROUPS)
EXCUSED = frozenset(
    {
        b"asset_not_found",
        b"avatar_not_synced",
        b"conflict",
        b'"forbidden"',
        b"insufficient_credit",
        b"quota_exceeded",
        b"resource_access_denied",
        b"resource_limit_exceeded",
        b"resource_limit_reached",
        b"resource_not_ready",
    }
)
"""Refusals that an account may give which departs from the API's page; others are the runner's."""

WATCHED = 900.0
"""Seconds for which a look holds a place although no run asks after it (docs/many-machines.md)."""

OF_A_COMMAND = (
    "_campaign",
    "_ceilings",
    "_wanted",
    "_allowed",
    "_bought",
    "_explained",
    "_unlisted",
)
"""What is known of the command that is at work."""

INTENTS = "SELECT facts FROM events WHERE kind IN ('intended', 'imported')"

NOT_ITS_FAULT = frozenset({401, 402, 409, 429})


class Judge(Auditor):
    """Watches one history. Raises Violation at the first promise that is broken."""

    def __init__(self, environment: Environment, state: Path, campaign: str) -> None:
        super().__init__(environment, state, campaign)
        self._last_event = 0
        self._states: dict[str, TakeState] = {}
        self._wanted: dict[str, str] = {}
        self._campaign: Campaign | None = None
        self._ceilings = Ceilings()
        self._allowed: dict[str, int] = {}
        self._bought: defaultdict[str, set[str]] = defaultdict(set)
        self._unlisted: frozenset[str] = frozenset()
        self._saved_wanted: dict[str, str] = {}
        self._saved_allowed: dict[str, int] = {}
        self._bought_by_saved: defaultdict[str, set[str]] = defaultdict(set)
        self._charged_at: dict[str, float] = {}
        self._gone: list[str] = []
        self._first_sent: set[str] = set()
        self._refused_early: set[str] = set()
        self._answered = False
        self._explained: Counter[str] = Counter()
        self.disowned: set[str] = set()
        """Looks of which a person said that they are somebody else's, or to buy beside them."""
        self.posts = 0

    def audit(self, campaign: Campaign) -> Snapshot | None:
        """Check the whole ledger against the books, after what was committed last was read."""
        if self.exists() and not self.lost:
            self.committed()
        return super().audit(campaign)

    def _start_over(self) -> None:
        """Another ledger has other events."""
        super()._start_over()
        self._last_event = 0
        self._states = {}

    def ledger_replaced(self, results: "Mapping[str, Any]") -> None:
        """Another ledger is there, whose events were true when they were written."""
        super().ledger_replaced(results)
        self._catch_up()
        self._environment.seen["an older ledger beside newer results"] += bool(self.unread())

    def ledger_back(self) -> None:
        """The ledger that was there before is there again."""
        super().ledger_back()
        self._catch_up()

    def _catch_up(self) -> None:
        """Read a ledger's past, which was judged when it happened."""
        for entry in self._new_events():
            if entry.take is not None:
                self._keep_deeds(entry.take, entry.facts)
                self._moved(entry.take, entry)

    # --- at every step ------------------------------------------------------------------------

    def agreed(self, campaign: Campaign, plan: Plan, ceilings: Ceilings) -> None:
        """Record what a run is going to do."""
        if self.lost and self._environment.process.day.command is Command.NEW_LEDGER:
            self.begin_anew()
        self._campaign = campaign
        self._ceilings = ceilings
        self._wanted = _identities(plan)
        self._allowed = _allowed(plan)
        self._unlisted = frozenset(self._environment.process.unlisted)
        self._bought = defaultdict(set)
        self._explained = self._count_explained()
        if self._environment.process.day.command is Command.RUN_PLAN:
            self._environment.seen["a saved plan carried out"] += plan.count > 0

    def plan_saved(self, plan: Plan) -> None:
        """Record that a person keeps a plan, to have exactly this bought later."""
        self._saved_wanted = _identities(plan)
        self._saved_allowed = _allowed(plan)
        self._bought_by_saved = defaultdict(set)

    def committed(self) -> None:
        """Read the events that were just committed: each must be true at this moment."""
        for entry in self._new_events():
            if entry.take is None:
                self._answered_for(entry)
                continue
            self._keep_deeds(entry.take, entry.facts)
            before = self._states.get(entry.take, TakeState.PLANNED)
            event = self._moved(entry.take, entry)
            if event is None:
                continue
            self._environment.seen[f"transition {before} {event}"] += 1
            if event is Event.COMPLETED:
                self._really_completed(entry.take)
            elif event is Event.DELETED:
                self._really_deleted(entry.take)

    def _answered_for(self, entry: Entry) -> None:
        """Remember which looks a person answered for, also where that run bought nothing yet.

        "What a person answered for is not asked again" (docs/money.md): of just these looks, once
        the ledger holds the answer, and only where this very command could get one.
        """
        day = self._environment.process.day
        if entry.kind == Note.LISTED and (day.answers or day.command is Command.NEW_LEDGER):
            self.disowned.update(entry.facts["accepted"])

    def _moved(self, uid: str, entry: Entry) -> Event | None:
        """Follow a take's state; return the event, None for a note."""
        if entry.kind == Note.IMPORTED:
            self._states[uid] = TakeState(entry.facts["state"])
        if entry.kind == Note.REPRICED:
            real, price = self._environment.prices, Decimal(entry.facts["price"])
            alone = not self._environment.bought_by_neighbours(self._environment.process.started)
            self.must(price in real or not alone, f"the wallet is said to show {price}, not {real}")
            for key in self.keys_of.get(uid, ()):
                self._environment.asserted_once[key].add(self._environment.asserted.get(key, price))
                self._environment.asserted[key] = price
        if entry.kind in (Note.MOVED, Note.IMPORTED, Note.REPRICED):
            return None
        event = Event(entry.kind)
        self._states[uid] = next_state(self._states.get(uid, TakeState.PLANNED), event)
        return event

    def _keep_deeds(self, uid: str, facts: "Mapping[str, Any]") -> None:
        """Remember which key is which take's, and what it is to buy.

        A take from results.json, or found by a search, may have no key: its charge tells.
        """
        key = facts.get("key")
        bought = facts.get("kind") != LookKind.EXISTING
        if key is None and bought and facts.get("avatar_id") and not self.keys_of.get(uid):
            charge = self._environment.simulator.account.charges.get(facts["avatar_id"])
            key = charge.idempotency_key if charge is not None else None
            self.keys_of.get(self.take_of.get(key or "", ""), set()).discard(key or "")
        if key is not None and "look" in facts:  # the whole take: bought now, or told by results
            key = self._told_key(uid, key, facts)
        elif facts.get("billing") == Billing.ASSUMED and facts.get("avatar_id"):
            self._exchange(uid, facts["avatar_id"])
        if key is not None and "body_sha256" in facts and key not in self.recorded_actions:
            self._assert_price(key, LookKind(facts["kind"]))
        if key is not None:
            self.take_of[key] = uid
            self.sent_key[uid] = key
            self.keys_of.setdefault(uid, set()).add(key)
        if "identity" in facts and "look" in facts:
            for known in self.keys_of.get(uid, ()):
                self.recorded_actions[known] = RecordedAction(facts["look"], facts["identity"])

    def _told_key(self, uid: str, key: str, facts: "Mapping[str, Any]") -> str:
        """Return the key that bought a take which is told by results, where takes exchanged theirs.

        Results name the key that a take was sent with, also where it adopted what another send of
        the same body made; who is told of that other key has this one then.
        """
        charge = self._environment.simulator.account.charges.get(facts.get("avatar_id") or "")
        made_by = charge.idempotency_key if charge is not None else None
        if made_by is None or made_by == key or made_by not in self.recorded_actions:
            return self._key_left_for(key)
        if self.recorded_actions[made_by] != RecordedAction(facts["look"], facts["identity"]):
            return key
        other = self.take_of.get(made_by)
        if other is None:
            self._exchanged[made_by] = key
        elif other != uid:  # else it has that one since the other take was told of
            key = self._key_left_for(key)
            self.keys_of.get(uid, set()).discard(key)
            self.keys_of.setdefault(other, set()).discard(made_by)
            self.keys_of[other].add(key)
            self.take_of[key] = other
            self.sent_key[other] = key
        return made_by

    def _key_left_for(self, key: str) -> str:
        """Return the key that a take has, where others had adopted what its own key bought.

        Also of three takes in a ring: the first adopted the third's look, the second the first's.
        """
        while key in self._exchanged:
            key = self._exchanged.pop(key)
        return key

    def _is_second_unseen(self, key: str) -> bool:
        """Return whether a key made two looks while lists were late.

        Once a person has decided the one, nothing tells the other from what another body's lost
        send of that name made (docs/money.md).
        """
        environment = self._environment
        behaviour, charges = environment.simulator.behaviour, environment.simulator.account.charges
        made = sum(charge.idempotency_key == key for charge in charges.values())
        return behaviour.ignore_keys != "honoured" and bool(behaviour.lists_lag) and made > 1

    def _exchange(self, uid: str, look_id: str) -> None:
        """Record that a take adopted what another send made: with the same body it may have.

        Also one of a take that nobody knows any more, after a rebuild from results that are behind.
        """
        charge = self._environment.simulator.account.charges.get(look_id)
        made_by = (charge.idempotency_key if charge is not None else None) or ""
        if made_by not in self.take_of and self._is_forgotten_of(made_by, uid):
            self.take_of[made_by] = uid
            self.keys_of.setdefault(uid, set()).add(made_by)
        other, mine = self.take_of.get(made_by, uid), self.take("uid", uid)
        theirs = self.take("uid", other)
        if other == uid or mine is None or theirs is None:
            return
        same = mine["body_sha256"] == theirs["body_sha256"]
        same |= self._is_second_unseen(made_by) and theirs["avatar_id"] not in (None, look_id)
        self.must(same, f"{uid} adopted {look_id}, which another send made")
        # By the keys as they were exchanged before: the ledger goes on naming the one it sent.
        for key, now in ((made_by, uid), (self.sent_key.get(uid, mine["key"]), other)):
            self.keys_of.get(self.take_of.get(key, ""), set()).discard(key)
            self.keys_of.setdefault(now, set()).add(key)
            self.take_of[key] = now
            self.sent_key[now] = key

    def _is_forgotten_of(self, key: str, uid: str) -> bool:
        """Return whether a lost ledger sent a key for what a take of this one is for."""
        take, action = self.take("uid", uid), self.recorded_actions.get(key)
        sent = self._environment.senders.get(key) is self and self.loss.ever
        return (
            sent and take is not None and action == RecordedAction(take["look"], take["identity"])
        )

    def _assert_price(self, key: str, kind: LookKind) -> None:
        """Remember what a person said that a new key's purchase costs."""
        day = self._environment.process.day
        if day.command is Command.PRICED and key not in self._environment.asserted:
            photo, prompt = self._environment.prices
            real = photo if kind is LookKind.PHOTO else prompt
            self._environment.asserted[key] = real + day.dearer

    def _new_events(self) -> "Iterable[Entry]":
        rows = self.rows(
            "SELECT seq, at, run, take, kind, facts FROM events WHERE seq > ? ORDER BY seq",
            self._last_event,
        )
        for seq, at, run, take, kind, facts in rows:
            self._last_event = seq
            yield Entry(at, run, take, kind, json.loads(facts))

    def _really_completed(self, uid: str) -> None:
        take = self.take("uid", uid)
        account = self._environment.simulator.account
        look = account.looks.get(take["avatar_id"]) if take else None
        self.must(look is not None, f"{uid} is completed, but HeyGen does not know its look")
        if look is not None:
            state = status(look, account.groups.get(look.group_id), self._environment.now())
            self.must(state == "completed", f"{uid} is completed here, at HeyGen it is {state}")

    def _really_deleted(self, uid: str) -> None:
        take = self.take("uid", uid)
        there = take is not None and take["avatar_id"] in self._environment.simulator.account.looks
        self.must(not there, f"{uid} is called deleted, and HeyGen still has it")

    def process_ended(self) -> None:
        """Record that a process is over: what it deleted unrecorded is a surprise."""
        gone, self._gone = self._gone, []
        if self.lost:
            return
        for look_id in gone:
            take = self.take("avatar_id", look_id)
            if take is not None and take["state"] != TakeState.DELETED:
                self._environment.surprises(look_id, take["group_id"])

    def deleting(self, look_id: str) -> None:
        """Record that a look is about to be deleted: one that nobody wants, and not its group."""
        process, account = self._environment.process, self._environment.simulator.account
        self.must(process.day.command in PRUNING, f"{process.day.command} deletes {look_id}")
        take = self.take("avatar_id", look_id)
        if take is None:
            raise Violation(f"{look_id} is deleted, which this campaign did not make")
        label = f"{take['look']}#{take['number']}"
        charge = account.charges.get(look_id)
        theirs = charge is not None and (charge.idempotency_key or "").startswith(NEIGHBOUR)
        self.must(not theirs, f"{label} is a neighbour's, and is deleted")
        self.must(take["kind"] != LookKind.EXISTING, f"{label} existed before, and is deleted")
        wanted = {look.key for look in process.campaign.looks}
        picks = dict(self.rows("SELECT look, take FROM picks"))
        self.must(
            take["look"] not in wanted or picks.get(take["look"]) != take["uid"],
            f"{label} is picked and wanted, and is deleted",
        )
        for other in self._environment.judges:
            beside = other is not self and other.state.parent == self.state.parent
            if beside and other.exists() and not other.lost:
                used = other.take("avatar_id", look_id)
                self.must(used is None, f"{label} is deleted, and another ledger names it")
        look = account.looks.get(look_id)
        if look is None:
            return
        self._environment.faces[look_id] = look.face
        if any(one.id != look_id for one in account.looks_of(look.group_id)):
            return
        self.must(process.with_groups, f"{label} is the last look of its group, and is deleted")
        self._environment.seen["a group pruned whole"] += 1

    def sending(self, request: httpx.Request, body: bytes) -> None:
        """Record that a paid request is about to leave: what it says must be on disk already."""
        self.posts += 1
        environment = self._environment
        command = self._environment.process.day.command
        self.must(command in BUYING, f"{command} is free, and sends a paid request")
        unread = self.unread(here=True)
        self.must(not unread, f"a request leaves, and nobody read that {unread} was bought")
        key = request.headers["idempotency-key"]
        take = self.take("key", key)
        if take is None:
            raise Violation(f"a request leaves with the key {key}, which the ledger does not know")
        self._environment.senders.setdefault(key, self)
        label = f"{take['look']}#{take['number']}"
        self._environment.say(
            f"POST {label} key …{key[-6:]} {json.loads(body).get('avatar_id', '')}"
        )
        self.must(take["state"] in SENT, f"{label} is sent while it is {take['state']}")
        self.must(
            take["billing"] in (Billing.RESERVED, Billing.UNKNOWN),
            f"{label} is sent while its billing is {take['billing']}",
        )
        self.must(take["body_sha256"] == sha256_hex(body), f"{label}: not the stored body")
        if key in self._first_sent and environment.simulator.behaviour.ignore_keys != "honoured":
            known = read_snapshot(self.ledger).doubled
            self.must(not known, f"{label} is sent again although keys are known to be ignored")
        if key not in self._first_sent:
            self._first_sent.add(key)
            self._is_wanted(take, label)
            if take["state"] != TakeState.UNKNOWN:  # else a replay of what was agreed to before
                self._was_asked_about(json.loads(body), label)
        self._slots(take, label)

    def sending_fenced(self, request: httpx.Request, body: bytes) -> None:
        """Record that a process sends which was stopped, and fenced meanwhile.

        Only what it had committed before leaves from it, under the same key.
        """
        self.posts += 1
        key = request.headers["idempotency-key"]
        known = {json.loads(facts).get("key") for (facts,) in self.rows(INTENTS)}
        self.must(key in known, f"a fenced process sends {key}, which it never committed")
        take = self.take("key", key)
        same = take is None or take["body_sha256"] == sha256_hex(body)
        self.must(same, "a fenced process sends another body")
        self._environment.seen["sent by a fenced process"] += 1
        self._environment.say(f"POST, fenced, key …{key[-6:]}")

    def put_aside(self) -> "Callable[[], None]":
        """Return what brings back what is known of the command at work, after another's."""
        kept = {name: getattr(self, name) for name in OF_A_COMMAND}
        return lambda: vars(self).update(kept)

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
        self.must(
            take["identity"] == self._wanted.get(look.key),
            f"{label} is bought for another identity",
        )
        there = self.rows(
            "SELECT count(*) FROM takes WHERE look = ? AND identity = ? AND uid != ? "
            "AND state NOT IN ('planned', 'failed', 'deleted')",
            look.key,
            take["identity"],
            take["uid"],
        )[0][0]
        process = self._environment.process
        there -= self._count_wrong(look, take)
        if not process.asked.cascade and not process.asked.reroll:
            self.must(there < look.takes, f"{label} is bought; {there} of {look.takes} are there")
            books = self._in_the_books(look.key, take["identity"]) if not self.loss.blank else 0
            books -= self._count_wrong(look, take)
            self.must(books < look.takes, f"{label} is bought again; HeyGen has {books} of it")
        selected = process.selected
        self.must(
            selected is None or look.key in selected, f"{label} is bought, and was not selected"
        )
        again = take["uid"] in self._bought[look.key]
        self._bought[look.key].add(take["uid"])
        bought, allowed = len(self._bought[look.key]), self._allowed.get(look.key, 0)
        self.must(bought <= allowed, f"{bought} takes of {look.key} are bought, {allowed} agreed")
        if process.day.command is Command.RUN_PLAN:
            self._as_saved(take)
        if isinstance(look.reference, LookRef):
            known = self.rows(
                "SELECT state, identity FROM takes WHERE avatar_id = ?", take["reference_id"]
            )
            self.must(
                bool(known) and known[0][0] in DONE,
                f"{label} is sent before its reference {look.reference.look} is usable",
            )
            self.must(
                known[0][1] == self._wanted.get(look.reference.look),
                f"{label} references a take of {look.reference.look} that nobody wants any more",
            )
            # Decided when an order is written: one that a 429 sends back may meet another root.
            if not again:
                self._shows_the_face(look.reference.look, take["reference_id"], label)

    def _shows_the_face(self, key: str, reference_id: str, label: str) -> None:
        """Assert that nothing is bought on another face, where the manifest holds it."""
        looks = self._campaign.looks if self._campaign is not None else ()
        rule = next((one.likeness for one in looks if one.key == key), None)
        reference = self.take("avatar_id", reference_id)
        if rule is not None and rule.hold is not None and reference is not None:
            self.must(not self._is_wrong(reference), f"{label} is bought on another face")
            self._environment.seen["bought on a face that was judged"] += 1

    def _is_wrong(self, take: "Mapping[str, Any]") -> bool:
        """Return whether a take shows another face than its chain began with, by the books."""
        picks = dict(self.rows("SELECT look, take FROM picks"))
        root = find_root(take, picks, self.take)
        one, other = (self._face_of(t["avatar_id"]) if t else None for t in (take, root))
        if one is None or other is None or place_of(one) == place_of(other):
            return False
        review = read_snapshot(self.ledger).reviews.get(take["uid"])
        return review is None or review.state is not ReviewState.APPROVED

    def _face_of(self, look_id: str) -> str | None:
        """Return the face that a look shows or showed; None where HeyGen never had it."""
        look = self._environment.simulator.account.looks.get(look_id)
        return look.face if look is not None else self._environment.faces.get(look_id)

    def _is_of_the_picked_root(self, take: "Mapping[str, Any]") -> bool:
        """Return whether the pick that a take's chain begins with now is what it was made from."""
        root = find_root(take, dict(self.rows("SELECT look, take FROM picks")), self.take)
        at: Mapping[str, Any] | None = take
        seen: set[str] = set()
        while at is not None and at["uid"] not in seen:
            seen.add(at["uid"])
            if root is not None and at["avatar_id"] and at["avatar_id"] == root["avatar_id"]:
                return True  # two looks may name the same one of the account
            at = self.take("avatar_id", at["reference_id"]) if at["reference_id"] else None
        return False

    def _count_wrong(self, look: Look, take: "Mapping[str, Any]") -> int:
        """Count the other takes of a look that the manifest has bought again for their face.

        One that was made from an earlier base is out of date, and no failure.
        """
        if look.likeness is None or not look.likeness.retry:
            return 0
        query = "SELECT uid FROM takes WHERE look = ? AND identity = ? AND state IN (?, ?)"
        found = self.rows(query, look.key, take["identity"], *sorted(DONE))
        takes = (self.take("uid", uid) for (uid,) in found if uid != take["uid"])
        of_now = [one for one in takes if one is not None and self._is_of_the_picked_root(one)]
        wrong = sum(self._is_wrong(one) for one in of_now)
        self._environment.seen["a wrong face bought again"] += wrong > 0
        return wrong

    def _was_asked_about(self, order: "Mapping[str, Any]", label: str) -> None:
        """Assert that no look is bought while the account shows an unknown one of its name."""
        process, account = self._environment.process, self._environment.simulator.account
        self._answered |= process.day.command is Command.NEW_LEDGER or process.day.answers
        if self._answered or (self.loss.ever and not self.loss.blank):
            return
        reference = account.looks.get(order.get("avatar_id") or "")
        group = order.get("avatar_group_id") or (reference.group_id if reference else None)
        own_groups = find_own_groups(read_snapshot(self.ledger))
        if group in own_groups and group in self._unlisted:
            return  # where a list cannot be read, the groups that our own sends made need none
        shown = EPOCH + process.started - self._environment.simulator.behaviour.lists_lag
        # A failed send of ours made a group; what somebody else saves there is in no new one.
        own = {group for (group,) in self.rows("SELECT group_id FROM takes WHERE key IS NOT NULL")}
        unknown: dict[str, list[str]] = {}
        for look in account.looks.values():
            made = account.groups[look.group_id].name == order["name"]  # by a look of this name
            first = made and look.group_id not in own and account.cover(look.group_id)[0] is look
            same = look.name == order["name"] and not look.public and look.made_at < shown
            same = same and look.id not in self.disowned
            there = look.group_id == group if group else first
            if same and there and not any(judge.knows(look.id) for judge in self._beside()):
                unknown.setdefault(look.group_id, []).append(look.id)
        for ids in unknown.values():
            told = self._told_as_doubled()
            untold = [look_id for look_id in ids if look_id not in told]  # of a key's second looks
            explained = len(untold) <= self._explained[order["name"]]
            self.must(explained, f"{label} is bought, and {', '.join(untold)} bears its name")

    def _count_explained(self) -> Counter[str]:
        """Count the looks that this ledger's lost sends may have made, by their name."""
        made: Counter[str] = Counter()
        if self.exists() and not self.lost:
            query = "SELECT name, resent_at FROM takes WHERE state IN ('unknown', 'submitting')"
            for name, resent_at in self.rows(query):
                made[name] += 1 if resent_at is None else 2
        return made

    def _beside(self) -> "list[Judge]":
        """Return the judges of all ledgers in this folder, or of all in the shared database."""
        judges, folder = self._environment.judges, self.state.parent
        shared = self._environment.database is not None
        return [judge for judge in judges if shared or judge.state.parent == folder]

    def knows(self, look_id: str) -> bool:
        """Return whether this ledger sent what made a look, or has a take of it."""
        charge = self._environment.simulator.account.charges.get(look_id)
        key = charge.idempotency_key if charge is not None else None
        if self._environment.senders.get(key or "") is self and key not in self.loss.blank:
            return True
        take = self.take("avatar_id", look_id) if self.is_readable() else None
        mine = self._environment.judge is self
        return take is not None and (mine or take["kind"] != LookKind.EXISTING)

    def _as_saved(self, take: "Mapping[str, Any]") -> None:
        """A saved plan buys what it says, once, however often it is carried out."""
        key = take["look"]
        self.must(
            self._saved_wanted.get(key) == take["identity"],
            f"{key} is bought by a saved plan that was for another",
        )
        self._bought_by_saved[key].add(take["uid"])
        bought, allowed = len(self._bought_by_saved[key]), self._saved_allowed.get(key, 0)
        self.must(bought <= allowed, f"a saved plan for {allowed} takes of {key} buys {bought}")

    def _in_the_books(self, key: str, identity: str) -> int:
        """Count the looks that were bought for this, and that HeyGen still has, none failed.

        Without those of a lost ledger that a person was asked about and gave up.
        """
        account = self._environment.simulator.account
        wanted = RecordedAction(key, identity)
        return sum(
            self.recorded_actions.get(charge.idempotency_key or "") == wanted
            and charge.id in account.looks
            and charge.id not in self.disowned
            and account.looks[charge.id].outcome == "completed"
            for charge in self.remembered()
        )

    def _slots(self, take: "Mapping[str, Any]", label: str) -> None:
        """Assert that no more is in progress than the limit, as far as the runner can know it."""
        limit = self._environment.process.day.concurrency
        account = self._environment.simulator.account
        account.advance(self._environment.now())
        young = self._environment.now() - RetryLimits().processing
        busy = 0
        for look_id in account.in_progress:
            known = self.take("avatar_id", look_id)
            if known is not None and self._charged_at.get(look_id, 0.0) > young:
                busy += known["state"] == TakeState.PROCESSING
            elif known is None:
                busy += any(judge.holds_place(look_id) for judge in self._sharing())
        self.must(busy < limit, f"{label} is sent while {busy} are in progress, limit {limit}")

    def _sharing(self) -> "list[Judge]":
        """Return the judges of the account's other campaigns in a shared database."""
        shared = self._environment.database is not None
        return [judge for judge in self._environment.judges if shared and judge is not self]

    def holds_place(self, look_id: str) -> bool:
        """Return whether a look in progress holds a place for everybody who shares the account.

        One that no run asks after any more does so for a quarter of an hour.
        """
        young = self._charged_at.get(look_id, 0.0) > self._environment.now() - WATCHED
        known = self.take("avatar_id", look_id) if young and self.exists() else None
        return known is not None and known["state"] == TakeState.PROCESSING

    def served(self, request: httpx.Request, body: bytes, served: Served) -> None:
        """Record what HeyGen did with a request, whether or not the answer arrives."""
        path = request.url.path
        environment = self._environment
        environment.say(
            f"  {request.method} {path} → {served.status}{' broken' if served.broken else ''}"
            f" {describe_delivery(served)}".rstrip()
        )
        target = path.rpartition("/")[2]  # gone also where a gateway answers in HeyGen's place
        if request.method == "DELETE" and target not in environment.simulator.account.looks:
            self._gone.append(target)
        if request.method != "POST" or path != "/v3/avatars":
            return
        key = request.headers["idempotency-key"]
        self._fits_the_rules(served, body, key)
        charges = [
            c for c in environment.simulator.account.charges.values() if c.idempotency_key == key
        ]
        uid = self.take_of.get(key, "")
        self._once(charges, f"the key {key}", uid)
        keys = self.keys_of.get(uid, set()) | {key}
        of_take = [
            c for c in environment.simulator.account.charges.values() if c.idempotency_key in keys
        ]
        self._once(of_take, f"the take {uid}", uid)
        for charge in charges:
            if charge.id not in self._charged_at:
                self._charged_at[charge.id] = environment.now()
                self._under_the_ceilings()
                self._one_at_most_is_untold()

    def _fits_the_rules(self, served: Served, body: bytes, key: str) -> None:
        excused = any(code in served.body for code in EXCUSED)  # also in half a body
        if excused or (b"content-type", b"text/html") in served.headers:
            return
        if 400 <= served.status < 500 and served.status not in NOT_ITS_FAULT:
            if self._too_early(served, key):
                return
            hopeless = HOPELESS.encode() in body and describe_delivery(served) in (
                "download_failed",
                "",
            )
            hopeless |= any(one.encode() in body for one in self._environment.deleted)
            self.must(hopeless, f"the request {key} was refused: {served.body.decode()[:300]}")

    def _once(self, charges: list[ChargeRow], what: str, uid: str) -> None:
        """At most one charge; one more where keys are ignored and nobody can see in time.

        A list that lags hides what a lost answer bought, and each request that lies on a wire for
        minutes buys only after the search for it.

        Sends of one name and body are interchangeable (docs/money.md, "While the outcome is
        unknown"): where fewer looks fit than were sent, one body leaves again for what is missing.
        The key of one may then buy what another's lost send did not, and no more than that.
        """
        environment, most = self._environment, 1
        if environment.simulator.behaviour.ignore_keys != "honoured":
            late = sum(environment.late[c] for c in {one.idempotency_key or "" for one in charges})
            most += max(late, bool(environment.simulator.behaviour.lists_lag))
            most += self._unbought_beside(uid)
            environment.seen["a doubled charge"] += len(charges) > 1
        self.must(len(charges) <= most, f"{what} was charged {len(charges)} times")

    def _one_at_most_is_untold(self) -> None:
        """Before a second look for one key is told, no other key has made one.

        So real charges pass a ceiling by one generation at most. What lay on a wire for minutes
        buys after every listing, and no replay could wait for that. A look more than its key was
        to make is none too many while another send of its body has made none.
        """
        if self.loss.ever or not self.exists():
            return
        charges = self._environment.simulator.account.charges
        doubled = {one for one in self.doubled() if not self._is_untold(one)}
        untold = {charges[one].idempotency_key or "" for one in doubled - self._told_as_doubled()}
        keys = {key for key in untold if not self._unbought_beside(self.take_of.get(key, ""))}
        self.must(len(keys) <= 1, f"{len(keys)} keys have made a second look, and none is told")
        self._environment.seen["a second look, while answers of others were lost"] += bool(
            keys and self.rows("SELECT 1 FROM takes WHERE state = 'unknown' LIMIT 1")
        )

    def _told_as_doubled(self) -> set[str]:
        return {look.look_id for look in read_snapshot(self.ledger).doubled}

    def _unbought_beside(self, uid: str) -> int:
        """Count the other takes of a take's body of which nothing was bought, for all one knows."""
        take = self.take("uid", uid) if self.is_readable() else None
        if take is None or take["body_sha256"] is None:
            return 0
        query = "SELECT uid FROM takes WHERE body_sha256 = ? AND uid != ? AND billing != 'none'"
        others = [other for (other,) in self.rows(query, take["body_sha256"], uid)]
        keys = set[str]().union(*(self.keys_of.get(other, ()) for other in others))
        charges = self._environment.simulator.account.charges.values()
        return max(0, len(others) - sum(c.idempotency_key in keys for c in charges))

    def _in_real_money(self, charges: list[ChargeRow]) -> None:
        """A price that nobody knew may pass a ceiling with the one generation that reveals it."""
        if not self._environment.costs_otherwise or self._ceilings.run is None:
            return
        over = sum(
            max(Decimal(0), price - self._environment.history.price)
            for price in self._environment.prices
        )
        real = Decimal(sum(charge.amount for charge in charges)) / 1_000_000
        self.must(
            real <= self._ceilings.run + over,
            f"{real} was really charged in a run with a ceiling of {self._ceilings.run}",
        )

    def _with_doubled(self, uids: set[str]) -> None:
        """A run passes its ceiling by no more than the second look that reveals ignored keys."""
        ceiling, price = self._ceilings.run, millionths(max(self._environment.prices))
        every = self.remembered(doubled=True)
        known = [c for c in every if self.take_of.get(c.idempotency_key or "") in uids]
        mine = [c for c in known if c.idempotency_key not in self._environment.late]
        gross = self.net(replace(charge, refunded=0) for charge in mine)
        over = ceiling is not None and gross > millionths(ceiling) + price
        self.must(not over, f"{gross / 1e6} was charged in all, the run's ceiling is {ceiling}")

    def _too_early(self, served: Served, key: str) -> bool:
        """Return whether a reference was refused that was completed moments ago.

        A refusal that was stored under the key is told again when there is no lag any more.
        """
        if self._environment.simulator.behaviour.reference_lag:
            self._refused_early.add(key)
        half = not describe_delivery(served)
        return key in self._refused_early and (half or b'"param":"avatar_id"' in served.body)

    def _under_the_ceiling_by_month(self) -> None:
        """What all campaigns of a database bought in a month is not above its ceiling."""
        environment = self._environment
        if environment.database is None or environment.month_usd is None or self.loss.ever:
            return
        bought, month = environment.database.bought_at(), month_of(environment.now())
        uids = {key: uid for judge in environment.judges for key, uid in judge.take_of.items()}
        times = {c: bought.get(uids.get(c.idempotency_key or "", "")) for c in self._charges()}
        mine = [c for c, at in times.items() if at is not None and month_of(at) == month]
        spent = sum(c.amount for c in mine if not c.refunded)
        self.must(
            spent <= millionths(environment.month_usd),
            f"{spent / 1e6} was charged in {month}, the ceiling by month is "
            f"{environment.month_usd}",
        )

    def _charges(self) -> "Iterable[ChargeRow]":
        return self._environment.simulator.account.charges.values()

    def _under_the_ceilings(self) -> None:
        self._under_the_ceiling_by_month()
        charges = self.remembered()
        if self._ceilings.campaign is not None:
            blank = self.loss.blank - self.take_of.keys()
            net = self.net(c for c in charges if c.idempotency_key not in blank)
            self.must(
                net <= millionths(self._ceilings.campaign),
                f"{net / 1e6} was charged, the campaign's budget is {self._ceilings.campaign}",
            )
        if self._ceilings.run is not None and self.exists():  # or it was moved away
            run = self.rows("SELECT run FROM events ORDER BY seq DESC LIMIT 1")[0][0]
            uids = {uid for (uid,) in self.rows("SELECT uid FROM takes WHERE run = ?", run)}
            mine = [c for c in charges if self.take_of.get(c.idempotency_key or "") in uids]
            gross = self.net(replace(charge, refunded=0) for charge in mine)
            self._in_real_money(mine)
            self._with_doubled(uids)
            self.must(
                gross <= millionths(self._ceilings.run),
                f"{gross / 1e6} was charged in a run with a ceiling of {self._ceilings.run}",
            )


def _identities(plan: Plan) -> dict[str, str]:
    return {a.key: a.identity for a in plan.actions if a.identity is not None}


def _allowed(plan: Plan) -> dict[str, int]:
    return {action.key: action.takes + action.retries for action in plan.actions}
