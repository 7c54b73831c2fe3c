"""The simulator on a port: blocking, or in a thread of the process that uses it."""

import asyncio
import ipaddress
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Self, cast

import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from runner.simulator.app import create_app
from runner.simulator.gate import refused
from runner.simulator.refusals import ApiError
from runner.simulator.settings import SimulatorSettings
from runner.simulator.wire import CLOSE, send_whole

GRACE_SECONDS = 1
"""How long requests under way may take to end when the server is asked to stop."""

WRONG_HOST = ApiError(421, "misdirected_request", "The simulator answers to localhost alone.")

_ENDING = (signal.SIGINT, signal.SIGTERM)


class _ClosableProtocol(H11Protocol):
    """HTTP/1.1 that lets the application close its connection, through an ASGI extension."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as its parent
        super().connection_made(transport)
        inner = self.app

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[CLOSE] = transport.close
            await inner(cast("Any", scope), cast("Any", receive), cast("Any", send))

        self.app = cast("Any", app)


class _Server(uvicorn.Server):
    """A uvicorn server that says when it is ready, and takes SIGINT and SIGTERM as a normal end."""

    on_ready: Callable[[], None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and self.on_ready is not None:
            self.on_ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take the signal as the wish to end; uvicorn would raise it again afterwards."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in _ENDING}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


class _LoopbackNames:
    """An ASGI application that answers only who calls it by a name of this machine.

    A web page whose own name leads to 127.0.0.1 would otherwise read and change the account.
    """

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, as ASGI has it."""
        if scope["type"] == "http":
            hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
            if len(hosts) != 1 or not _is_loopback(_without_port(hosts[0])):
                await send_whole(send, refused(WRONG_HOST), "req_none")
                return
        await self._inner(scope, receive, send)


def _server(settings: SimulatorSettings) -> _Server:
    config = uvicorn.Config(
        cast("Any", _LoopbackNames(create_app(settings))),
        http=_ClosableProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    return _Server(config)


def _listen(port: int) -> socket.socket:
    # The protocol is named because asyncio turns Nagle's delays off only for sockets that name it.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()
    return f"http://{host}:{port}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower().removesuffix(".") == "localhost"


def _without_port(host: str) -> str:
    """Return the name in a Host header, an IPv6 address without its brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def serve(
    settings: SimulatorSettings, port: int, *, ready: Callable[[str], None] | None = None
) -> str:
    """Serve this machine alone until SIGINT or SIGTERM, and return the URL that was served.

    Port 0 takes any free one; ``ready`` is called with the URL once requests are accepted.
    OSError when the port is taken; StateError when the state file cannot be used.
    """
    with _listen(port) as listener:
        url = _url(listener)
        server = _server(settings)
        if ready is not None:
            server.on_ready = partial(ready, url)
        asyncio.run(server.serve([listener]))
    return url


class Embedded:
    """A simulator in a thread of this process, on a free loopback port.

    ``with Embedded(settings) as simulator: simulator.url`` serves until the block ends, which takes
    a moment: requests under way are given a second. StateError when the state file cannot be used.
    """

    url: str

    def __init__(self, settings: SimulatorSettings) -> None:
        self._settings = settings
        self._thread: threading.Thread | None = None
        self._server: _Server | None = None

    def __enter__(self) -> Self:
        listener = _listen(0)
        try:
            server = _server(self._settings)
        except BaseException:
            listener.close()
            raise
        up = threading.Event()
        server.on_ready = up.set

        def run() -> None:
            try:
                asyncio.run(server.serve([listener]))
            finally:
                up.set()

        self.url = _url(listener)
        self._server = server
        self._thread = threading.Thread(target=run, name="lookbook-simulator", daemon=True)
        self._thread.start()
        up.wait()
        if not server.started:
            raise RuntimeError("the embedded simulator did not start")
        return self

    def __exit__(self, *_why: object) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(timeout=5)
