"""Uploads of local pictures: in one request up to 32 MB, above that through a link to a storage.

A picture is known by its content, so nothing is sent that is not that content any more. The link
of a direct upload is signed: it gets exactly the headers that came with it, and never the key.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

import anyio
import anyio.lowlevel
import httpx

from runner.canonical import sha256_hex
from runner.files import open_file, read_file
from runner.heygen.address import path_segment, refuse_link
from runner.heygen.connection import Connection
from runner.heygen.envelope import data_of
from runner.heygen.network import Timeouts, certificates, open_client
from runner.heygen.wire import WrongShape, read_asset, read_mapping
from runner.model import FileImage
from runner.replies import Answer, AssetData, Lost, NotSent, Reply

T = TypeVar("T")

LARGEST_PART = 32 * 1024 * 1024
"""The largest file that ``POST /v3/assets`` takes, in bytes (API page, "The rest")."""

_CHUNK = 256 * 1024
_MAX_CONCURRENT_UPLOADS = 2
_MAX_ANSWER_BYTES = 1024 * 1024


class Call(Protocol):
    """One request to the API, with the key: how the client makes each of its calls."""

    async def __call__(
        self,
        method: str,
        path: str,
        read: Callable[[dict[Any, Any]], T],
        *,
        body: bytes | None = None,
        file: tuple[str, bytes, str] | None = None,
        key: str | None = None,
    ) -> Reply[T]:
        """Send it once."""
        ...


@dataclass(frozen=True, slots=True)
class _Target:
    """Where a direct upload goes: ``POST /v3/assets/direct-uploads`` of the API page."""

    asset_id: str
    url: str
    headers: dict[str, str]


class _FileChanged(Exception):
    """The file is not what it was when the manifest was read."""


class AssetUploader:
    """Sends pictures. Two at a time, because each of them is in memory while it is sent."""

    def __init__(
        self,
        call: Call,
        *,
        timeouts: Timeouts,
        transport: httpx.AsyncBaseTransport | None,
        allow_http: bool,
        allow_private: bool,
        largest_part: int,
    ) -> None:
        self._call = call
        self._timeouts = timeouts
        self._transport = transport
        self._allow_http = allow_http
        self._allow_private = allow_private
        self._largest_part = largest_part
        self._gate = anyio.CapacityLimiter(_MAX_CONCURRENT_UPLOADS)

    async def send(self, image: FileImage, key: str) -> Reply[AssetData]:
        """Upload a picture; the same key names every request of one upload.

        NotSent where the file is gone or changed. Trouble with the storage is Lost: it says nothing
        about the account, and the same upload may be tried again.
        """
        async with self._gate:
            try:
                if image.size_bytes > self._largest_part:
                    await _check(image)
                    return await self._direct(image, key)
                content = _content(image)
            except _FileChanged as change:
                return NotSent(str(change), final=True)
            file = (_name(image), content, image.media_type)
            return await self._call("POST", "/v3/assets", data_of(read_asset), file=file, key=key)

    async def _direct(self, image: FileImage, key: str) -> Reply[AssetData]:
        wanted = {
            "filename": _name(image),
            "content_type": image.media_type,
            "size_bytes": image.size_bytes,
            "checksum_sha256": image.sha256,
        }
        created = await self._call(
            "POST",
            "/v3/assets/direct-uploads",
            data_of(_read_target),
            body=json.dumps(wanted).encode(),
            key=key,
        )
        if not isinstance(created, Answer):
            return created
        trouble = await self._put(created.data, image)
        if trouble is not None:
            return trouble
        asset_id = created.data.asset_id
        known = AssetData(asset_id, image.media_type, image.size_bytes)
        path = f"/v3/assets/{path_segment(asset_id)}/complete"
        return await self._call("POST", path, lambda _: known, body=b"{}", key=key)

    async def _put(self, target: _Target, image: FileImage) -> Lost | None:
        for url in (target.url, _as_sent(target.url)):
            reason = refuse_link(
                url, allow_http=self._allow_http, allow_private=self._allow_private
            )
            if reason is not None:
                return Lost(f"the upload link is refused: {reason}")
        headers = httpx.Headers(target.headers)
        headers["Content-Length"] = str(image.size_bytes)
        verify = certificates(target.url)
        open_lane = partial(
            open_client,
            self._timeouts,
            transport=self._transport,
            verify=verify,
            url=target.url,
        )
        storage = Connection(open_lane, anyio.CapacityLimiter(1), largest=_MAX_ANSWER_BYTES)
        async with aclosing(storage):
            # A request of its own, not the client's: it carries no header that was not asked for.
            received = await storage.send(
                lambda _: httpx.Request("PUT", target.url, headers=headers, content=_stream(image)),
                seconds=self._timeouts.upload,
            )
        if isinstance(received, NotSent | Lost):
            return Lost(f"the upload's storage: {received.reason}")
        if not 200 <= received.status < 300:
            return Lost(f"the upload's storage answered HTTP {received.status}", received.status)
        return None


def _as_sent(url: str) -> str:
    """Return a URL as httpx reads it, which may be otherwise than the standard library does."""
    try:
        return str(httpx.URL(url))
    except httpx.InvalidURL:
        return ""


def _read_target(value: object) -> _Target:
    data = read_mapping(value, "data")
    url, headers = data.get("upload_url"), data.get("upload_headers") or {}
    if not isinstance(url, str) or not url:
        raise WrongShape("upload_url is missing")
    if not isinstance(headers, dict) or not all(map(_is_header, [*headers, *headers.values()])):
        raise WrongShape("upload_headers are not headers")
    return _Target(read_asset(data).asset_id, url, headers)


def _is_header(text: object) -> bool:
    return isinstance(text, str) and text.isascii() and text.isprintable()


# --- the file -------------------------------------------------------------------------------------


def _content(image: FileImage) -> bytes:
    """Read a picture at the moment it is sent. What was checked is what leaves: one read for both.

    Raises _FileChanged.
    """
    try:
        content = read_file(image.path, LARGEST_PART)
    except OSError as error:
        raise _file_changed(image, f"it cannot be read ({error.strerror})") from None
    if sha256_hex(content) != image.sha256:
        raise _file_changed(image, "its content is another")
    return content


async def _check(image: FileImage) -> None:
    """Check a picture that is too large for memory, piece by piece. Raises _FileChanged."""
    async for _ in _stream(image):
        await anyio.lowlevel.checkpoint()


async def _stream(image: FileImage) -> AsyncIterator[bytes]:
    """Read a picture piece by piece; the last piece is given only if the whole is unchanged.

    Without its last piece the storage has no complete upload. Raises _FileChanged.
    """
    digest = hashlib.sha256()
    held = b""
    try:
        with open_file(image.path) as file:
            while piece := file.read(_CHUNK):
                digest.update(piece)
                if held:
                    yield held
                held = piece
    except OSError as error:
        raise _file_changed(image, f"it cannot be read ({error.strerror})") from None
    if digest.hexdigest() != image.sha256:
        raise _file_changed(image, "its content is another")
    yield held


def _file_changed(image: FileImage, why: str) -> _FileChanged:
    return _FileChanged(f"the file changed since it was read: {image.source}: {why}")


def _name(image: FileImage) -> str:
    """Return the file's name; bytes that are no UTF-8 cannot go into a header."""
    return image.path.name.encode("utf-8", "replace").decode()
