"""Any bytes as what the API says: an answer, a refusal or lost, and never more than was said.

The first byte chooses the call and how the rest is heard: as the bytes of a connection, read by the
real HTTP library, or as status, headers and body that arrived whole. What is decided about money is
checked against the table of ``docs/money.md``, which is written down here a second time.
"""

import gzip
import json
import math
import ssl
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any, cast

import anyio
import httpcore
import httpx

from runner.canonical import sha256_hex
from runner.heygen import wire
from runner.heygen.address import path_segment
from runner.heygen.client import HeyGen
from runner.heygen.credentials import Credentials
from runner.heygen.envelope import Received, data_of, read_reply
from runner.model import FileImage
from runner.policy.decisions import Purchase, decide_free, decide_purchase
from runner.policy.rate_limit import RateLimiter
from runner.replies import Answer, CreatedData, ListPage, LookData, NotSent, Refusal, Reply
from tests.fuzz.target import Broken, Target, demand, folder, written

KEY = "sk_fuzz_0123456789"
NOW = 1_700_000_000.0
BASE = "http://127.0.0.1:1"

NEVER_DECISIVE = {408, 425, 499}
DECISIVE_ALONE = {401, 403, 404, 405, 413}
"""Refusals of a first send by what they prove: within the API's envelope, and without."""

NOTHING_BOUGHT = {
    Purchase.REFUSED,
    Purchase.PACED,
    Purchase.UNREACHED,
    Purchase.PERSON,
    Purchase.ACCOUNT,
    Purchase.FORBIDDEN,
    Purchase.LATER,
}

Call = Callable[[HeyGen], Awaitable[Reply[Any]]]


def run(data: bytes) -> None:
    """Write it to one call, and judge what the client makes of it."""
    if not data:
        return
    how, which = divmod(data[0], 16)
    said = data[1:]
    if how % 2:
        whole(said)
    else:
        name = list(CALLS)[which % len(CALLS)]
        wired(name, folded(said) if how % 4 else said)


# --- an answer that arrived whole -----------------------------------------------------------------


def whole(said: bytes) -> None:
    """Parse it as status, headers and body, in every way that the client has."""
    received = parsed(said)
    for name, read in READERS.items():
        reply = read_reply(received, read, lambda: NOW)
        judged(reply, received, costs=name == "created")
        if isinstance(reply, Answer) and isinstance(reply.data, ListPage):
            envelope = json.loads(received.body)
            ends = envelope.get("has_more") is False or not envelope.get("next_token")
            demand(reply.data.next_token or ends, "a list that goes on is never read as its end")


def parsed(said: bytes) -> Received:
    head, _, body = said.partition(b"\n\n")
    first, *lines = head.split(b"\n")
    headers = (line.decode("latin-1").partition(":") for line in lines)
    named = {name.strip().lower(): value.strip() for name, colon, value in headers if colon}
    digits = first.strip()[:3]
    return Received(int(digits) if digits.isdigit() else 200, named, body)


READERS: dict[str, Callable[[dict[Any, Any]], Any]] = {
    "created": data_of(wire.read_created),
    "look": data_of(wire.read_look),
    "group": data_of(wire.read_group),
    "asset": data_of(wire.read_asset),
    "consent": data_of(wire.read_consent),
    "deleted": data_of(wire.read_deleted),
    "user": data_of(wire.read_user),
    "looks": wire.read_page_of(wire.read_look),
    "groups": wire.read_page_of(wire.read_group),
}


# --- the bytes of a connection --------------------------------------------------------------------


def wired(name: str, said: bytes) -> None:
    """Parse it as what a connection gives until it closes."""
    heard: list[Received] = []
    reply = anyio.run(partial(called, CALLS[name], said, heard))
    demand(not isinstance(reply, NotSent), "what has left is never called not sent")
    if heard and heard[-1].status == getattr(reply, "status", heard[-1].status):
        judged(reply, heard[-1], costs=name == "create")
    else:
        judged(reply, None, costs=name == "create")
    secret(reply)


async def called(call: Call, said: bytes, heard: list[Received]) -> Reply[Any]:
    credentials = Credentials(KEY, "the fuzzer")
    async with HeyGen(credentials, BASE, transport=Wire(said, heard), now=lambda: NOW) as api:
        return await call(api)


