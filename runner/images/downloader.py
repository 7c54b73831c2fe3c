"""Fetches pictures: satisfies ``runner.executor.ports.Images``.

A link is signed and lives a week (docs/api-facts.md), so it is asked as it is, without
the key, never shown, and its failure says whether a fresh one would do. Whether to try again is the
caller's decision; nothing is repeated here.
"""

import logging
import re
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Self, cast

import anyio
import anyio.to_thread
import httpx

from runner.errors import StorageError, shorten
from runner.executor.ports import Downloaded, Failpoint, FetchFailed
from runner.heygen.address import refuse_link
from runner.heygen.connection import explain_http_error
from runner.heygen.network import Timeouts, find_certificates, open_client
from runner.image_files import MAX_IMAGE_BYTES, MAX_PIXELS, BadImageFile, Flaw, inspect_image
from runner.images.folder import Folder, Part

log = logging.getLogger("runner.images")

_TIMEOUTS = Timeouts(total=300.0)
_MAX_REDIRECTS = 5
_MAX_CONNECTIONS = 8
_MAX_DECODERS = 4
_MAX_ERROR_BODY = 64 * 1024
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
_EXPIRED = re.compile(rb"expire", re.IGNORECASE)
_HEADERS = {"Accept": "image/png, image/jpeg, image/webp", "Accept-Encoding": "identity"}


