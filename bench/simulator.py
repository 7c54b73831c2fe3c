"""Measure the simulator against a bare Starlette endpoint: requests a second, memory for a look.

Starts both servers as processes of their own, fills the simulator with 10,000 looks, and then asks
them in turn, so that whatever else the machine does hits both.
"""

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from time import perf_counter

from bench.report import Row

BOUND = 0.5
CONNECTIONS = 8
PROMPT = (
    "Wearing a navy blazer over a white shirt, modern office with plants behind, confident smile, "
    "warm natural light from the left, shallow depth of field"
)


def serve_bare() -> None:
    """Serve one JSON endpoint, as plain as Starlette has it, with an answer the size of a look."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    look: dict[str, object] = {
        "id": "look_y3eg5iml2xucpv2az46lxpi6",
        "name": "Look",
        "avatar_type": "photo_avatar",
        "group_id": "group_lvedabzlhuta4khp44532ajd",
        "status": "completed",
        "error": None,
        "preview_image_url": "http://127.0.0.1:34551/files/looks/look_y3eg5iml2xucpv2az46lxpi6"
        "?expires=1795988043&signature=f2c0cd7317544bd31367eeda8f712f",
        "preview_video_url": None,
        "image_width": 768,
        "image_height": 1024,
        "preferred_orientation": "portrait",
        "gender": "female",
        "default_voice_id": None,
        "supported_api_engines": [],
        "tags": [],
    }

    async def endpoint(_: Request) -> JSONResponse:
        return JSONResponse({"data": look})

    app = Starlette(routes=[Route("/v3/avatars/looks/{look_id}", endpoint)])

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            port = self.servers[0].sockets[0].getsockname()[1]
            print(f"http://127.0.0.1:{port}", flush=True)

    config = uvicorn.Config(app, port=0, http="h11", log_config=None, access_log=False)
    Server(config).run()


def serve_ours() -> None:
    """Serve the simulator, as ``lookbook simulator --pictures off`` does."""
    from runner.simulator.server import serve
    from runner.simulator.settings import Latency, SimulatorSettings

    settings = SimulatorSettings(
        pictures=False, latency=Latency.parse("fixed:0"), concurrency=1_000_000
    )
    serve(settings, 0, ready=lambda url: print(url, flush=True))


class Server:
    """One of the two servers in a process of its own."""

    def __init__(self, kind: str) -> None:
        command = [sys.executable, "-m", "bench.simulator", kind]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline().rsplit(":", 1)[1])

    def resident(self) -> int:
        """Memory in use, in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) * 1024

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


class Connection(asyncio.Protocol):
    """One kept-alive connection that sends the next request as soon as it has the last answer."""

    def __init__(self, requests: Iterator[bytes], seen: Callable[[bytes], None]) -> None:
        self.requests, self.seen = requests, seen
        self.buffer = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.send()

    def send(self) -> None:
        request = next(self.requests, None)
        if request is None:
            self.transport.close()
            self.done.set_result(None)
        else:
            self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, rest = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(rest) >= length:
            if not head.startswith(b"HTTP/1.1 200"):
                self.done.set_exception(RuntimeError(self.buffer.decode()))
                return
            self.buffer = b""
            self.seen(rest)
            self.send()


async def load(port: int, requests: Iterator[bytes], seen: Callable[[bytes], None]) -> None:
    loop = asyncio.get_running_loop()

    async def one() -> None:
        _, protocol = await loop.create_connection(
            lambda: Connection(requests, seen), "127.0.0.1", port
        )
        await protocol.done

    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))


def rate(port: int, requests: list[bytes]) -> float:
    """Requests a second."""
    begun = perf_counter()
    asyncio.run(load(port, iter(requests), lambda _: None))
    return len(requests) / (perf_counter() - begun)


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Api-Key: bench\r\n\r\n".encode()


def post(index: int) -> bytes:
    body = json.dumps({"type": "prompt", "name": f"Look {index}", "prompt": PROMPT}).encode()
    head = (
        "POST /v3/avatars HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Api-Key: bench\r\n"
        f"Idempotency-Key: bench-{index}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def measure(*, quick: bool) -> list[Row]:
    """Measure how the simulator keeps up with a bare endpoint, and what a look takes of memory."""
    ours, bare = Server("ours"), Server("bare")
    try:
        return compare(ours, bare, *((1_000, 300, 5) if quick else (10_000, 1_000, 15)))
    finally:
        ours.stop()
        bare.stop()


def compare(ours: Server, bare: Server, looks: int, requests: int, rounds: int) -> list[Row]:
    """Fill the simulator with looks, then ask both servers by turns."""
    ids: list[str] = []

    def remember(body: bytes) -> None:
        ids.append(json.loads(body)["data"]["avatar_item"]["id"])

    rate(ours.port, [get("/v3/users/me")] * 500)
    before, begun = ours.resident(), perf_counter()
    asyncio.run(load(ours.port, (post(index) for index in range(looks)), remember))
    created = looks / (perf_counter() - begun)
    each = (ours.resident() - before) / looks
    step = max(1, looks // requests)
    one = [get(f"/v3/avatars/looks/{look}") for look in (ids * requests)[::step][:requests]]
    plain = [get("/v3/avatars/looks/any")] * requests
    ratios = [rate(ours.port, one) / rate(bare.port, plain) for _ in range(rounds)]
    return [
        Row(
            "simulator: a look read, against a bare Starlette endpoint",
            median(ratios),
            goal=BOUND,
            better="higher",
            detail=f"median of {rounds}; {looks:,} looks, created at {created:,.0f}/s",
        ),
        Row("simulator: memory for a look", each / 1024, unit="KiB"),
    ]


if __name__ == "__main__":
    {"bare": serve_bare, "ours": serve_ours}[sys.argv[1]]()
