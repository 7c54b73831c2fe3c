"""An account behind what companies have: a certificate of their own, and a SOCKS proxy."""

import asyncio
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

import uvicorn

from runner.simulator.app import create_app
from runner.simulator.settings import SimulatorSettings

__all__ = ["HOST", "SocksProxy", "make_certificates", "serve_secure"]

HOST = "api.company.example"
"""A name that only the proxy knows."""


def make_certificates(folder: Path) -> tuple[Path, Path, Path] | None:
    """Return the files of a private authority, and of a certificate of its for ``HOST`` with key.

    None where there is no openssl.
    """
    tool = shutil.which("openssl")
    if tool is None:
        return None
    authority, certificate, key = folder / "ca.pem", folder / "host.pem", folder / "host.key"
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    signed = ("-CA", authority, "-CAkey", "ca.key", "-CAcreateserial")
    (folder / "host.cnf").write_text(f"subjectAltName=DNS:{HOST}\nauthorityKeyIdentifier=keyid\n")
    for arguments in (
        ("req", "-x509", *curve, "-keyout", "ca.key", "-out", authority, "-subj", "/CN=Company"),
        ("req", *curve, "-keyout", key, "-out", "host.csr", "-subj", f"/CN={HOST}"),
        ("x509", "-req", "-in", "host.csr", *signed, "-extfile", "host.cnf", "-out", certificate),
    ):
        subprocess.run([tool, *arguments], cwd=folder, check=True, capture_output=True)
    return authority, certificate, key


@contextmanager
def serve_secure(settings: SimulatorSettings, certificate: Path, key: Path) -> Iterator[int]:
    """Serve the simulator over https in a thread; yield its port on this machine."""
    config = uvicorn.Config(
        create_app(settings),
        ssl_certfile=certificate,
        ssl_keyfile=str(key),
        ws="none",
        log_config=None,
        lifespan="on",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])), daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join(timeout=10)


class SocksProxy:
    """A SOCKS5 proxy with a password (RFC 1928, RFC 1929) that leads every name to one port.

    ``asked`` are the names and ports that it was asked for.
    """

    def __init__(self, leads_to: int, user: str, password: str) -> None:
        self.asked: list[tuple[str, int]] = []
        self._leads_to = leads_to
        self._secret = (user.encode(), password.encode())
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"socks5://{user}:{password}@127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._handle, args=(client,), daemon=True).start()

    def _handle(self, client: socket.socket) -> None:
        with client, suppress(OSError), client.makefile("rb", buffering=0) as file:

            def read(count: int) -> bytes:
                data = b""
                while len(data) < count:
                    if not (more := file.read(count - len(data))):
                        raise OSError("the client has gone")
                    data += more
                return data

            def text() -> bytes:
                return read(read(1)[0])

            version, methods = read(1)[0], text()
            if version != 5 or 2 not in methods:
                client.sendall(b"\x05\xff")
                return
            client.sendall(b"\x05\x02")
            good = read(1) == b"\x01" and (text(), text()) == self._secret
            client.sendall(b"\x01" + (b"\x00" if good else b"\x01"))
            if not good or read(4) != b"\x05\x01\x00\x03":  # CONNECT, by name
                return
            self.asked.append((text().decode(), int.from_bytes(read(2))))
            with socket.create_connection(("127.0.0.1", self._leads_to)) as there:
                client.sendall(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
                back = threading.Thread(target=_pump, args=(there, client), daemon=True)
                back.start()
                _pump(client, there)
                back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
