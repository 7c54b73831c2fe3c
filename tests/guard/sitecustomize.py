"""Refuses every connection beyond loopback.

Python loads a ``sitecustomize`` by itself: the processes that tests start find this one on their
PYTHONPATH. The test process loads the same file (``tests/conftest.py``).
"""

import ipaddress
import socket
from typing import Any

_connect = socket.socket.connect
_connect_ex = socket.socket.connect_ex
_getaddrinfo = socket.getaddrinfo


class NetworkForbidden(RuntimeError):
    """A test tried to leave this machine."""


def _check(host: Any, doing: str) -> None:
    if host in (None, "", b"", "localhost", b"localhost"):
        return
    try:
        if ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host).is_loopback:
            return
    except ValueError:
        pass
    raise NetworkForbidden(f"a test tried to {doing} {host}")


def _guarded_connect(self: socket.socket, address: Any) -> None:
    if isinstance(address, tuple):
        _check(address[0], "connect to")
    _connect(self, address)


def _guarded_connect_ex(self: socket.socket, address: Any) -> int:
    if isinstance(address, tuple):
        _check(address[0], "connect to")
    return _connect_ex(self, address)


def _guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
    _check(host, "look up")
    return _getaddrinfo(host, *args, **kwargs)


socket.socket.connect = _guarded_connect  # type: ignore[method-assign, assignment]
socket.socket.connect_ex = _guarded_connect_ex  # type: ignore[method-assign, assignment]
socket.getaddrinfo = _guarded_getaddrinfo
