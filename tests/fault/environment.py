"""The environment of the runner: true time, the account at HeyGen, the wires, the disk.

It outlives every process of the runner. Nothing that a dead process still tries has an effect here.
"""

import asyncio
import json
import math
import os
import socket
import struct
import zlib
from base64 import b64encode
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from decimal import Decimal
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from runner.errors import LookbookError
from runner.model import FileImage, InlineImage
from runner.simulator.app import create_app
from runner.simulator.behaviour import Behaviour
from runner.simulator.dice import Dice
from runner.simulator.records import AssetRow, GroupRow, LookRow, millionths
from runner.simulator.service import Simulator
from runner.simulator.settings import Fault, Latency, SimulatorSettings
from tests.fault.campaigns import Stock
from tests.fault.chance import Chance
from tests.fault.history import Conditions, History
from tests.fault.network import NETWORK_KINDS, Delivery, describe_delivery, serve
from tests.fault.virtual import VirtualLoop

if TYPE_CHECKING:
    from runner.ledger.location import LedgerLocation
    from runner.ledger.shared import SharedLedgers
    from tests.fault.shared import SharedDatabase

__all__ = ["EPOCH", "KEY", "NEIGHBOUR", "Environment", "Killed", "Violation"]

EPOCH = 1_800_000_000.0
"""When every history begins, in Unix seconds."""

KEY = "sk_fault_3f9c2b7a51d8e604"
"""The API key of every history: it must not be found in any byte that is written."""

EXISTING = ("look_existing_a", "look_existing_b", "look_existing_c")


NEIGHBOUR = "neighbour-"
"""What the idempotency keys of another machine begin with."""


_beside: ContextVar[Any] = ContextVar("_beside", default=None)
"""The process of the task at hand, where that runs beside the one that a day is about."""


class Killed(BaseException):
    """The process is gone. Not an Exception: nobody may handle it."""


class Violation(AssertionError):
    """A promise was broken."""


class _Watched(Dice):
    """The simulator's dice, with an ear for which faults strike; muted ones never do."""

    __slots__ = ("environment",)

    def __init__(self, seed: int, environment: "Environment") -> None:
        super().__init__(seed)
        self.environment = environment

    def fraction(self, *label: object) -> float:
        if label[0] == "fault" and f"{label[1]}@{label[2]}" in self.environment.history.muted:
            return 1.0
        return super().fraction(*label)