class Wire(httpx.AsyncBaseTransport):
    """The real HTTP library on connections that all say the same; keeps what it understood.

    A connection takes one request, so that nothing that was left over answers the next.
    """

    def __init__(self, said: bytes, heard: list[Received]) -> None:
        self.said = said
        self.heard = heard

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        pieces = [self.said[start : start + 512] for start in range(0, len(self.said), 512)]
        trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # nobody's certificates: quickly made
        transport = httpx.AsyncHTTPTransport(verify=trusting)
        transport._pool = httpcore.AsyncConnectionPool(
            ssl_context=trusting, network_backend=httpcore.AsyncMockBackend(pieces)
        )
        response = await transport.handle_async_request(request)
        response.stream = Recorded(response, transport, self.heard)
        return response


class Recorded(httpx.AsyncByteStream):
    """A body on its way; what arrived whole is kept, unfolded by other code than the client's."""

    def __init__(
        self, response: httpx.Response, transport: httpx.AsyncBaseTransport, heard: list[Received]
    ) -> None:
        self.response = response
        self.stream = response.stream
        self.transport = transport
        self.heard = heard

    async def __aiter__(self) -> AsyncIterator[bytes]:
        body = bytearray()
        async for piece in cast("httpx.AsyncByteStream", self.stream):
            body += piece
            yield piece
        content = unfolded(bytes(body), self.response.headers.get("content-encoding", ""))
        if content is not None:
            self.heard.append(Received(self.response.status_code, self.response.headers, content))

    async def aclose(self) -> None:
        await cast("httpx.AsyncByteStream", self.stream).aclose()
        await self.transport.aclose()


def unfolded(body: bytes, encoding: str) -> bytes | None:
    if encoding.strip().lower() not in ("gzip", "x-gzip"):
        return body
    try:
        return gzip.decompress(body)
    except (OSError, EOFError, zlib.error):
        return None


def folded(said: bytes) -> bytes:
    """Compress the body, as a server does that was told that it may."""
    head, gap, body = said.partition(b"\r\n\r\n")
    return head + b"\r\nContent-Encoding: gzip" + gap + gzip.compress(body, mtime=0)


def picture() -> FileImage:
    path, content = folder() / "picture.png", b"p" * 64
    if not path.exists():
        path.write_bytes(content)
    return FileImage(path, path.name, sha256_hex(content), "image/png", len(content), 1, 1)


CALLS: dict[str, Call] = {
    "create": lambda api: api.create_avatar(b"{}", "key-1"),
    "me": lambda api: api.me(),
    "look": lambda api: api.look("look_1"),
    "looks": lambda api: api.looks(group_id="group_1", token="token_1"),
    "rename": lambda api: api.rename("look_1", "Sarah"),
    "delete": lambda api: api.delete_look("look_1"),
    "group": lambda api: api.group("group_1"),
    "groups": lambda api: api.groups(),
    "consent": lambda api: api.consent("group_1", "key-1"),
    "upload": lambda api: api.upload(picture(), "key-1"),
}


# --- what may follow ------------------------------------------------------------------------------


def judged(reply: Reply[Any], received: Received | None, *, costs: bool) -> None:
    """Check a reply against what was received; None where nothing was received whole."""
    written(repr(reply), "a reply")
    if isinstance(reply, Answer):
        if received is None:
            raise Broken("an answer to nothing that was received whole")
        demand(200 <= received.status < 300, "only a 2xx is an answer")
        demand(isinstance(json.loads(received.body), dict), "an answer was a JSON object")
        usable(reply.data)
    elif isinstance(reply, Refusal):
        demand(received is None or received.status == reply.status, "a refusal keeps its status")
        error = reply.enveloped and 200 <= reply.status < 300
        demand(error or reply.status >= 400, "a refusal is a 4xx, a 5xx, or a 2xx with an error")
        demand(reply.code and reply.message, "a refusal has a code and words")
        paced(reply)
    decide_free(reply)
    if costs:
        bought(reply, received)


