"""A server on loopback that says exactly the bytes a test gives it, and keeps what it was sent."""

import socket
import struct
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self


@dataclass(frozen=True)
class Say:
    """What is answered to one request, and what becomes of the connection afterwards."""

    data: bytes
    then: Literal["keep", "close", "reset", "hold"] = "close"


def http(status: int, body: bytes, *headers: str, length: int | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {length or len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Loopback:
    """Answers the first request with the first ``Say``, and so on, whatever the connection."""

    def __init__(self, *script: Say) -> None:
        self._script = list(script)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self.requests: list[bytes] = []
        self.connections = 0

    @property
    def url(self) -> str:
        return "http://{}:{}".format(*self._listener.getsockname())

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(timeout=10)

    def _start(self, work: object, *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)  # type: ignore[arg-type]  # any callable
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                while (request := _request(connection)) is not None:
                    self.requests.append(request)
                    say = self._script.pop(0)
                    connection.sendall(say.data)
                    if say.then == "hold":
                        self._over.wait(timeout=10)
                    if say.then == "reset":
                        linger = struct.pack("ii", 1, 0)
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    if say.then != "keep":
                        return
            except OSError:
                return


def _request(connection: socket.socket) -> bytes | None:
    """Read one request with its body; None where the other side hangs up or speaks no HTTP."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece or not (data or piece[:1].isalpha()):
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        piece = connection.recv(65536)
        if not piece:
            break
        body += piece
    return head + b"\r\n\r\n" + body
