"""The three stand-ins for HeyGen behind one protocol, and what each of them deliberately lacks.

The simulator is asked by the real client, through ASGI in this very process; the account of the
executor's tests and that of the benchmarks are asked directly. Time is virtual for all of them.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import cast

import httpx

from bench.scripted import ScriptedAccount, VirtualTime
from runner.executor.ports import Api
from runner.heygen.client import HeyGen
from runner.heygen.credentials import Credentials
from runner.simulator.app import create_app
from runner.simulator.settings import Latency, SimulatorSettings
from tests.executor.harness import FakeApi, FakeWallet, VirtualClock
from tests.fault.network import serve

__all__ = ["GENERATION", "STAND_INS", "Lack", "StandIn"]

GENERATION = 30.0
"""Seconds that a generation takes."""

BALANCE = Decimal(100)


class Lack(StrEnum):
    """What a stand-in does not play: who asks for it is refused, and not answered otherwise."""

    REPLAY = "replay"
    """A second send under one key."""
    TABLE = "table"
    """Any row but "a reference and no group", and the errors of the table."""
    GROUPS = "groups"
    """Groups, which can be shown, listed, and asked for a consent."""
    CHANGES = "changes"
    """Renaming and deleting."""
    UPLOADS = "uploads"
    WALLET = "wallet"
    """A balance in dollars."""


@dataclass(frozen=True, slots=True)
class StandIn:
    """One stand-in: ``open`` gives it as an empty account that takes so many jobs at once."""

    name: str
    open: Callable[[int], AbstractAsyncContextManager[Api]]
    lacks: frozenset[Lack] = frozenset()


class _InProcess(httpx.AsyncBaseTransport):
    """Carries a request to an application in this process, as a server would receive it."""

    def __init__(self, app: object, now: Callable[[], float]) -> None:
        self._app = app
        self._now = now

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        served = await serve(self._app, request, await request.aread(), now=self._now())
        return httpx.Response(served.status, headers=list(served.headers), content=served.body)


@asynccontextmanager
async def _simulator(limit: int) -> AsyncIterator[Api]:
    clock = VirtualClock()
    settings = SimulatorSettings(
        latency=Latency("fixed", GENERATION), concurrency=limit, balance=BALANCE, pictures=False
    )
    app = create_app(settings, clock=clock.now)
    transport = _InProcess(app, clock.now)
    key = Credentials("sk_contract_0123456789")
    async with HeyGen(key, "https://api.example", transport=transport, now=clock.now) as api:
        yield api
    app.state.simulator.close()


@asynccontextmanager
async def _of_the_executors_tests(limit: int) -> AsyncIterator[Api]:
    clock = VirtualClock()
    yield FakeApi(clock, seconds=GENERATION, limit=limit, purse=FakeWallet(clock, BALANCE))


@asynccontextmanager
async def _of_the_benchmarks(limit: int) -> AsyncIterator[Api]:
    seconds: dict[str, float] = defaultdict(lambda: GENERATION)
    yield cast("Api", ScriptedAccount(VirtualTime(), seconds, limit=limit))


STAND_INS = (
    StandIn("simulator", _simulator),
    StandIn("executor", _of_the_executors_tests),
    StandIn("benchmarks", _of_the_benchmarks, frozenset(Lack)),
)
