"""The HeyGen v3 client: satisfies ``runner.executor.ports.Api``. One request, one Reply.

It never repeats a request by itself, never follows a redirect, and raises nothing but cancellation:
what an outcome means for the money is the policy's to say (docs/api-notes.md has the whole table).
The key is a header of the requests to the API's own address and of nothing else.
"""

import json
import re
import time
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from functools import partial
from typing import Any, Self, TypeVar
from urllib.parse import urlencode

import anyio
import httpx

from runner.heygen import wire
from runner.heygen.address import Address, parse_address, path_segment
from runner.heygen.connection import Connection
from runner.heygen.credentials import Credentials
from runner.heygen.envelope import Received, data_of, read_reply
from runner.heygen.log import log_reply
from runner.heygen.network import Timeouts, find_certificates, open_client
from runner.heygen.upload import read_picture
from runner.model import FileImage
from runner.replies import (
    Answer,
    AssetData,
    ConsentData,
    CreatedData,
    GroupData,
    ListPage,
    LookData,
    Lost,
    NotSent,
    Reply,
    UserData,
)

T = TypeVar("T")

_TIMEOUTS = Timeouts()
_UPLOAD_SECONDS = 900.0
"""Seconds that an upload may take in all."""

_MAX_ANSWER_BYTES = 16 * 1024 * 1024
_IDEMPOTENCY_KEY = re.compile(r"[A-Za-z0-9_:.-]{1,255}")
_MAX_CONCURRENT_REQUESTS = 16
"""Requests at a time, uploads included: 94 % of what was possible at 100 ms latency; more is
slower."""

_MAX_CONCURRENT_UPLOADS = 2
"""Uploads at a time: each of them is in memory while it is sent."""


