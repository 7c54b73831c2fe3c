"""Any bytes as what the server behind a link to a picture says: one picture, whole, or words.

They are read by the real HTTP library, and answer every request; a redirect leads to them again.
The first byte says what the API allows, and whether checksums of a PNG are made right.
"""

import hashlib
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import anyio
import httpx
from PIL import Image

from runner.cli.terminal import escape_text
from runner.executor.ports import Downloaded, FetchFailed
from runner.heygen.address import refuse_link
from runner.image_files import FORMATS
from runner.images.downloader import Downloader
from tests.fuzz.answers import Wire
from tests.fuzz.picture import mended, saved
from tests.fuzz.target import Broken, Target, demand, folder, written

LINK = "https://pictures.example/look.png?signature=SECRET"
LARGEST = 64 * 1024
"""Bytes and pixels that a picture may have here."""

WORDS = (
    *("HTTP/1.1 200 OK\r\n", "HTTP/1.1 206 \r\n", "HTTP/1.1 302 Found\r\n", "HTTP/1.0 200 \r\n"),
    *("HTTP/1.1 400 \r\n", "HTTP/1.1 403 \r\n", "HTTP/1.1 503 \r\n", "HTTP/1.1 100 \r\n\r\n"),
    *(
        "Location: ",
        "https://a.example/",
        "http://127.0.0.1:8000/",
        "//10.0.0.1/",
        "https://[::1]/",
    ),
    *(
        "http://2130706433/",
        "https://localhost/",
        "https://a@127.1/",
        "file:///etc/x",
        "../x",
        "//",
    ),
    *("Content-Length: ", "Content-Length: 99999999999999\r\n", "Transfer-Encoding: chunked\r\n"),
    *("Content-Encoding: gzip\r\n", "Content-Encoding: identity\r\n", "Set-Cookie: a=b\r\n"),
    *(
        "\r\n\r\n",
        "0\r\n\r\n",
        "ffffffff\r\n",
        "Expired",
        "\x1b[2J",
        "\xe2\x80\xae",
        "<svg ",
        "%PDF",
    ),
    *("IHDR", "IDAT", "acTL", "RIFF", "WEBP", "VP8X", "GIF89a", "BM", "%!PS-Adobe", "II*\0"),
)


def run(data: bytes) -> None:
    """Download it into a folder that has a picture already."""
    if not data:
        return
    state = folder() / "download"
    shutil.rmtree(state, ignore_errors=True)
    (state / "images").mkdir(parents=True)
    (state / "images" / "navy.1.png").write_bytes(b"paid for")
    asked: list[str] = []
    got = anyio.run(partial(fetched, state, data, asked))
    local, plain = bool(data[0] & 1), bool(data[0] & 2)
    for link in asked:
        demand(
            refuse_link(link, allow_http=plain, allow_private=local) is None, "a link is allowed"
        )
    left = {str(path.relative_to(state)): path for path in state.rglob("*") if path.is_file()}
    demand(left.pop("images/navy.1.png").read_bytes() == b"paid for", "what is there stays")
    if isinstance(got, Downloaded):
        kept(got, left)
    else:
        demand(not left, f"nothing stays of what was no picture: {sorted(left)}")
        demand("SECRET" not in got.reason, "a link's signature is not shown")
        written(escape_text(got.reason), "the reason")


async def fetched(state: Path, data: bytes, asked: list[str]) -> Downloaded | FetchFailed:
    head, gap, body = data[1:].partition(b"\r\n\r\n")
    said = head + gap + (mended(body) if data[0] & 4 else body)
    async with Downloader(
        state,
        transport=Watched(said, lambda request: asked.append(str(request.url))),
        allow_private=bool(data[0] & 1),
        allow_http=bool(data[0] & 2),
        plain=True,  # the transport is ours: no certificates are loaded
        largest=LARGEST,
        max_pixels=LARGEST,
        inline=True,
    ) as images:
        return await images.fetch(LINK, look="navy", number=2)


class Watched(httpx.AsyncBaseTransport):
    """Connections that all say the same; tells of every request, which never has a key."""

    def __init__(self, said: bytes, asked: Callable[[httpx.Request], object]) -> None:
        self._said = said
        self._asked = asked

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._asked(request)
        known = {"host", "accept", "accept-encoding", "connection", "user-agent", "cookie"}
        demand(set(request.headers) <= known, "a picture is asked for without a key")
        return await Wire(self._said, []).handle_async_request(request)


def kept(got: Downloaded, left: dict[str, Path]) -> None:
    """Check a picture that was kept: whole, of one of our kinds, under its own name."""
    demand(list(left) == [got.image], f"one file, named for its look: {sorted(left)}")
    content = left[got.image].read_bytes()
    demand(got.image.startswith("images/navy.2."), "the name is the look's")
    demand(len(content) <= LARGEST, "a picture has a bound")
    demand(hashlib.sha256(content).hexdigest() == got.sha256, "the checksum is the file's")
    with Image.open(left[got.image], formats=FORMATS) as picture:
        if picture.size != (got.width, got.height):
            raise Broken("the size is the picture's")


def seeds() -> list[bytes]:
    small = Image.effect_noise((24, 16), 60)
    found = []
    for kind in ("PNG", "JPEG", "WEBP", "GIF"):
        body = saved(small.convert("RGB"), kind)
        length = b"Content-Length: %d\r\n" % len(body)
        found.append(
            b"\x00HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n" + length + b"\r\n" + body
        )
    body = saved(small, "PNG")
    chunked = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    heads = [
        b"\x04HTTP/1.1 200 OK\r\n" + chunked,
        b"\x00HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + body,
        b"\x00HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + body,
        b"\x00HTTP/1.1 400 No\r\n\r\n<Code>ExpiredToken</Code>",
        b"\x00HTTP/1.1 302 Found\r\nLocation: https://a.example/b.png\r\n\r\n",
        b"\x03HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/b.png\r\n\r\n",
        b"\x00HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/b.png\r\n\r\n",
        b"\x00HTTP/1.1 503 Busy\r\nRetry-After: 1\r\n\r\n",
        b"\x00%!PS-Adobe-3.0 EPSF-3.0\n",
    ]
    return found + heads


WATCHED = ("runner.images", "runner.image_files", "runner.heygen")
TARGET = Target("download", run, seeds, WORDS, WATCHED)
