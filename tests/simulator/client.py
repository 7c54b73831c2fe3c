"""A simulator in process, with a clock that only the test moves."""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx
from starlette.applications import Starlette

from runner.simulator.app import create_app
from runner.simulator.behaviour import Behaviour
from runner.simulator.service import Simulator
from runner.simulator.settings import Fault, Latency, SimulatorSettings

START = 1_800_000_000.0
DAY = 24 * 3600.0


@dataclass
class Clock:
    """Seconds that pass when somebody says so, or sleeps."""

    now: float = START

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


class SimulatorClient:
    """One simulator, its clock, and a client with a key; what most tests need in one hand."""

    def __init__(self, settings: SimulatorSettings) -> None:
        self.clock = Clock()
        self.app: Starlette = create_app(settings, clock=self.clock, sleep=self.clock.sleep)
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url="http://simulator.test",
            headers={"X-Api-Key": "any key"},
        )

    @property
    def sim(self) -> Simulator:
        sim = self.app.state.simulator
        assert isinstance(sim, Simulator)
        return sim

    def close(self) -> None:
        self.sim.close()

    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.client.get(path, **options)

    async def post(
        self, path: str, body: object = None, *, key: str | None = None, **options: Any
    ) -> httpx.Response:
        headers = {"Idempotency-Key": key} if key is not None else {}
        if body is not None:
            options["json"] = body
        return await self.client.post(path, headers=headers, **options)

    async def create(self, key: str | None = None, **fields: Any) -> httpx.Response:
        """Ask for a look from a prompt, unless the fields say otherwise."""
        body = {"type": "prompt", "name": "A look"}
        if fields.get("type", "prompt") == "prompt":
            body["prompt"] = "A navy blazer in an office"
        return await self.post("/v3/avatars", {**body, **fields}, key=key)

    async def made(self, **fields: Any) -> dict[str, Any]:
        """Make a look and return it as the answer showed it."""
        answer = await self.create(**fields)
        assert answer.status_code == 200, answer.text
        item: dict[str, Any] = answer.json()["data"]["avatar_item"]
        return item

    async def finished(self, **fields: Any) -> dict[str, Any]:
        """Make a look, let its time pass, and return it as it then is."""
        item = await self.made(**fields)
        self.wait(60)
        return await self.look(item["id"])

    async def look(self, look_id: str) -> dict[str, Any]:
        answer = await self.get(f"/v3/avatars/looks/{look_id}")
        assert answer.status_code == 200, answer.text
        look: dict[str, Any] = answer.json()["data"]
        return look

    async def upload(self, content: bytes) -> httpx.Response:
        return await self.client.post("/v3/assets", files={"file": ("picture", content)})

    async def asset(self, content: bytes) -> str:
        answer = await self.upload(content)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["data"]["asset_id"])

    async def stats(self) -> dict[str, Any]:
        answer = await httpx.AsyncClient(transport=httpx.ASGITransport(self.app)).get(
            "http://simulator.test/__simulator__/stats"
        )
        figures: dict[str, Any] = answer.json()
        return figures


MakeSimulator = Callable[..., SimulatorClient]


def settings_of(**options: Any) -> SimulatorSettings:
    """Settings for tests: no drawing, two seconds a look, faults as their text."""
    faults = tuple(Fault.parse(text) for text in options.pop("faults", ()))
    latency = Latency.parse(options.pop("latency", "fixed:2"))
    for amount in {"balance", "price"} & set(options):
        options[amount] = Decimal(options[amount])
    behaviour = Behaviour.parse(options.pop("behave", ()))
    fixed = {"pictures": False, "latency": latency, "faults": faults, "behaviour": behaviour}
    return SimulatorSettings(**{**fixed, **options})


def png(width: int = 512, height: int = 512) -> bytes:
    """A PNG of one grey, which is as small as its size allows."""
    rows = (b"\0" + b"\x80" * width) * height
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


def jpeg_header(width: int, height: int) -> bytes:
    """The beginning of a JPEG, as far as its size."""
    comment = b"\xff\xfe\x00\x07note!"
    frame = b"\xff\xc0\x00\x11\x08" + struct.pack(">HH", height, width) + b"\x03" + bytes(9)
    return b"\xff\xd8" + comment + frame


MP4 = b"\x00\x00\x00\x18ftypmp42" + bytes(64)


def error_of(answer: httpx.Response) -> tuple[int, str, str | None]:
    """Status, code and parameter of a refusal."""
    error = answer.json()["error"]
    return answer.status_code, error["code"], error.get("param")