class Environment:
    """One history's surroundings. ``log`` says what happened, ``seen`` counts what was exercised.

    ``judge`` holds the ledger of the process that is at work, ``judges`` every one. Of paid keys
    ``senders`` says whose each is, ``asserted`` what a person said that it costs, ``late`` which
    lay on a wire for minutes. ``database`` is what machines share, where the history has one.
    ``colleague`` works while a process is stopped. ``elapsed`` is true time in seconds since
    ``EPOCH``; ``skew`` is how far the runner's clock is ahead of it.
    """

    def __init__(self, history: History, folder: Path) -> None:
        self.history = history
        self.folder = folder
        self._state = folder / "bad-days.lookbook"
        self.chance = Chance(history.seed)
        self.elapsed = 0.0
        self.skew = 0.0
        self.log: list[str] = []
        self.seen: Counter[str] = Counter()
        self.strikes: list[str] = []
        self.lost_pictures: set[str] = set()
        self.deleted: set[str] = set()
        self.faces: dict[str, str] = {}
        """Return the faces of looks that were deleted: their pictures may be here still."""
        self.trouble_found: BaseException | None = None
        self.armed = set(history.armed)
        self.dead = False
        self.loop: VirtualLoop | None = None
        self._judge: Any = None
        self.judges: list[Any] = []
        self.senders: dict[str, Any] = {}
        self.late = Counter[str]()
        """Return how many requests with a key lay on a wire for minutes."""
        self.asserted: dict[str, Decimal] = {}
        self.asserted_once: defaultdict[str, set[Decimal]] = defaultdict(set)
        """What was asserted until the wallet's figure took its place: an older ledger holds it."""
        self._process: Any = None
        self.beside: Callable[[], None] = lambda: None
        self.besides: list[Any] = []
        """What runs at the same time as the process that a day is about."""
        self._wires: list[Delivery] = []
        self._awaited: list[Delivery] = []
        """What a process that is stopped sent, and will read the answer of."""
        self._requests = 0
        self._neighbours = 0
        self._neighbours_at = 0.0
        self._weather = Conditions()
        self.app = create_app(
            SimulatorSettings(
                seed=history.seed,
                balance=history.balance,
                price=history.price,
                behaviour=self._behaviour(Conditions()),
                pictures=False,
            ),
            clock=self.now,
        )
        self.simulator: Simulator = self.app.state.simulator
        self.simulator.dice = _Watched(history.seed, self)
        self.stock = self._furnish()
        self.database: SharedDatabase | None = None
        self.month_usd = history.month_usd
        self.colleague: Callable[[], None] = lambda: None
        if history.shared:
            from tests.fault import shared  # needs an extra, as the product does

            self.database = shared.SharedDatabase(self)
            self.database.set_ceiling(history.month_usd)

    # --- who is at work -----------------------------------------------------------------------

    @property
    def process(self) -> Any:
        """The process that the task at hand belongs to."""
        return _beside.get() or self._process

    @process.setter
    def process(self, process: Any) -> None:
        self._process = process

    @property
    def judge(self) -> Any:
        """Who judges it."""
        beside = _beside.get()
        return self._judge if beside is None else beside.judge

    @judge.setter
    def judge(self, judge: Any) -> None:
        self._judge = judge

    @property
    def state(self) -> Path:
        """The folder where it works."""
        beside = _beside.get()
        return self._state if beside is None else beside.state

    @state.setter
    def state(self, state: Path) -> None:
        self._state = state

    def run_beside(self, process: Any, work: Callable[[], Awaitable[Any]]) -> None:
        """Begin another process in the loop of the one that is at work; it ends with that."""

        async def carry_out() -> None:
            _beside.set(process)
            try:
                await work()
            except LookbookError as error:
                self.say(f"=== beside it ends: {error}")
            except Exception as error:
                self.found(error)
                raise
            self.seen["another campaign done beside"] += 1
            self.end_beside(process)

        if self.loop is not None and self.database is not None:
            process.loop = self.loop
            self.besides.append(process)
            self._neighbours_at = math.inf  # two who buy see one wallet
            self.loop.create_task(carry_out())

    def end_beside(self, process: Any) -> None:
        """Record that a process beside the one that is at work has ended, or ends with it."""
        if process in self.besides and self.database is not None:
            self.besides.remove(process)
            self.database.process_ended(process)
            self._neighbours_at = math.inf if self.besides else self.now()

    # --- time ---------------------------------------------------------------------------------

    def now(self) -> float:
        """Return the true time in Unix seconds: the server's clock."""
        return EPOCH + (self.loop.time() if self.loop is not None else self.elapsed)

    def runner_now(self) -> float:
        """Return what the runner's clock shows."""
        return self.now() + self.skew

    @contextmanager
    def looping(self, loop: VirtualLoop) -> Iterator[VirtualLoop]:
        """Use a loop's clock as the environment's time for a while.

        What is on the wires arrives in it.
        """
        self.loop = loop
        for delivery in self._wires:
            if delivery not in self._awaited:
                delivery.answer = None
            loop.create_task(self._arrive(delivery))
        try:
            yield loop
        finally:
            self.elapsed = loop.time()
            loop.abandon()
            self.loop = None

    @contextmanager
    def stopping(self) -> Iterator[None]:
        """Leave the process that is at work where it stands, while another one lives.

        What it waits for arrives meanwhile; it reads that when it goes on.
        """
        loop, running = self.loop, asyncio._get_running_loop()
        if loop is None:
            raise RuntimeError("no process is at work")
        kept = (self.process, self.state, self.judge, self.dead)
        self._awaited, self.elapsed = [*self._wires], loop.time()
        asyncio._set_running_loop(None)
        try:
            yield
        finally:
            asyncio._set_running_loop(running)
            self.process, self.state, self.judge, self.dead = kept
            self.loop = loop
            loop.advance(self.elapsed - loop.time())
            for delivery in self._wires:
                if delivery not in self._awaited:
                    delivery.answer = None
                    loop.create_task(self._arrive(delivery))
            self._awaited = []

    def let_pass(self, seconds: float) -> None:
        """Advance time without a process of the runner."""
        self.dead = False
        with self.looping(VirtualLoop(self.elapsed)) as loop:
            loop.run_until_complete(asyncio.sleep(seconds))
        self.check()

    def say(self, text: str) -> None:
        """Write a line into the event log."""
        seconds = self.loop.time() if self.loop is not None else self.elapsed
        plain = text.replace(str(self.folder), "…")  # its name is another each time
        self.log.append(f"{seconds:12.3f} {plain.replace(_name_process(), 'a process')}")

    def check(self) -> None:
        """Raise what was found in a place that cannot raise."""
        if self.trouble_found is not None:
            raise self.trouble_found

    def found(self, trouble: BaseException) -> None:
        """Remember a violation that was found beside the runner; the first one counts."""
        self.trouble_found = self.trouble_found or trouble

    def judged(self, look: Callable[[], None]) -> None:
        """Run the judge inside a process; a broken invariant ends the process at once."""
        try:
            look()
        except Violation as violation:
            self.found(violation)
            self.dead = True
            raise Killed from violation

    # --- where ledgers live -------------------------------------------------------------------

    @property
    def ledgers(self) -> "SharedLedgers | None":
        """What a person names with ``--on``, if anything."""
        return None if self.database is None else self.database.ledgers

    def find_ledger(self, state: Path, campaign: str) -> "Path | LedgerLocation":
        """Return where a campaign's ledger lives, for who reads it beside all trouble."""
        if self.database is None:
            return state / "ledger.sqlite"
        return self.database.locate(campaign)

    # --- prices -------------------------------------------------------------------------------

    @property
    def prices(self) -> tuple[Decimal, Decimal]:
        """What HeyGen takes for a photo and for a prompt, in USD."""
        photo, prompt = self.simulator.behaviour.photo_price, self.simulator.behaviour.prompt_price
        listed = self.history.price
        return (listed if photo is None else photo, listed if prompt is None else prompt)

    @property
    def costs_otherwise(self) -> bool:
        """Return whether HeyGen takes what nobody planned with."""
        return {*self.prices} != {self.history.price}

    # --- weather ------------------------------------------------------------------------------

    def set_weather(self, conditions: Conditions) -> None:
        """Replace the fault conditions from now on."""
        self._weather = conditions
        self.simulator.settings = replace(
            self.simulator.settings,
            faults=tuple(Fault.parse(f"{kind}:{chance}") for kind, chance in conditions.faults),
            latency=Latency.parse(conditions.latency),
            concurrency=conditions.concurrency,
            behaviour=self._behaviour(conditions),
        )
        for one in self.history.behaviour + conditions.behaviour:
            self.seen[f"departure {one}"] += 1

    def _behaviour(self, conditions: Conditions) -> Behaviour:
        """Return how the account departs from the API's page: always, and in this weather."""
        return replace(
            Behaviour.parse(self.history.behaviour + conditions.behaviour),
            store_refusals=conditions.store_refusals,
            no_refunds=not self.history.refund_failed,
        )

    def top_up(self, amount: Decimal) -> None:
        """Put money into the wallet."""
        self.simulator.opening_balance += millionths(amount)

    def surprises(self, look_id: str, group_id: str) -> None:
        """Note that a look is gone of which no ledger knows that; perhaps with its group."""
        self.deleted.add(look_id)
        if group_id not in self.simulator.account.groups:
            self.deleted.add(group_id)

    def grant_consents(self) -> int:
        """Open every consent page that was handed out, as a person would; return how many."""
        account = self.simulator.account
        granted = 0
        for group in [*account.groups.values()]:
            if group.consent == "pending":
                account.put(replace(group, consent="approved"))
                granted += 1
                self.seen["consent granted"] += 1
                self.say(f"person: consent for {group.id}")
        return granted

    def trouble(self, number: int) -> str | None:
        """Return what the network does to a request."""
        stream = self.chance.of("trouble", number)
        for kind in NETWORK_KINDS:
            chance = dict(self._weather.network).get(kind, 0.0)
            if stream.random() < chance and f"{kind}@{number}" not in self.history.muted:
                self.seen[f"network {kind}"] += 1
                self.strikes.append(f"{kind}@{number}")
                self.say(f"network: {kind} strikes request {number}")
                return kind
        return None

    # --- wires --------------------------------------------------------------------------------

    def about_to_send(self, request: httpx.Request, body: bytes) -> int:
        """Record that a process lets a request leave; return the request's number."""
        self.alive()
        self._requests += 1
        if _is_paid(request):
            self.process.passes_request("send")
            judge = self.judge.sending_fenced if self.process.is_fenced() else self.judge.sending
            self.judged(lambda: judge(request, body))
        elif request.method == "DELETE":
            look_id = request.url.path.rpartition("/")[2]
            self.judged(lambda: self.judge.deleting(look_id))
        return self._requests

    def about_to_answer(self, request: httpx.Request) -> None:
        """Record that a process is about to read an answer."""
        self.alive()
        if _is_paid(request):
            self.process.passes_request("answer")

    def alive(self) -> None:
        """Stop a process that does not know yet that it is dead."""
        if self.dead:
            raise Killed

    def send_off(self, delivery: Delivery) -> None:
        """Put a request on the wire."""
        if self.loop is None:
            raise RuntimeError("nothing is sent between processes")
        delivery.judge = self.judge
        self._wires.append(delivery)
        self.loop.create_task(self._arrive(delivery))

    def neighbour_buys(self, namesake: str | None = None) -> None:
        """Buy looks as another machine would: it shares the account's places and its wallet.

        A ``namesake`` is bought under this name, into the account's newest group.
        """
        if self.loop is not None:
            for _ in range(2):
                self._neighbours += 1
                key = f"{NEIGHBOUR}{self._neighbours}"
                self.loop.create_task(self._neighbour(key, namesake))

    def bought_by_neighbours(self, since: float) -> bool:
        """Return whether others bought on the account since ``EPOCH`` plus so many seconds."""
        return self._neighbours_at >= EPOCH + since

    async def _neighbour(self, key: str, namesake: str | None) -> None:
        order = {"type": "prompt", "name": "Tom", "prompt": "A man in his 30s, serious, in a suit"}
        groups, _ = self.simulator.account.find_groups(None, 1, public=False)
        if namesake is not None and groups:
            order |= {"name": namesake, "avatar_group_id": groups[0].id}
            self.seen["a neighbour's look of the same name"] += 1
        headers = {"X-Api-Key": KEY, "Idempotency-Key": key, "Content-Type": "application/json"}
        body = json.dumps(order).encode()
        request = httpx.Request(
            "POST", "https://api.heygen.com/v3/avatars", headers=headers, content=body
        )
        before = dict(self.simulator.account.counts.get("faults", {}))
        served = await serve(self.app, request, body, now=self.now())
        self._note_faults(before)
        self.say(f"neighbour: {served.status} {describe_delivery(served)}".rstrip())
        self.seen["a neighbour's purchase"] += served.status == 200
        if served.status == 200:
            self._neighbours_at = self.now()

    async def _arrive(self, delivery: Delivery) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, delivery.due - loop.time()))
        if delivery not in self._wires:
            return
        self._wires = [other for other in self._wires if other is not delivery]
        before = dict(self.simulator.account.counts.get("faults", {}))
        try:
            served = await serve(self.app, delivery.request, delivery.body, now=self.now())
            self._note_faults(before)
            delivery.judge.served(delivery.request, delivery.body, served)
        except Exception as error:
            self.found(error)
            raise
        if delivery.answer is not None and not delivery.answer.done():
            delivery.answer.set_result(served)

    def _note_faults(self, before: dict[str, int]) -> None:
        account = self.simulator.account
        number = account.counted("last", "request")
        for kind, count in account.counts.get("faults", {}).items():
            if count > before.get(kind, 0):
                self.seen[f"fault {kind}"] += count - before.get(kind, 0)
                self.strikes.append(f"{kind}@{number}")
                self.say(f"simulator: {kind} strikes its request {number}")

    # --- what is there before anything happens ------------------------------------------------

    def _furnish(self) -> Stock:
        """Make pictures on disk, and looks and assets that the account has already."""
        files = tuple(self._picture(number) for number in range(3))
        account = self.simulator.account
        group = GroupRow(
            seq=account.next_seq(), id="group_existing", name="Old", created_at=int(EPOCH) - 10**6
        )
        account.put(group)
        for look_id in EXISTING:
            account.put(
                LookRow(
                    seq=account.next_seq(),
                    id=look_id,
                    name="An older portrait",  # no campaign calls a look so
                    kind="photo",
                    group_id=group.id,
                    ready_at=EPOCH - 10**6,
                    face=self.simulator.pictures.seen_at(look_id).face,
                    scene=self.simulator.pictures.scene("", "", []),
                    width=6,
                    height=8,
                )
            )
        account.advance(EPOCH)
        asset = AssetRow(
            id="asset_existing",
            mime_type="image/png",
            size_bytes=1,
            sha256="0" * 64,
            state="completed",
            width=512,
            height=512,
        )
        account.put(asset)
        content = _png(9)
        inline = InlineImage("image/png", b64encode(content).decode(), sha256(content).hexdigest())
        return Stock(self.folder, files, inline, (asset.id,), EXISTING)

    def _picture(self, number: int) -> FileImage:
        content = _png(number)
        path = self.folder / f"picture-{number}.png"
        path.write_bytes(content)
        digest = sha256(content).hexdigest()
        return FileImage(path, path.name, digest, "image/png", len(content), 512, 512)


@cache
def _name_process() -> str:
    """Return what a claim calls this very process."""
    return f"process {os.getpid()} on {socket.gethostname()}"


@cache
def _png(number: int) -> bytes:
    """A picture of 512 x 512 in one shade of grey."""
    side = 512
    rows = (b"\0" + bytes([number * 20]) * side) * side
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


def _is_paid(request: httpx.Request) -> bool:
    return request.method == "POST" and request.url.path == "/v3/avatars"
