"""HTTP as money sees it: a request was answered whole, or provably never left, or it is lost.

httpx's errors are sorted by one question, whether a byte of the request can have left::

    never left (NotSent)    ConnectError, ConnectTimeout, PoolTimeout, ProxyError,
                            UnsupportedProtocol, InvalidURL; no place at the gate in time
    everything else (Lost)  reads, writes, protocol errors, time-outs, broken bodies, a deadline

httpcore raises the first kind only from connecting, TLS and the proxy's CONNECT, all of which come
before the request's first byte. A kept-alive connection that the server closed meanwhile shows as
a read or protocol error: it may have been closed after the request was taken, so it is lost.
"""

import zlib
from collections.abc import Callable
from typing import cast

import anyio
import httpx

from runner.heygen.envelope import Received
from runner.replies import Lost, NotSent

NOT_SENT_ERRORS: tuple[type[Exception], ...] = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)
"""What httpx raises before the first byte of a request; a test knows every other class of it."""

PROXY_REFUSED = "the proxy did not pass it on"

_IN_WORDS: dict[type[Exception], str] = {
    httpx.ConnectTimeout: "no connection in time",
    httpx.PoolTimeout: "no free connection in time",
    httpx.TimeoutException: "no answer in time",
    httpx.ProxyError: PROXY_REFUSED,
    httpx.ConnectError: "no connection",
    httpx.NetworkError: "the connection broke",
    httpx.LocalProtocolError: "the request cannot be written",
    httpx.ProtocolError: "the connection ended before a whole answer",
    httpx.DecodingError: "the answer cannot be decoded",
    httpx.InvalidURL: "not an address",
    httpx.UnsupportedProtocol: "not an address",
}
"""What httpx's errors mean to people; the first that fits, so narrow classes come first."""


class Connection:
    """Sends each request once, through a gate and a deadline, and reads a bounded answer.

    The gate bounds the requests under way, apart from the jobs under way. A request at the gate
    takes a lane, a client with a connection of its own, because a shared pool goes through all its
    connections for every request; the lane that was used last is the warmest.
    """

    def __init__(
        self,
        open_lane: Callable[[], httpx.AsyncClient],
        gate: anyio.CapacityLimiter,
        *,
        largest: int,
    ) -> None:
        self._open_lane = open_lane
        self._gate = gate
        self._largest = largest
        self._lanes = [open_lane()]
        self._free = list(self._lanes)

    async def aclose(self) -> None:
        """Close every lane."""
        for lane in self._lanes:
            await lane.aclose()

    async def send(
        self, build: Callable[[httpx.AsyncClient], httpx.Request], *, seconds: float
    ) -> Received | NotSent | Lost:
        """Build a request and send it once; its answer is waited for so many seconds in all.

        Raises nothing but cancellation: whatever the transport throws is an outcome here.
        """
        left = False
        with anyio.move_on_after(seconds):
            async with self._gate:
                lane = self._lane()
                left = True
                try:
                    return await self._exchange(lane, build(lane))
                except NOT_SENT_ERRORS as error:
                    return NotSent(explain_http_error(error))
                except Exception as error:  # noqa: BLE001  # TLS errors escape httpx's tree
                    return Lost(explain_http_error(error))
                finally:
                    self._free.append(lane)
        reason = f"no answer within {seconds:g} s"
        return Lost(reason) if left else NotSent(f"{reason}: too many requests under way")

    def _lane(self) -> httpx.AsyncClient:
        if self._free:
            return self._free.pop()
        self._lanes.append(self._open_lane())
        return self._lanes[-1]

    async def _exchange(self, lane: httpx.AsyncClient, request: httpx.Request) -> Received | Lost:
        response = await lane.send(request, stream=True)
        status = response.status_code
        try:
            return Received(status, response.headers, await _read(response, self._largest))
        except _Unreadable as trouble:
            return Lost(f"HTTP {status}, but {trouble}", status)
        except Exception as error:  # noqa: BLE001  # whatever breaks a body leaves it unknown
            return Lost(f"HTTP {status}, then {explain_http_error(error)}", status)
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
    return _decompress(bytes(body), response.headers.get("content-encoding", ""), largest)


def _decompress(body: bytes, encoding: str, largest: int) -> bytes:
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
    if unzip.unused_data:
        raise _Unreadable("its compressed body goes on after its end")
    return data


def explain_http_error(error: Exception) -> str:
    """Return what went wrong in words for people, with the system's own words where it has any."""
    said = str(error).strip()
    found = next((words for kind, words in _IN_WORDS.items() if isinstance(error, kind)), None)
    words = found or type(error).__name__
    return f"{words}: {said}" if said else words
