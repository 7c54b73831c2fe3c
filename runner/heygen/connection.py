"""HTTP as money sees it: a request was answered whole, or provably never left, or it is lost.

httpx's errors are sorted by one question, whether a byte of the request can have left::

    never left (NotSent)    ConnectError, ConnectTimeout, PoolTimeout, ProxyError,
                            UnsupportedProtocol, InvalidURL; no place at the gate in time
    everything else (Lost)  reads, writes, protocol errors, time-outs, broken bodies, a deadline

httpcore raises the first kind only from connecting, TLS and the proxy's CONNECT, all of which come
before the request's first byte. A kept-alive connection that the server closed meanwhile shows as
a read or protocol error: it may have been closed after the request was taken, so it is lost.
"""

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import cast

import anyio
import httpx

from runner import __version__
from runner.answers import Lost, NotSent
from runner.errors import UsageError
from runner.heygen.envelope import Received

__all__ = ["NEVER_LEFT", "Connection", "Timeouts", "explain", "open_client"]

NEVER_LEFT: tuple[type[Exception], ...] = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)
"""What httpx raises before the first byte of a request; a test knows every other class of it."""

_IDLE_SECONDS = 4.0
"""How long an idle connection is kept: less than the 5 s after which common servers close one."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Bounds in seconds: to connect, between two bytes, for a request in all, for an upload in all.

    ``read`` is generous because ``POST /v3/avatars`` may first fetch an input URL (504 is the API's
    own answer when that takes too long), and an answer that we stop waiting for is a lost one.
    """

    connect: float = 15.0
    read: float = 90.0
    write: float = 60.0
    total: float = 150.0
    upload: float = 900.0


class Connection:
    """Sends one request at a time through a gate and a deadline, and reads a bounded answer.

    The gate bounds the requests under way, apart from the jobs under way: httpx's pool goes through
    its idle connections for every request, so that a wide pool is a slow one.
    """

    def __init__(
        self, client: httpx.AsyncClient, gate: anyio.CapacityLimiter, *, largest: int
    ) -> None:
        self._client = client
        self._gate = gate
        self._largest = largest

    async def send(
        self, build: Callable[[httpx.AsyncClient], httpx.Request], *, seconds: float
    ) -> Received | NotSent | Lost:
        """Build a request and send it once; its answer is waited for so many seconds in all.

        Raises nothing but cancellation: whatever the transport throws is an outcome here.
        """
        left = False
        with anyio.move_on_after(seconds):
            async with self._gate:
                left = True
                try:
                    return await self._exchange(build(self._client))
                except NEVER_LEFT as error:
                    return NotSent(explain(error))
                except Exception as error:  # noqa: BLE001  # TLS errors escape httpx's tree
                    return Lost(explain(error))
        reason = f"no answer within {seconds:g} s"
        return Lost(reason) if left else NotSent(f"{reason}: too many requests under way")

    async def _exchange(self, request: httpx.Request) -> Received | Lost:
        response = await self._client.send(request, stream=True)
        status = response.status_code
        try:
            return Received(status, response.headers, await _read(response, self._largest))
        except _Unreadable as trouble:
            return Lost(f"HTTP {status}, but {trouble}", status)
        except Exception as error:  # noqa: BLE001  # whatever breaks a body leaves it unknown
            return Lost(f"HTTP {status}, then {explain(error)}", status)
        finally:
            await response.aclose()


class _Unreadable(Exception):
    """A body that is too large, or not as long as it said."""


async def _read(response: httpx.Response, largest: int) -> bytes:
    declared = response.headers.get("content-length", "")
    expected = int(declared) if declared.isascii() and declared.isdigit() else None
    if expected is not None and expected > largest:
        raise _Unreadable(f"its body of {expected} bytes is too large")
    body = bytearray()
    # Not by httpx's iterators: they unfold a compressed body without a bound and do not miss its
    # end, and will not give an answer that a handed-in transport made from bytes.
    async for chunk in cast("httpx.AsyncByteStream", response.stream):
        body += chunk
        if len(body) > largest:
            raise _Unreadable(f"its body is larger than {largest} bytes")
    # h11 checks this for real connections; transports that are handed in may not.
    if expected not in (None, len(body)):
        raise _Unreadable(f"its body ended after {len(body)} of {expected} bytes")
    return _unfolded(bytes(body), response.headers.get("content-encoding", ""), largest)


def _unfolded(body: bytes, encoding: str, largest: int) -> bytes:
    """Undo gzip, the one encoding that is asked for, whole and within the bound."""
    if encoding.strip().lower() in ("", "identity"):
        return body
    if encoding.strip().lower() not in ("gzip", "x-gzip"):
        raise _Unreadable(f"its encoding {encoding!r} was not asked for")
    unzip = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        data = unzip.decompress(body, largest + 1)
    except zlib.error as error:
        raise _Unreadable(f"it cannot be decoded: {error}") from None
    if len(data) > largest:
        raise _Unreadable(f"its body is larger than {largest} bytes")
    if not unzip.eof:
        raise _Unreadable("its compressed body ended too early")
    return data


def explain(error: Exception) -> str:
    """Say what went wrong in words for people; httpx's time-outs have a class and no message."""
    name = type(error).__name__
    text = str(error).strip()
    return f"{name}: {text}" if text else name


def open_client(
    timeouts: Timeouts, *, transport: httpx.AsyncBaseTransport | None, gate: anyio.CapacityLimiter
) -> httpx.AsyncClient:
    """Make a client that follows no redirect, repeats nothing, keeps no cookie and holds no key.

    Its pool is as wide as the gate, so that nothing ever waits inside the pool.

    Proxies and certificates come from the usual variables (``HTTPS_PROXY``, ``NO_PROXY``,
    ``SSL_CERT_FILE``), which httpx reads; plain http never goes through a proxy, because the proxy
    could read it. Raises UsageError where these variables cannot be used.
    """
    connections = None if math.isinf(gate.total_tokens) else int(gate.total_tokens)
    try:
        return httpx.AsyncClient(
            transport=transport,
            mounts=None if transport else {"http://": None},
            follow_redirects=False,
            cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=())),
            headers={"User-Agent": f"lookbook/{__version__}", "Accept-Encoding": "gzip"},
            timeout=httpx.Timeout(
                connect=timeouts.connect,
                read=timeouts.read,
                write=timeouts.write,
                pool=timeouts.total,
            ),
            limits=httpx.Limits(
                max_connections=connections,
                max_keepalive_connections=connections,
                keepalive_expiry=_IDLE_SECONDS,
            ),
        )
    except (ValueError, ImportError, OSError, httpx.InvalidURL) as error:
        raise UsageError(
            f"The network settings cannot be used: {error}",
            hint="Look at HTTPS_PROXY, ALL_PROXY, NO_PROXY, SSL_CERT_FILE and SSL_CERT_DIR.",
        ) from None