def secret(reply: Reply[Any]) -> None:
    """The key is in no words that are shown or kept; ids and links stay as they are."""
    words: list[Any] = [reply]
    if isinstance(reply, Answer):
        items = reply.data.items if isinstance(reply.data, ListPage) else [reply.data]
        looks = [item.look if isinstance(item, CreatedData) else item for item in items]
        words = [reply.request_id]
        for look in looks:
            words += [getattr(look, "error_code", None), getattr(look, "error_message", None)]
    demand(KEY not in repr(words), "the key is in no words for people")


def bought(reply: Reply[Any], received: Received | None) -> None:
    """The money's table: what a first send and a replay may conclude."""
    first, replay = decide_purchase(reply, replay=False), decide_purchase(reply, replay=True)
    success = received is not None and well_formed(received)
    for decision in (first, replay):
        demand((decision is Purchase.BOUGHT) <= success, "only a well-formed success says accepted")
    decisive = isinstance(reply, Refusal) and (
        reply.status in DECISIVE_ALONE
        or (reply.enveloped and 400 <= reply.status < 500 and reply.status not in NEVER_DECISIVE)
    )
    demand((first in NOTHING_BOUGHT) <= decisive, "only a decisive refusal says nothing happened")
    demand(first is not Purchase.UNREACHED, "what has left was reached")
    demand(replay not in NOTHING_BOUGHT, "no refusal of a replay says nothing happened")


