"""A scripted HeyGen, a ledger on disk, and virtual time: what a run is tested in.

``FakeApi`` answers what a test tells it to, remembers every request, and counts charges: it, not
the runner, says what was paid for. Time is trio's ``MockClock``: a sleep costs nothing.
"""

import json
import math
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import anyio
import trio
from trio.testing import MockClock

from runner.canonical import sha256_hex
from runner.executor.account_listing import list_account
from runner.executor.context import RunContext
from runner.executor.ports import Downloaded, FetchFailed
from runner.executor.session import Session
from runner.face_measures import FaceBox, FaceMeasure, NoFace
from runner.ledger.ledger import LedgerFile
from runner.model import (
    BASE,
    Budget,
    Campaign,
    FileImage,
    LiteralRef,
    Look,
    LookKind,
    LookRef,
    Reference,
)
from runner.plan import Plan, ResolvedOptions
from runner.plan import plan as make_plan
from runner.policy.budget import Ceilings
from runner.policy.exit_codes import Outcome
from runner.policy.lifecycle import Event
from runner.policy.rate_limit import RateLimiter
from runner.policy.retry import RetryLimits
from runner.replies import (
    Answer,
    AssetData,
    AutoReload,
    ConsentData,
    CreatedData,
    GroupData,
    ListPage,
    LookData,
    Lost,
    NotSent,
    Refusal,
    Reply,
    UserData,
)
from runner.takes import Account, Neighbours, Take

START = 1_800_000_000.0
T = TypeVar("T")

OK = "ok"
CHARGED_AND_LOST = "charged and lost"
GATEWAY_TIMEOUT = "charged and answered by a gateway's 504"
LOST_BEFORE = "lost before anything happened"


def run_virtual(call: Callable[[], Awaitable[T]]) -> T:
    """Run in virtual time: whenever everybody sleeps, the clock jumps to the next alarm."""
    return anyio.run(
        call, backend="trio", backend_options={"clock": MockClock(autojump_threshold=0)}
    )


class VirtualClock:
    """Unix seconds on trio's clock. ``ahead`` is how far a person turned it."""

    def __init__(self) -> None:
        self.begun = START
        self.ahead = 0.0

    def now(self) -> float:
        try:
            return self.begun + trio.current_time() + self.ahead
        except RuntimeError:  # outside a run time stands still
            return self.begun + self.ahead

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)


class Counting:
    """Keys and uids by number, jitter always 0.5: nothing is random in a test."""

    def __init__(self) -> None:
        self.count = 0

    def key(self) -> str:
        self.count += 1
        return f"key-{self.count}"

    def uid(self) -> str:
        self.count += 1
        return f"uid-{self.count}"

    def random(self) -> float:
        return 0.5


class RecordingObserver:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Event]] = []
        self.words: list[str] = []

    def take_changed(self, take: Take, event: Event) -> None:
        self.events.append((take.label, event))

    def looks_blocked(self, looks: Any, reason: str) -> None:
        self.words.append(f"blocked {sorted(looks)}: {reason}")

    def waiting(self, reason: str, seconds: float) -> None:
        self.words.append(f"waiting {seconds}: {reason}")

    def said(self, message: str) -> None:
        self.words.append(message)


class FakeImages:
    """Pictures that are always there; ``failing`` urls are not."""

    def __init__(self) -> None:
        self.failing: dict[str, FetchFailed] = {}
        self.files: set[str] = set()
        self.size = (8, 8)

    async def fetch(self, url: str, *, look: str, number: int) -> Downloaded | FetchFailed:
        if look in self.failing:
            return self.failing[look]
        image = f"images/{look}.{number}.png"
        self.files.add(image)
        return Downloaded(image, sha256_hex(image.encode()), *self.size)

    def written_at(self, image: str) -> float | None:
        return math.inf if image in self.files else None

    def present(self, image: str, sha256: str) -> bool:
        return image in self.files


