"""A scripted account in virtual time, and the real executor at work on it.

The session, board, gate, watcher and ledger are those of a real run; only HeyGen, the pictures and
the clock are made up, and the ledger's file lies in memory. So a run of 10,000 looks of 40 seconds
takes as long as the executor itself needs, and its makespan is exact.
"""

import json
import math
import random
from bisect import insort
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from pathlib import Path
from typing import cast
from unittest.mock import patch

import anyio
import trio
from trio.testing import MockClock

from runner.executor.context import RunContext
from runner.executor.poller import Poller
from runner.executor.ports import Api, Downloaded
from runner.executor.session import Session
from runner.ledger.ledger import LedgerFile
from runner.model import BASE, Campaign, Look, LookKind, LookRef
from runner.plan import plan as make_plan
from runner.policy.exit_codes import Exit, exit_code
from runner.policy.lifecycle import Event
from runner.policy.look_events import events_of
from runner.policy.rate_limit import RateLimiter
from runner.policy.retry import RetryLimits
from runner.replies import (
    Answer,
    CreatedData,
    GroupData,
    ListPage,
    LookData,
    Refusal,
    Reply,
    UserData,
)
from runner.takes import Account, Take

START = 1_800_000_000.0
ROOT = "look-of-the-base"
MARGIN = 1e-6


class VirtualTime:
    """Unix seconds on trio's clock."""

    def now(self) -> float:
        try:
            return START + trio.current_time()
        except RuntimeError:
            return START

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)


class Numbered:
    """Keys and uids by number; jitter from a seed."""

    def __init__(self) -> None:
        self._count = 0
        self._random = random.Random(7)

    def key(self) -> str:
        self._count += 1
        return f"key-{self._count}"

    def uid(self) -> str:
        self._count += 1
        return f"uid-{self._count}"

    def random(self) -> float:
        return self._random.random()


class Deaf:
    """An observer that does nothing."""

    def take_changed(self, take: Take, event: Event) -> None: ...
    def looks_blocked(self, looks: Sequence[str], reason: str) -> None: ...
    def waiting(self, reason: str, seconds: float) -> None: ...
    def said(self, message: str) -> None: ...


class Pictures:
    """Pictures that are there at once."""

    async def fetch(self, url: str, *, look: str, number: int) -> Downloaded:
        return Downloaded(f"images/{look}.{number}.png", "0" * 64, 8, 8)

    def written_at(self, image: str) -> float:
        return math.inf

    def present(self, image: str, sha256: str) -> bool:
        return True


