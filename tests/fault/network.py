"""The network between runner and simulator: slow, lossy, and no respecter of order.

What was sent is on its way whatever becomes of the sender: a request whose sender gave up, or was
killed, still arrives. The simulator is asked through ASGI, in this very process.
"""

import asyncio
import json
from collections.abc import AsyncIterator, MutableMapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from tests.fault.environment import Environment

__all__ = ["NETWORK_KINDS", "Delivery", "Network"]

NETWORK_KINDS = (
    "refuse",  # no connection
    "connect-timeout",  # no connection, after a while
    "vanish",  # never arrives; nothing comes back
    "late",  # arrives after its sender gave up waiting
    "slow-answer",  # takes most of the sender's patience
    "reset",  # done, then the connection is reset
    "cut",  # done, the body ends early
    "gateway",  # an intermediary answers 502; nothing arrived
    "gateway-after",  # done, an intermediary answers 504
)


@dataclass(slots=True, eq=False)
class Delivery:
    """A request on the wire: when it arrives, and who waits for the answer."""

    due: float
    request: httpx.Request
    body: bytes
    answer: "asyncio.Future[Served] | None"
    judge: Any = None


@dataclass(frozen=True, slots=True)
class Served:
    """What the server sent back. ``broken``: it closed the connection in the middle."""

    status: int = 0
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""
    broken: bool = False


class Network(httpx.AsyncBaseTransport):
    """The transport of one process of the runner."""

    def __init__(self, environment: "Environment") -> None:
        self._environment = environment

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one request, or lose it as the weather says."""
        environment = self._environment
        body = await request.aread()
        number = environment.about_to_send(request, body)
        environment.process.asks(request)
        stream = environment.chance.of("network", number)
        trouble = environment.trouble(number)
        before = _latency(stream.random())
        if trouble == "refuse":
            raise httpx.ConnectError("connection refused")
        if trouble == "connect-timeout":
            await asyncio.sleep(request.extensions["timeout"]["connect"])
            raise httpx.ConnectTimeout("timed out")
        if trouble == "gateway":
            await asyncio.sleep(before)
            return httpx.Response(502, html="<h1>Bad gateway</h1>")
        if trouble == "vanish":
            await asyncio.sleep(request.extensions["timeout"]["read"])
            raise httpx.ReadTimeout("timed out")
        if trouble == "late":
            before = 60 + 240 * stream.random()
            environment.late[request.headers.get("idempotency-key", "")] += 1
        served = await self._deliver(request, body, before)
        after = _latency(stream.random())
        await asyncio.sleep(60 + after if trouble == "slow-answer" else after)
        environment.about_to_answer(request)
        response = _response(served, trouble)
        if isinstance(response.stream, httpx.ByteStream) and response.status_code == served.status:
            environment.process.was_told(request, served)
        return response

    async def _deliver(self, request: httpx.Request, body: bytes, before: float) -> Served:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Served] = loop.create_future()
        delivery = Delivery(loop.time() + before, request, body, answer)
        self._environment.send_off(delivery)
        try:
            async with asyncio.timeout(request.extensions["timeout"]["read"]):
                return await answer
        except TimeoutError:
            raise httpx.ReadTimeout("timed out") from None


def _latency(drawn: float) -> float:
    """Return seconds for one way: mostly milliseconds, with a heavy tail."""
    return float(min(20.0, 0.02 / (1.0 - drawn) ** 0.9))


def _response(served: Served, trouble: str | None) -> httpx.Response:
    if trouble == "gateway-after":
        return httpx.Response(504, html="<h1>Gateway time-out</h1>")
    if trouble == "reset" or (served.broken and not served.status):
        raise httpx.ReadError("connection reset by peer")
    stream: httpx.AsyncByteStream
    if trouble == "cut" or served.broken:
        stream = _Cut(served.body if served.broken else served.body[: len(served.body) // 2])
    else:
        stream = httpx.ByteStream(served.body)
    return httpx.Response(served.status, headers=list(served.headers), stream=stream)


class _Cut(httpx.AsyncByteStream):
    """A body whose connection closes before its end."""

    def __init__(self, beginning: bytes) -> None:
        self._beginning = beginning

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._beginning
        raise httpx.RemoteProtocolError("peer closed connection without sending complete body")


@dataclass(slots=True)
class _Sent:
    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""


async def serve(app: Any, request: httpx.Request, body: bytes, *, now: float) -> Served:
    """Answer one request with the application, as a server on the same machine would.

    Closing the connection is how the simulator's faults end an exchange: no body, or half of one.
    """
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "scheme": request.url.scheme,
        "path": request.url.path,
        "raw_path": request.url.raw_path.split(b"?")[0],
        "query_string": request.url.query,
        "server": (request.url.host, 443),
        "client": ("127.0.0.1", 1),
        "root_path": "",
    }
    sent = _Sent()
    pieces = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> MutableMapping[str, Any]:
        return pieces.pop() if pieces else {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            sent.status = message["status"]
            sent.headers = list(message["headers"])
        else:
            sent.body += message.get("body", b"")

    broken = False
    try:
        await app(scope, receive, send)
    except httpx.RemoteProtocolError:
        broken = True
    headers = (*sent.headers, (b"date", formatdate(now, usegmt=True).encode()))
    return Served(sent.status, headers, sent.body, broken)


def describe_delivery(served: Served) -> str:
    """Return the error code of an answer, or nothing."""
    try:
        return str(json.loads(served.body)["error"]["code"]).lower()
    except (ValueError, KeyError, TypeError):
        return ""