class FakeFaces:
    """Measures faces in virtual time; ``places`` say where a take's face lies, else at 0.

    Pictures that are ``gone`` cannot be measured, ``faceless`` ones show no face.
    """

    def __init__(self, seconds: float = 0.1, **places: float) -> None:
        self.seconds, self.places = seconds, places
        self.asked: list[str] = []
        self.gone: set[str] = set()
        self.faceless: set[str] = set()

    async def measure(self, image: str, sha256: str) -> FaceMeasure | None:
        label = image.removeprefix("images/").removesuffix(".png").replace(".", "#")
        self.asked.append(label)
        await anyio.sleep(self.seconds)
        if label in self.gone:
            return None
        if label in self.faceless:
            return FaceMeasure(sha256, none=NoFace.NONE)
        at = self.places.get(label.partition("#")[0], 0.0)
        at = self.places.get(label, at)
        box = FaceBox(0.25, 0.125, 0.5, 0.375)
        return FaceMeasure.of_numbers(sha256, [at, *[0.0] * 127], box)


@dataclass(slots=True)
class FakeWallet:
    """A dollar wallet that does what a real one may do. Times are Unix seconds.

    ``prices`` are what HeyGen takes, ``lag`` how late a change is shown, ``at_completion`` says
    that a generation is charged when it is done, and a failed one never; else it is charged when it
    is accepted, and with ``refunds`` a failure gives the money back. ``moves`` are what changed and
    when; ``buy_elsewhere`` is somebody else who uses the account.
    """

    clock: "VirtualClock"
    opening: Decimal
    prices: dict[str, Decimal] = field(default_factory=dict)
    lag: float = 0.0
    at_completion: bool = False
    refunds: bool = True
    moves: list[tuple[float, Decimal]] = field(default_factory=list)

    def charge(self, kind: str, done_at: float, *, failing: bool) -> None:
        """Take what one generation costs."""
        price = self.prices.get(kind, Decimal(1))
        if not (self.at_completion and failing):
            self.moves.append((done_at if self.at_completion else self.clock.now(), -price))
        if failing and self.refunds and not self.at_completion:
            self.moves.append((done_at, price))

    def buy_elsewhere(self, amount: str, *, at: float | None = None) -> None:
        """Spend on behalf of somebody else (or, below zero, fill the wallet up)."""
        self.moves.append((self.clock.now() if at is None else at, -Decimal(amount)))

    @property
    def shown(self) -> Decimal:
        """Return what the account shows now."""
        seen = self.clock.now() - self.lag
        return self.opening + sum((by for at, by in self.moves if at <= seen), Decimal(0))

    @property
    def spent(self) -> Decimal:
        """Return what left it so far, whatever it shows."""
        return -sum((by for _, by in self.moves), Decimal(0))