@dataclass
class ScriptedAccount:
    """An account whose looks take as long as ``seconds`` says, by name.

    ``latency`` is how long a request takes, ``limit`` how many jobs may be in progress at once, and
    ``retry_after`` the pause that a 429 orders. Lists come newest first, as the simulator has them.
    ``jobs`` and ``ordered`` say from when to when each look was made and each pause lasted.
    ``probes_peak`` is how many requests were on their way at once between a pause and the next
    acceptance: those that had left before the refusal are answered long before its pause is over.
    """

    clock: VirtualTime
    seconds: Mapping[str, float]
    latency: float = 0.0
    limit: int = 1_000_000
    retry_after: float = 5.0
    requests: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    peak: int = 0
    probes_peak: int = 0
    ordered: list[tuple[float, float]] = field(default_factory=list)
    jobs: list[tuple[float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.group = GroupData("group", "Sarah", START)
        self.looks_by_id: dict[str, LookData] = {}
        self.ready_at: dict[str, float] = {}
        self._order: list[str] = []
        self._due: list[float] = []
        self._sending = 0
        self._probing = False
        self._keys: set[str] = set()
        self._add(LookData(ROOT, "Sarah", "photo_avatar", "group", status="processing"), 0.0)

    def _add(self, look: LookData, ready_at: float) -> None:
        self.looks_by_id[look.id] = look
        self.ready_at[look.id] = ready_at
        self._order.append(look.id)

    async def create_avatar(self, body: bytes, key: str) -> Reply[CreatedData]:
        self.requests["create"] += 1
        assert not self.ordered or self.clock.now() >= self.ordered[-1][1], "sent in a pause"
        self._sending += 1
        if self._probing and self.clock.now() >= self.ordered[-1][1]:
            self.probes_peak = max(self.probes_peak, self._sending)
        try:
            await anyio.sleep(self.latency)
            reply = self._create(self._played(json.loads(body), key))
            if isinstance(reply, Answer):
                self._keys.add(key)
            return reply
        finally:
            self._sending -= 1

    def _played(self, asked: dict[str, str], key: str) -> str:
        """Return a look's name. Raises NotImplementedError for what this account does not play.

        Every look references a usable one, all are in one group, and no request gets lost.
        """
        if key in self._keys:
            raise NotImplementedError("this account does not replay a key")
        reference = asked.get("avatar_id")
        if reference not in self.looks_by_id or not self.shown(reference).usable:
            raise NotImplementedError("this account has no looks without a usable reference")
        if "avatar_group_id" in asked or "reference_images" in asked:
            raise NotImplementedError("this account has one group and no pictures of its own")
        return asked["name"]

    def _create(self, name: str) -> Reply[CreatedData]:
        now = self.clock.now()
        while self._due and self._due[0] <= now:
            heappop(self._due)
        if len(self._due) >= self.limit:
            self._probing = True
            self.requests["refused"] += 1
            self.ordered.append((now, now + self.retry_after))
            return Refusal(429, "rate_limit_exceeded", "busy", retry_after=self.retry_after)
        if self.ordered and now >= self.ordered[-1][1]:
            self._probing = False
        look = LookData(
            f"look-{len(self._order)}", name, "photo_avatar", "group", status="processing"
        )
        ready = now + self.seconds[name]
        self._add(look, ready)
        heappush(self._due, ready)
        self.peak = max(self.peak, len(self._due))
        self.jobs.append((now, ready))
        return Answer(CreatedData(look, self.group))

    def shown(self, look_id: str) -> LookData:
        """Return a look as it is now."""
        look = self.looks_by_id[look_id]
        if look.status == "processing" and self.ready_at[look_id] <= self.clock.now() + MARGIN:
            url = f"https://images.example/{look_id}"
            look = replace(look, status="completed", preview_image_url=url)
            self.looks_by_id[look_id] = look
        return look

    async def look(self, look_id: str) -> Reply[LookData]:
        self.requests["look"] += 1
        await anyio.sleep(self.latency)
        if look_id not in self.looks_by_id:
            return Refusal(404, "avatar_not_found", "no such look")
        return Answer(self.shown(look_id))

    async def looks(
        self, *, group_id: str | None = None, limit: int = 50, token: str | None = None
    ) -> Reply[ListPage[LookData]]:
        self.requests["page"] += 1
        await anyio.sleep(self.latency)
        if group_id not in (None, self.group.id):
            raise NotImplementedError("this account has one group")
        end = int(token) if token else len(self._order)
        begin = max(0, end - limit)
        items = tuple(self.shown(look_id) for look_id in reversed(self._order[begin:end]))
        return Answer(ListPage(items, str(begin) if begin else None))

    async def me(self) -> Reply[UserData]:
        return Answer(UserData("me", "usd", None))

    @property
    def statuses(self) -> int:
        """Return how many requests asked how looks are doing."""
        # A look that is done is asked after once more for a link to its picture: that is no status.
        return self.requests["look"] + self.requests["page"] - (len(self._order) - 1)


class Told(Poller):
    """A watcher that the account tells at once: what a run would be without the cost of asking."""

    async def until_decided(self, take: Take) -> Take:
        context, api = self._context, cast("ScriptedAccount", self._context.api)
        look_id = take.avatar_id or ""
        self._rate_gate.began(take.uid)
        await context.clock.sleep(api.ready_at[look_id] - context.clock.now())
        for event, facts in events_of(take.state, api.shown(look_id), now=context.clock.now()):
            take = await context.record(take.uid, event, facts)
        self._rate_gate.ended(take.uid)
        return take

    async def poll_forever(self) -> None:
        await anyio.sleep_forever()


@dataclass(frozen=True, slots=True)
class Work:
    """Looks and how long each takes: ``parent`` gives what a look references, by key."""

    parent: Mapping[str, str | None]
    seconds: Mapping[str, float]

    def campaign(self) -> Campaign:
        """Return it as a campaign whose base exists already."""
        base = Look(BASE, LookKind.EXISTING, BASE, None, existing=ROOT)
        looks = [
            Look(key, LookKind.PROMPT, key, key, prompt=key, reference=LookRef(parent or BASE))
            for key, parent in self.parent.items()
        ]
        return Campaign("bench", Path("/nowhere/bench.yaml"), (base, *looks))

    def levels(self) -> list[list[str]]:
        """Return the looks by how many others come before them."""
        depth: dict[str, int] = {}
        found: list[list[str]] = []
        for key, parent in self.parent.items():
            depth[key] = 0 if parent is None else depth[parent] + 1
            found.extend([] for _ in range(depth[key] + 1 - len(found)))
            found[depth[key]].append(key)
        return found

    def bound(self, concurrency: int) -> float:
        """Return the shortest makespan that any order can have, in seconds."""
        end: dict[str, float] = {}
        for key, parent in self.parent.items():
            end[key] = self.seconds[key] + (0.0 if parent is None else end[parent])
        return max(*end.values(), sum(self.seconds.values()) / concurrency)

    def level_by_level(self, concurrency: int) -> float:
        """Return the makespan of the naive way: a level begins when the one before it is done."""
        now = 0.0
        for level in self.levels():
            slots = [now] * min(concurrency, len(level))
            for key in level:
                insort(slots, slots.pop(0) + self.seconds[key])
            now = slots[-1]
        return now


def mixed(looks: int, *, seed: int, shortest: float = 20.0, longest: float = 60.0) -> Work:
    """A third in chains of up to 20, a third in fans on one look, a third by themselves."""
    dice = random.Random(seed)
    parent: dict[str, str | None] = {}
    while len(parent) < looks:
        shape, first = dice.choice(("chain", "fan", "alone")), f"look-{len(parent)}"
        parent[first] = None
        size = {"chain": dice.randint(2, 20), "fan": dice.randint(2, 40), "alone": 11}[shape]
        for _ in range(min(size - 1, looks - len(parent))):
            before = f"look-{len(parent) - 1}"
            key = f"look-{len(parent)}"
            parent[key] = {"chain": before, "fan": first, "alone": None}[shape]
    return Work(parent, {key: dice.uniform(shortest, longest) for key in parent})


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run went: until its last look was done and noticed, in virtual seconds."""

    makespan: float
    account: ScriptedAccount
    rate_limiter: RateLimiter


class _Last(Deaf):
    """Notes when the last look was known to be completed."""

    def __init__(self, clock: VirtualTime) -> None:
        self._clock = clock
        self.at = START

    def take_changed(self, take: Take, event: Event) -> None:
        if event is Event.COMPLETED:
            self.at = self._clock.now()


def run(
    work: Work,
    concurrency: int,
    *,
    told: bool = False,
    account: Callable[[VirtualTime], ScriptedAccount] | None = None,
) -> Ran:
    """Carry out all of it with the real executor."""
    clock = VirtualTime()
    api = account(clock) if account else ScriptedAccount(clock, work.seconds)
    entropy, last, rate_limiter = Numbered(), _Last(clock), RateLimiter(concurrency)

    async def go() -> None:
        ledger = LedgerFile(Path(":memory:"), now=clock.now, entropy=entropy, inline=True)
        campaign = work.campaign()
        context = RunContext(
            api=cast("Api", api),  # the calls that such a run makes
            ledger=ledger,
            images=Pictures(),
            clock=clock,
            entropy=entropy,
            observer=last,
            retry_limits=RetryLimits(),
            rate_limiter=rate_limiter,
        )
        session = Session(
            context,
            make_plan(campaign, ledger.snapshot()),
            Account("api.example", "me"),
            UserData("me", "usd", None),
            concurrency,
            {},
        )
        outcome = await session.carry_out()
        assert exit_code(outcome) is Exit.DONE, outcome
        ledger.close()

    watcher = Told if told else Poller
    with patch("runner.executor.scheduler.Poller", watcher):
        anyio.run(go, backend="trio", backend_options={"clock": MockClock(autojump_threshold=0)})
    assert len(api.ready_at) == len(work.parent) + 1
    return Ran(last.at - START, api, rate_limiter)
