"""The page on a port of this machine, until Ctrl-C."""

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, cast

import uvicorn

from runner.review.app import create_review_app
from runner.review.desk import Desk
from runner.review.guard import Guard
from runner.review.shell import load_shell, shell_policy

HOST = "127.0.0.1"
GRACE_SECONDS = 1
"""How long requests under way may take to end when the server is asked to stop."""


class _PageServer(uvicorn.Server):
    """A server that says when it is ready, and takes Ctrl-C as a normal end."""

    on_ready: Callable[[], None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and self.on_ready is not None:
            self.on_ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take the signal as the wish to end; uvicorn would raise it again afterwards."""
        numbers = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self.handle_exit) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def serve_review(desk: Desk, port: int, ready: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM. Port 0 takes any free one; raises OSError for a taken one.

    ``ready`` is called with the address to open once requests are accepted: whoever has it decides.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(128)
        port = listener.getsockname()[1]
        inner = cast("Any", create_review_app(desk))
        guard = Guard(inner, port=port, shell=load_shell, policy=shell_policy())
        config = uvicorn.Config(
            cast("Any", guard),
            http="h11",
            ws="none",
            lifespan="on",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        server = _PageServer(config)
        server.on_ready = partial(ready, f"http://{HOST}:{port}/#token={guard.token}")
        asyncio.run(server.serve([listener]))