class HeyGen:
    """An open connection to one account (``runner.executor.ports.Api``), for asyncio and trio.

    It is an async context manager. ``base_url`` is checked already (``Settings.address``) or a text
    that is checked here (raises UsageError). ``transport`` replaces the network. ``now`` gives Unix
    seconds and is asked only to read a Retry-After date.
    """

    def __init__(
        self,
        credentials: Credentials,
        base_url: Address | str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        allow_http: bool = False,
        now: Callable[[], float] = time.time,
    ) -> None:
        if isinstance(base_url, str):
            base_url = parse_address(base_url, allow_http=allow_http)
        self.address = base_url
        self._credentials = credentials
        self._transport = transport
        self._gate = anyio.CapacityLimiter(_MAX_CONCURRENT_REQUESTS)
        self._now = now
        self._uploads = anyio.CapacityLimiter(_MAX_CONCURRENT_UPLOADS)
        self._connection: Connection | None = None

    def __repr__(self) -> str:
        return f"HeyGen({self.address.url!r})"

    async def __aenter__(self) -> Self:
        verify = find_certificates(self.address.url)
        open_lane = partial(
            open_client,
            _TIMEOUTS,
            transport=self._transport,
            verify=verify,
            url=self.address.url,
        )
        self._connection = Connection(open_lane, self._gate, largest=_MAX_ANSWER_BYTES)
        return self

    async def __aexit__(self, *_why: object) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.aclose()

    # --- the calls, in the order of runner.executor.ports.Api -------------------------------------

    async def me(self) -> Reply[UserData]:
        """``GET /v3/users/me``: who the key belongs to, and the wallet."""
        return await self._call("GET", "/v3/users/me", data_of(wire.read_user))

    async def create_avatar(self, body: bytes, key: str) -> Reply[CreatedData]:
        return await self._call(
            "POST", "/v3/avatars", data_of(wire.read_created), body=body, key=key
        )

    async def upload(self, image: FileImage, key: str) -> Reply[AssetData]:
        """``POST /v3/assets``, one multipart part; free.

        NotSent where the file is gone, or no longer what it was when the manifest was read.
        """
        async with self._uploads:
            file = read_picture(image)
            if isinstance(file, NotSent):
                return file
            read = data_of(wire.read_asset)
            return await self._call("POST", "/v3/assets", read, file=file, key=key)

    async def look(self, look_id: str) -> Reply[LookData]:
        path = f"/v3/avatars/looks/{path_segment(look_id)}"
        return _check_id(await self._call("GET", path, data_of(wire.read_look)), look_id)

    async def looks(
        self, *, group_id: str | None = None, limit: int = 50, token: str | None = None
    ) -> Reply[ListPage[LookData]]:
        """``GET /v3/avatars/looks?ownership=private``: one page of the account's own looks.

        Looks of one group that do not name it are in it all the same.
        """
        query = _query(ownership="private", group_id=group_id, limit=limit, token=token)
        reply = await self._call("GET", f"/v3/avatars/looks?{query}", _LOOKS)
        if group_id is not None and isinstance(reply, Answer):
            looks = reply.data.items
            named = (one if one.group_id else replace(one, group_id=group_id) for one in looks)
            reply = replace(reply, data=replace(reply.data, items=tuple(named)))
        return _check_progress(reply, token)

    async def rename(self, look_id: str, name: str) -> Reply[LookData]:
        path = f"/v3/avatars/looks/{path_segment(look_id)}"
        body = json.dumps({"name": name}).encode()
        reply = await self._call("PATCH", path, data_of(wire.read_look), body=body)
        return _check_id(reply, look_id)

    async def delete_look(self, look_id: str) -> Reply[str]:
        path = f"/v3/avatars/looks/{path_segment(look_id)}"
        return _check_id(await self._call("DELETE", path, data_of(wire.read_deleted)), look_id)

    async def group(self, group_id: str) -> Reply[GroupData]:
        path = f"/v3/avatars/{path_segment(group_id)}"
        return _check_id(await self._call("GET", path, data_of(wire.read_group)), group_id)

    async def groups(
        self, *, limit: int = 50, token: str | None = None
    ) -> Reply[ListPage[GroupData]]:
        query = _query(ownership="private", limit=limit, token=token)
        reply = await self._call("GET", f"/v3/avatars?{query}", _GROUPS)
        return _check_progress(reply, token)

    async def consent(self, group_id: str, key: str) -> Reply[ConsentData]:
        path = f"/v3/avatars/{path_segment(group_id)}/consent"
        return await self._call("POST", path, data_of(wire.read_consent), body=b"{}", key=key)

    # --- how a call is made -----------------------------------------------------------------------

    async def _call(
        self,
        method: str,
        path: str,
        read: Callable[[dict[Any, Any]], T],
        *,
        body: bytes | None = None,
        file: tuple[str, bytes, str] | None = None,
        key: str | None = None,
    ) -> Reply[T]:
        """Send one request to the API's own address: the only place where the key is attached."""
        if self._connection is None:
            raise RuntimeError("HeyGen is used outside of its async with block")
        if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
            raise ValueError(f"not an idempotency key: {key!r}")
        headers = {"Accept": "application/json", "X-Api-Key": self._credentials.key}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if key is not None:
            headers["Idempotency-Key"] = key
        begun = time.perf_counter()
        received = await self._connection.send(
            lambda client: client.build_request(
                method,
                self.address.url + path,
                headers=headers,
                content=body,
                files=None if file is None else {"file": file},
            ),
            seconds=_TIMEOUTS.total if file is None else _UPLOAD_SECONDS,
        )
        if isinstance(received, NotSent | Lost):
            reply: Reply[T] = self._redact(received)
        else:
            reply = self._redact(read_reply(received, read, self._now))
        status = received.status if isinstance(received, Received) else None
        log_reply(method, path, status, reply, seconds=time.perf_counter() - begun)
        return reply

    def _redact(self, reply: Reply[T]) -> Reply[T]:
        """Replace the API key with ``***`` wherever a reply repeats it.

        Nothing that is honest holds it: an id, a name or a link that does is of no use to anybody,
        and a link would carry it to another host.
        """
        redacted: Reply[T] = _redact_texts(reply, self._credentials.hide)
        return redacted


_LOOKS = wire.read_page_of(wire.read_look)
_GROUPS = wire.read_page_of(wire.read_group)


def _redact_texts(value: Any, hide: Callable[[str], str]) -> Any:
    """Return a value of ``runner.replies`` with ``hide`` applied to every text in it.

    But for where a list goes on: that is told to nobody but the API.
    """
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, tuple):
        return tuple(_redact_texts(item, hide) for item in value)
    if not is_dataclass(value) or isinstance(value, type):
        return value
    changed = {}
    for field in fields(value):
        before = getattr(value, field.name)
        after = before if field.name == "next_token" else _redact_texts(before, hide)
        if after != before:
            changed[field.name] = after
    return replace(value, **changed) if changed else value


def _query(**query: str | int | None) -> str:
    return urlencode({name: value for name, value in query.items() if value is not None})


def _check_id(reply: Reply[T], asked: str) -> Reply[T]:
    """Refuse an answer about something else than was asked for: it would be taken for its own."""
    if not isinstance(reply, Answer):
        return reply
    data = reply.data
    found = data if isinstance(data, str) else getattr(data, "id", None)
    return reply if found == asked else Lost("HTTP 200, but about something else than asked", 200)


def _check_progress(reply: Reply[ListPage[T]], token: str | None) -> Reply[ListPage[T]]:
    """Refuse a page that names itself as the next one: whoever follows it would never end."""
    if isinstance(reply, Answer) and token is not None and reply.data.next_token == token:
        return Lost("the list does not go on: next_token is the token that was asked for", 200)
    return reply