def well_formed(received: Received) -> bool:
    """Return whether it is the documented answer to ``POST /v3/avatars``, with the look's id.

    Where the group is not said, the look is paid for all the same, and shows it later.
    """
    if not 200 <= received.status < 300:
        return False
    try:
        data = json.loads(received.body)["data"]
        made = data["avatar_item"]["id"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return False
    return isinstance(made, str) and bool(made.strip())


def usable(data: Any) -> None:
    """Assert that what was read can be asked for, kept and shown."""
    if isinstance(data, ListPage):
        for item in data.items:
            usable(item)
    if isinstance(data, CreatedData):
        usable(data.look)
        usable(data.group)
    for name in ("id", "group_id", "asset_id"):
        found = getattr(data, name, None)
        if found is not None:
            segment = path_segment(found)
            safe = segment.isascii() and not set(segment) & set("/?#\\ ") and segment.strip(".")
            demand(safe, "an id names one resource")
    if isinstance(data, LookData):
        demand(not data.usable or data.preview_image_url, "a usable look has a picture")
    balance = getattr(data, "balance", None)
    if balance is not None:
        demand(balance.is_finite(), "a balance is an amount")
        demand(len(f"{balance:,.2f}") < 60, "a balance can be printed")


def paced(refusal: Refusal) -> None:
    """A pause that a server asks for is a number of seconds that a clock can wait."""
    pause = refusal.retry_after
    demand(pause is None or (math.isfinite(pause) and pause >= 0), "a pause is a number")
    rate_limiter = RateLimiter(10)
    rate_limiter.refused(NOW, pause, in_progress=1)
    wait = rate_limiter.wait(NOW, sending=0, in_progress=0)
    demand(wait is not None and math.isfinite(wait) and wait > 0, "a pause ends")


# --- where a search starts ------------------------------------------------------------------------

LOOK: dict[str, Any] = {
    "id": "look_1", "name": "Sarah", "avatar_type": "photo_avatar", "group_id": "group_1",
    "status": "completed", "error": None, "preview_image_url": "https://e.com/a.png?sig=1",
    "image_width": 1024, "image_height": 1024, "tags": [],
}  # fmt: skip
GROUP = {"id": "group_1", "name": "Sarah", "created_at": 1_700_000_000, "looks_count": 1}
FAILED = {**LOOK, "status": "failed", "error": {"code": "MODERATION", "message": "no"}}
USER = {
    "username": "sarah",
    "billing_type": "wallet",
    "wallet": {"currency": "usd", "remaining_balance": 12.5},
}

SUCCESSES: dict[str, Any] = {
    "create": {"data": {"avatar_item": LOOK, "avatar_group": GROUP}},
    "me": {"data": USER},
    "look": {"data": LOOK},
    "looks": {"data": [LOOK, FAILED], "has_more": True, "next_token": "token_2"},
    "rename": {"data": FAILED},
    "delete": {"data": {"id": "look_1"}},
    "group": {"data": GROUP},
    "groups": {"data": [GROUP], "has_more": False, "next_token": None},
    "consent": {"data": {"url": "https://e.com/consent", "avatar_group": GROUP}},
    "upload": {"data": {"asset_id": "asset_1", "mime_type": "image/png", "size_bytes": 10}},
}
REFUSALS = [
    (400, "invalid_parameter", ""),
    (402, "insufficient_credit", ""),
    (404, "AVATAR_NOT_FOUND", ""),
    (409, "request_in_progress", "Retry-After: 5"),
    (429, "rate_limit_exceeded", "Retry-After: Tue, 14 Nov 2023 22:14:20 GMT"),
    (503, "unavailable", "Retry-After: 1.5"),
]

WORDS = (
    *("HTTP/1.1 200 OK\r\n", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.0 ", "\r\n\r\n", "\n\n"),
    *("HTTP/1.1 429 Too Many\r\n", "HTTP/1.1 204 \r\n", "HTTP/1.1 302 \r\n", "HTTP/1.1 500 \r\n"),
    *("Content-Length: ", "Transfer-Encoding: chunked\r\n", "Content-Encoding: gzip\r\n", "0\r\n"),
    *("Retry-After: ", "Date: ", "X-Request-Id: ", "Location: ", "Connection: close\r\n"),
    *("Tue, 14 Nov 2023 22:13:20 GMT", "Sun Nov  6 08:49:37 1994", " +2400", " -0000", "9999"),
    *('"data"', '"error"', '"avatar_item"', '"avatar_group"', '"id"', '"group_id"', '"name"'),
    *('"status"', '"completed"', '"preview_image_url"', '"has_more"', '"next_token"', '"code"'),
    *('"message"', '"param"', '"username"', '"wallet"', '"remaining_balance"', '"currency"'),
    *('"asset_id"', '"url"', '"created_at"', '"looks_count"'),
    *("null", "true", "false", "{}", "[]", "NaN", "Infinity", "1e400", '"1e99999"', "-1", "1e308"),
    *("\\ud800", "\\u0000", "\\u202e", "\\u00a0", '".."', '"/"', KEY, "\ufeff", "[[[[[[[[", "\x85"),
)


def seeds() -> list[bytes]:
    """Each call's success as both kinds of input, compressed and not, and the usual refusals."""
    found: list[bytes] = []
    for which, (name, value) in enumerate(SUCCESSES.items()):
        body = json.dumps(value).encode()
        length = b"\r\nContent-Length: %d" % len(body) if which % 2 else b""
        wire_form = b"HTTP/1.1 200 OK" + length + b"\r\nX-Request-Id: r1\r\n\r\n" + body
        found += [bytes([which]) + wire_form, bytes([32 + which]) + wire_form]
        found.append(bytes([16]) + b"200\nx-request-id: r1\n\n" + body)
        demand(list(CALLS)[which] == name, "successes are in the calls' order")
    for status, code, header in REFUSALS:
        body = json.dumps({"error": {"code": code, "message": "no", "param": "name"}}).encode()
        extra = header.encode()
        found.append(bytes([16]) + b"%d\n%s\n\n%s" % (status, extra, body))
        lines = b"\r\n".join(line for line in (b"HTTP/1.1 %d No" % status, extra) if line)
        found.append(bytes([0]) + lines + b"\r\n\r\n" + body)
    echo = {"data": {**FAILED, "error": {"code": KEY, "message": f"{KEY} may not"}}}
    head = f"HTTP/1.1 200 OK\r\nX-Request-Id: {KEY}\r\n\r\n".encode()
    found.append(bytes([2]) + head + json.dumps(echo).encode())
    zipped = gzip.compress(json.dumps(SUCCESSES["create"]).encode(), mtime=0)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"
    found += [bytes([0]) + head + zipped, bytes([0]) + head + zipped + b"more"]
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    body = json.dumps(SUCCESSES["create"]).encode()
    found.append(bytes([0]) + chunked + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
    return found


WATCHED = ("runner.heygen", "runner.policy")
TARGET = Target("answers", run, seeds, WORDS, WATCHED, json=True)