class Downloader:
    """The pictures of one state folder; an async context manager, for asyncio and trio.

    ``transport`` replaces the network, ``largest`` is in bytes. ``allow_private`` follows links to
    this machine and its network, as only an API gives them that is there itself. ``plain`` says
    that every link is plain http, as the embedded simulator's are: neither certificates nor proxies
    are looked at. ``inline`` decodes on the event loop instead of in a thread, for virtual time.
    ``failpoint`` is called at ``image:before-rename`` and ``image:after-rename``, and ``kept`` with
    the path from the state folder and the SHA-256 of a picture that was kept, off the event loop.
    """

    def __init__(
        self,
        state: Path,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        allow_http: bool = False,
        plain: bool = False,
        allow_private: bool = False,
        largest: int = MAX_IMAGE_BYTES,
        max_pixels: int = MAX_PIXELS,
        inline: bool = False,
        failpoint: Failpoint = lambda _point: None,
        kept: Callable[[str, str], None] = lambda _image, _sha256: None,
    ) -> None:
        self._folder = Folder(state, failpoint)
        self._kept = kept
        self._transport = transport
        self._gate = anyio.CapacityLimiter(_MAX_CONNECTIONS)
        self._decoders = anyio.CapacityLimiter(_MAX_DECODERS)
        self._allow_http = allow_http
        self._links = "http://" if plain else "https://"
        self._allow_private = allow_private
        self._largest = largest
        self._max_pixels = max_pixels
        self._inline = inline
        self._client: httpx.AsyncClient | None = None
        self._entered = False

    async def __aenter__(self) -> Self:
        self._folder.sweep()
        self._entered = True
        return self

    async def __aexit__(self, *_why: object) -> None:
        self._entered = False
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def fetch(self, url: str, *, look: str, number: int) -> Downloaded | FetchFailed:
        """Download to ``images/LOOK.NUMBER.EXT``; says why when that was not possible.

        Raises StorageError where the disk is full or the folder cannot be written: no other picture
        would fare better.
        """
        if not _NAME.fullmatch(look) or number < 0:
            return FetchFailed(f"no file name can be made of {shorten(look)!r} and {number!r}")
        if not self._entered:
            raise RuntimeError("Downloader is used outside of its async with block")
        if self._client is None:  # only now: the first one loads the certificates, 40 ms
            self._client = open_client(
                _TIMEOUTS,
                transport=self._transport,
                verify=find_certificates(self._links),
                url=self._links,
            )
        with anyio.move_on_after(_TIMEOUTS.total):
            async with self._gate:
                return await self._fetch(self._client, url, f"{look}.{number}")
        return FetchFailed(f"no picture within {_TIMEOUTS.total:g} s", again=True)

    def written_at(self, image: str) -> float | None:
        """Return when the file at this path was last written (Unix seconds), None where none is."""
        return self._folder.written_at(image)

    def present(self, image: str, sha256: str) -> bool:
        """Return whether the file is on disk with that content; the content is read and hashed."""
        return self._folder.present(image, sha256)

    async def _fetch(
        self, client: httpx.AsyncClient, url: str, name: str
    ) -> Downloaded | FetchFailed:
        part = await self._receive(client, url, name)
        if isinstance(part, FetchFailed):
            log.info("%s from %s: %s", name, _find_host(url), part.reason)
            return part
        log.info("%s from %s: %d bytes", name, _find_host(url), part.size)
        try:
            if self._inline:
                return self._settle(part)
            # Decoding takes processor time and syncing waits for the disk: off the event loop.
            return await anyio.to_thread.run_sync(self._settle, part, limiter=self._decoders)
        finally:
            part.discard()

    def _settle(self, part: Part) -> Downloaded | FetchFailed:
        try:
            facts = inspect_image(part.ready(), max_pixels=self._max_pixels)
        except BadImageFile as bad:
            again = bad.flaw is not Flaw.TOO_LARGE
            return FetchFailed(f"what the link gives cannot be kept: {bad}", again=again)
        image, sha256 = part.keep(facts.extension)
        self._kept(image, sha256)
        return Downloaded(image, sha256, facts.width, facts.height)

    # --- the answer -------------------------------------------------------------------------------

    async def _receive(self, client: httpx.AsyncClient, url: str, name: str) -> Part | FetchFailed:
        """Download a link into a part. Raises StorageError and nothing of the network's."""
        try:
            response = await self._follow(client, url)
            if isinstance(response, FetchFailed):
                return response
            try:
                return await self._save(response, name)
            finally:
                await response.aclose()
        except StorageError:
            raise
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            return FetchFailed(f"the link cannot be used ({type(error).__name__})")
        except Exception as error:  # noqa: BLE001  # TLS errors escape httpx's tree
            return FetchFailed(explain_http_error(error), again=True)

    async def _follow(self, client: httpx.AsyncClient, url: str) -> httpx.Response | FetchFailed:
        """Follow a link to an answer with a picture, every hop checked before it is asked."""
        for _ in range(_MAX_REDIRECTS + 1):
            reason = self._refuse(url)
            if reason is not None:
                return FetchFailed(f"the link is refused: {reason}")
            request = client.build_request("GET", url, headers=_HEADERS)
            reason = self._refuse(str(request.url))  # as httpx reads it, which may be otherwise
            if reason is not None:
                return FetchFailed(f"the link is refused: {reason}")
            response = await client.send(request, stream=True)
            if response.status_code == 200:
                return response
            try:
                if response.next_request is None:
                    return await _explain_status(response)
            finally:
                await response.aclose()
            onward = response.next_request.url
            if request.url.scheme == "https" and onward.scheme != "https" and not self._allow_http:
                return FetchFailed("the link is refused: it leads from https to something else")
            url = str(onward)
        return FetchFailed(f"the link leads on more than {_MAX_REDIRECTS} times")

    def _refuse(self, url: str) -> str | None:
        return refuse_link(url, allow_http=self._allow_http, allow_private=self._allow_private)

    async def _save(self, response: httpx.Response, name: str) -> Part | FetchFailed:
        encoding = response.headers.get("content-encoding", "").strip().lower()
        if encoding not in ("", "identity"):  # not asked for; a few bytes can unfold to gigabytes
            return FetchFailed(f"the link's server sent it encoded ({shorten(encoding, 40)})")
        declared = response.headers.get("content-length", "")
        expected = int(declared) if declared.isascii() and declared.isdigit() else None
        too_large = FetchFailed(f"the picture is larger than {self._largest} bytes")
        if expected is not None and expected > self._largest:
            return too_large
        with ExitStack() as undo:
            part = self._folder.part(name)
            undo.callback(part.discard)
            async for chunk in _raw(response):
                part.write(chunk)
                if part.size > self._largest:
                    return too_large
            if expected not in (None, part.size):
                return FetchFailed(f"{part.size} of {expected} bytes came", again=True)
            undo.pop_all()
            return part


def _raw(response: httpx.Response) -> AsyncIterator[bytes]:
    """Return the body's pieces as they come: httpx would undo any encoding, without a bound."""
    return aiter(cast("httpx.AsyncByteStream", response.stream))


def _find_host(url: str) -> str:
    """Return the host of a link, for a log: the rest of it is its signature."""
    try:
        return httpx.URL(url).host
    except httpx.InvalidURL:
        return "a link that cannot be read"


async def _explain_status(response: httpx.Response) -> FetchFailed:
    """Read a status as storages of signed links mean it; S3 says 403, others 400 with a text."""
    status = response.status_code
    reason = f"the link's server answered HTTP {status}"
    expired = status in (401, 403, 404, 410)
    if status == 400:
        expired = _EXPIRED.search(await _read_beginning(response)) is not None
    return FetchFailed(reason, expired=expired, again=status >= 500 or status in (408, 425, 429))


async def _read_beginning(response: httpx.Response) -> bytes:
    data = b""
    async for chunk in _raw(response):
        data += chunk
        if len(data) > _MAX_ERROR_BODY:
            break
    return data[:_MAX_ERROR_BODY]