@dataclass
class FakeApi:
    """A scripted account. ``script`` decides the next POSTs; after it every one is accepted.

    Lists show a look ``lag`` seconds after it was made. Without ``honours_keys`` every accepted
    POST makes a look. ``limit`` is how many jobs may be in progress at once.
    """

    clock: VirtualClock
    seconds: float = 30.0
    script: deque[Any] = field(default_factory=deque)
    fate: dict[str, str] = field(default_factory=dict)
    looks_by_id: dict[str, LookData] = field(default_factory=dict)
    groups_by_id: dict[str, GroupData] = field(default_factory=dict)
    ready_at: dict[str, float] = field(default_factory=dict)
    answers: dict[str, CreatedData] = field(default_factory=dict)
    charges: list[tuple[str, str]] = field(default_factory=list)
    posts: list[tuple[str, bytes]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    purse: FakeWallet | None = None
    reload: AutoReload | None = None
    in_progress_peak: int = 0
    lag: float = 0.0
    honours_keys: bool = True
    made_at: dict[str, float] = field(default_factory=dict)
    free_replies: deque[Reply[Any]] = field(default_factory=deque)
    consented: set[str] = field(default_factory=set)
    dated: bool = True
    limit: int | None = None
    assets: set[str] = field(default_factory=set)

    # --- POST /v3/avatars ---------------------------------------------------------------------

    async def create_avatar(self, body: bytes, key: str) -> Reply[CreatedData]:
        self.posts.append((key, body))
        await anyio.sleep(0.1)
        behaviour = self.script.popleft() if self.script else OK
        if isinstance(behaviour, Refusal | NotSent | Lost):
            return behaviour
        if behaviour == LOST_BEFORE:
            return Lost("ReadTimeout")
        known = self.answers.get(key) if self.honours_keys else None
        wrong = None if known else self._refusal(json.loads(body))
        if wrong is not None:
            return wrong
        created = known or self._create(body, key)
        if behaviour == CHARGED_AND_LOST:
            return Lost("RemoteProtocolError")
        if behaviour == GATEWAY_TIMEOUT:
            return Refusal(504, "gateway_timeout", "the gateway waited too long")
        return Answer(created, request_id=f"req-{len(self.posts)}")

    def _refusal(self, asked: dict[str, Any]) -> Refusal | None:
        """Return why a new look is refused: the errors of the API's table, then the limit."""
        look_id, group_id = asked.get("avatar_id"), asked.get("avatar_group_id")
        reference = self.looks_by_id.get(look_id) if look_id else None
        if look_id and reference is None:
            return Refusal(404, "avatar_not_found", "no such look", "avatar_id")
        if group_id and group_id not in self.groups_by_id:
            return Refusal(404, "avatar_group_not_found", "no such group", "avatar_group_id")
        if reference is not None and not self._now(reference).usable:
            return Refusal(400, "invalid_parameter", "not usable", "avatar_id")
        if reference is not None and group_id and reference.group_id != group_id:
            return Refusal(400, "invalid_parameter", "not in that group", "avatar_id")
        for image in (asked.get("file"), *asked.get("reference_images", ())):
            if image and image["type"] == "asset_id" and image["asset_id"] not in self.assets:
                return Refusal(404, "asset_not_found", "no such asset", "asset_id")
        if self.limit is not None and self._busy() >= self.limit:
            return Refusal(429, "rate_limit_exceeded", "busy", retry_after=5.0)
        return None

    def _busy(self) -> int:
        return sum(1 for ready in self.ready_at.values() if ready > self.clock.now())

    def _create(self, body: bytes, key: str) -> CreatedData:
        asked = json.loads(body)
        number = len(self.charges) + 1
        reference = self.looks_by_id.get(asked.get("avatar_id", ""))
        group_id = asked.get("avatar_group_id") or (reference.group_id if reference else None)
        if group_id is None:
            group_id = f"group-{number}"
            self.groups_by_id[group_id] = GroupData(group_id, asked["name"], self.clock.now())
        look = LookData(
            f"look-{number}", asked["name"], "photo_avatar", group_id, status="processing"
        )
        self.looks_by_id[look.id] = look
        self.ready_at[look.id] = self.clock.now() + self.seconds
        self.made_at[look.id] = self.clock.now()
        self.made_at.setdefault(group_id, self.clock.now())
        self.charges.append((look.id, key))
        if self.purse is not None:
            failing = self.fate.get(look.name) == "failed"
            self.purse.charge(asked.get("type", ""), self.ready_at[look.id], failing=failing)
        self.answers[key] = CreatedData(look, self.groups_by_id[group_id])
        self.in_progress_peak = max(self.in_progress_peak, self._busy())
        return self.answers[key]

    def add_by_hand(self, name: str, group_id: str) -> LookData:
        """Make a look that no run ever sent."""
        look = LookData(f"hand-{len(self.looks_by_id)}", name, "photo_avatar", group_id)
        self.groups_by_id.setdefault(group_id, GroupData(group_id, name, START - 1e6))
        self.looks_by_id[look.id] = replace(
            look, status="completed", preview_image_url="https://images.example/hand"
        )
        return look

    # --- everything else ----------------------------------------------------------------------

    def _now(self, look: LookData) -> LookData:
        if look.id not in self.ready_at or self.clock.now() < self.ready_at[look.id]:
            return look
        fate = self.fate.get(look.name)
        if fate == "failed":
            return replace(look, status="failed", error_code="moderation", error_message="no")
        if fate == "consent" and look.name not in self.consented:
            return replace(look, status="pending_consent")
        if fate == "stuck":
            return look
        url = f"https://images.example/{look.id}"
        return replace(look, status="completed", preview_image_url=url)

    async def _free(self, call: str) -> Reply[Any] | None:
        self.calls.append(call)
        await anyio.sleep(0.05)
        return self.free_replies.popleft() if self.free_replies else None

    async def me(self) -> Reply[UserData]:
        time = self.clock.now() - self.clock.ahead if self.dated else None
        return await self._free("me") or Answer(self.user, server_time=time)

    @property
    def user(self) -> UserData:
        """The account as it shows itself now; without a purse it has no dollar wallet."""
        shown = self.purse.shown if self.purse else None
        return UserData("me", "usd", shown, self.reload)

    async def upload(self, image: FileImage, key: str) -> Reply[AssetData]:
        forced = await self._free("upload")
        if forced is not None:
            return forced
        self.assets.add(f"asset-{image.sha256[:4]}")
        return Answer(AssetData(f"asset-{image.sha256[:4]}"))

    async def look(self, look_id: str) -> Reply[LookData]:
        forced = await self._free("look")
        if forced is not None:
            return forced
        if look_id not in self.looks_by_id:
            return Refusal(404, "avatar_not_found", "no such look")
        return Answer(self._now(self.looks_by_id[look_id]))

    async def looks(
        self, *, group_id: str | None = None, limit: int = 50, token: str | None = None
    ) -> Reply[ListPage[LookData]]:
        forced = await self._free("looks")
        if forced is not None:
            return forced
        found = [
            self._now(look)
            for look in self.looks_by_id.values()
            if (group_id is None or look.group_id == group_id) and self._is_listed(look.id)
        ]
        return Answer(page_of(found, limit, token))

    async def rename(self, look_id: str, name: str) -> Reply[LookData]:
        forced = await self._free("rename")
        if forced is not None:
            return forced
        if look_id not in self.looks_by_id:
            return Refusal(404, "avatar_not_found", "no such look")
        self.looks_by_id[look_id] = replace(self.looks_by_id[look_id], name=name)
        return Answer(self._now(self.looks_by_id[look_id]))

    async def delete_look(self, look_id: str) -> Reply[str]:
        forced = await self._free("delete_look")
        if forced is not None:
            return forced
        gone = self.looks_by_id.pop(look_id, None)
        if gone is None:
            return Refusal(404, "avatar_not_found", "no such look")
        self.ready_at.pop(look_id, None)
        if not any(look.group_id == gone.group_id for look in self.looks_by_id.values()):
            self.groups_by_id.pop(gone.group_id or "", None)
        return Answer(look_id)

    async def group(self, group_id: str) -> Reply[GroupData]:
        forced = await self._free("group")
        if forced is not None:
            return forced
        if group_id not in self.groups_by_id:
            return Refusal(404, "avatar_group_not_found", "no such group")
        return Answer(self.groups_by_id[group_id])

    async def groups(
        self, *, limit: int = 50, token: str | None = None
    ) -> Reply[ListPage[GroupData]]:
        forced = await self._free("groups")
        if forced is not None:
            return forced
        found = [group for group in self.groups_by_id.values() if self._is_listed(group.id)]
        return Answer(page_of(found, limit, token))

    def _is_listed(self, made: str) -> bool:
        return self.clock.now() - self.made_at.get(made, 0.0) >= self.lag

    async def consent(self, group_id: str, key: str) -> Reply[ConsentData]:
        forced = await self._free("consent")
        if forced is not None:
            return forced
        if group_id not in self.groups_by_id:
            return Refusal(404, "avatar_group_not_found", "no such group")
        return Answer(ConsentData(f"https://consent/{group_id}"))


def page_of(found: Sequence[T], limit: int, token: str | None) -> ListPage[T]:
    """Return one page of a list."""
    first = int(token or 0)
    more = first + limit < len(found)
    return ListPage(tuple(found[first : first + limit]), str(first + limit) if more else None)


class Harness:
    """One campaign's state folder and one account, through as many runs as a test wants."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = VirtualClock()
        self.api = FakeApi(self.clock)
        self.images = FakeImages()
        self.entropy = Counting()
        self.heard = RecordingObserver()
        self.retry_limits = RetryLimits(retries=3)
        self.failpoint: Callable[[str], None] | None = None
        self.neighbours = Neighbours()
        self.faces: FakeFaces | None = None
        self.context: RunContext | None = None
        self.session: Session | None = None
        self._opened: list[LedgerFile] = []

    def close(self) -> None:
        """Close every ledger that was opened, also one that a test closed itself."""
        for ledger in self._opened:
            ledger.close()

    def purse(self, dollars: int = 100, **prices: int) -> FakeWallet:
        """Return the account a dollar wallet; ``photo`` and ``prompt`` are what HeyGen takes."""
        taken = {kind: Decimal(price) for kind, price in prices.items()}
        self.api.purse = FakeWallet(self.clock, Decimal(dollars), taken)
        return self.api.purse

    def open(self, ceilings: Ceilings | None = None) -> LedgerFile:
        ledger = LedgerFile(
            self.folder / "ledger.sqlite",
            now=self.clock.now,
            entropy=self.entropy,
            ceilings=ceilings,
            failpoint=self.failpoint,
            inline=True,
        )
        self._opened.append(ledger)
        return ledger

    def run(
        self,
        campaign: Campaign,
        *,
        ceilings: Ceilings | None = None,
        concurrency: int = 10,
        meanwhile: Callable[[RunContext], Coroutine[Any, Any, None]] | None = None,
        asked: ResolvedOptions | None = None,
        retry: tuple[str, ...] = (),
        trimmed: Callable[[Plan], Plan] = lambda plan: plan,
    ) -> Outcome:
        """Run a campaign as the command does: open, plan, carry out, close."""

        async def go() -> Outcome:
            ledger = self.open(ceilings)
            try:
                snapshot = ledger.snapshot()
                wanted = asked or ResolvedOptions(retry=frozenset(retry))
                plan = trimmed(make_plan(campaign, snapshot, wanted))
                self.context = RunContext(
                    api=self.api,
                    ledger=ledger,
                    images=self.images,
                    clock=self.clock,
                    entropy=self.entropy,
                    observer=self.heard,
                    retry_limits=self.retry_limits,
                    rate_limiter=RateLimiter(concurrency),
                    neighbours=lambda: self.neighbours,
                    faces=self.faces,
                )
                self.session = Session(
                    self.context,
                    plan,
                    Account("api.example", "me"),
                    self.api.user,
                    concurrency,
                    {},
                    listing=await list_account(self.context, plan, {}),
                )
                if meanwhile is None:
                    return await self.session.carry_out()
                outcomes: list[Outcome] = []
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(meanwhile, self.context)
                    outcomes.append(await self.session.carry_out())
                    tasks.cancel_scope.cancel()
                return outcomes[0]
            finally:
                self.clock.begun = self.clock.now() - self.clock.ahead
                ledger.close()

        return run_virtual(go)

    def takes(self, look: str) -> list[Take]:
        """Return the takes of a look as they are on disk."""
        ledger = self.open()
        try:
            return [*ledger.snapshot().takes.get(look, ())]
        finally:
            ledger.close()

    def take(self, look: str) -> Take:
        """Return a look's latest take."""
        return self.takes(look)[-1]

    def later(self, seconds: float) -> None:
        """Advance the clock between two runs."""
        self.clock.begun += seconds


def photo(key: str = BASE, **more: Any) -> Look:
    image = FileImage(Path("/nowhere/a.png"), "a.png", "ab" * 32, "image/png", 10, 1024, 1024)
    return Look(key, LookKind.PHOTO, "Sarah", "Sarah", photo=image, **more)


def look(
    key: str,
    prompt: str | None = None,
    *,
    on: str | Reference | None = BASE,
    group: str | Reference | None = None,
    **more: Any,
) -> Look:
    """Make a look that references another (by key), a literal id, or nothing."""
    reference = LookRef(on) if isinstance(on, str) else on
    saved = LookRef(group) if isinstance(group, str) else group
    more.setdefault("name", f"Sarah — {key}")
    return Look(
        key,
        LookKind.PROMPT,
        key,
        prompt=prompt or f"a prompt for {key}",
        reference=reference,
        group=saved,
        **more,
    )


def existing(key: str, look_id: str) -> Look:
    return Look(key, LookKind.EXISTING, key, None, existing=look_id)


def literal(look_id: str) -> LiteralRef:
    return LiteralRef(look_id)


def campaign(*looks: Look, budget: Budget | None = None) -> Campaign:
    """Make a campaign; a photo base is added where none is given."""
    every = looks if looks and looks[0].key == BASE else (photo(), *looks)
    return Campaign("spring", Path("/nowhere/spring.yaml"), every, budget=budget or Budget())
