"""What every operation works with: the simulator itself, one call to it, and one answer."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from starlette.types import Receive

from runner.simulator.account import SimulatedAccount
from runner.simulator.behaviour import Behaviour
from runner.simulator.blobs import Blobs
from runner.simulator.dice import Dice
from runner.simulator.journal import Journal
from runner.simulator.pictures import Pictures
from runner.simulator.records import AvatarKind, millionths
from runner.simulator.settings import FaultKind, SimulatorSettings

UNLIMITED_MILLIONTHS = 10**12
"""What a wallet that never runs dry shows at first: a million dollars, in millionths."""

Now = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]


class Simulator:
    """One account with its settings, its clock and its chance; the operations act on it."""

    def __init__(self, settings: SimulatorSettings, *, clock: Now, sleep: Sleep) -> None:
        journal = Journal(settings.state) if settings.state else None
        folder = (
            settings.state.with_name(f"{settings.state.name}.files") if settings.state else None
        )
        self.settings = settings
        self._clock = clock
        self._latest = 0.0
        self.sleep = sleep
        self.dice = Dice(settings.seed)
        try:
            refunds = settings.behaviour.charge_at_completion or not settings.behaviour.no_refunds
            self.account = SimulatedAccount(journal, refund_failed=refunds)
        except BaseException:
            if journal is not None:
                journal.close()
            raise
        self.blobs = Blobs(folder)
        self.pictures = Pictures(drawn=settings.pictures)
        self.in_flight: set[str] = set()
        endless = settings.balance is None
        self.opening_balance = (
            UNLIMITED_MILLIONTHS if endless else millionths(settings.balance or Decimal(0))
        )
        self.gateway: tuple[float, int] = (0.0, 502)
        """Until when a gateway's page answers everything, and with which status."""

    def now(self) -> float:
        """Return Unix seconds; time does not run backwards here, whatever the clock does."""
        self._latest = max(self._latest, self._clock())
        return self._latest

    @property
    def behaviour(self) -> Behaviour:
        """How the account departs from the API's page, at this moment."""
        return self.settings.behaviour

    def price(self, kind: AvatarKind) -> int:
        """Return what a generation of this kind costs, in millionths."""
        own = {"photo": self.behaviour.photo_price, "prompt": self.behaviour.prompt_price}
        price = own.get(kind)
        return millionths(self.settings.price if price is None else price)

    def close(self) -> None:
        """Write what is left to write and release the state file."""
        self.account.close()
        self.blobs.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiCall:
    """One request, as an operation sees it."""

    sim: Simulator
    number: int
    now: float
    base_url: str
    params: Mapping[str, str]
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes
    receive: Receive
    faults: frozenset[FaultKind]

    def link(self, path: str) -> str:
        """Return an absolute address on this server."""
        return f"{self.base_url}{path}"


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What goes back: a status, bytes, and their type."""

    status: int
    body: bytes
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[ApiCall], HttpAnswer | Awaitable[HttpAnswer]]


_compact = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def json_bytes(value: object) -> bytes:
    """Return compact JSON."""
    return _compact(value).encode()


def data(value: object) -> HttpAnswer:
    """Return a success envelope around one thing."""
    return HttpAnswer(200, json_bytes({"data": value}))


def page(rows: list[dict[str, Any]], next_token: str | None) -> HttpAnswer:
    """Return a success envelope around one page of a list."""
    body = {"data": rows, "has_more": next_token is not None, "next_token": next_token}
    return HttpAnswer(200, json_bytes(body))
