"""Pictures: asked for without a key, checked, and on disk whole or not at all."""

import errno
import gzip
import io
import math
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
import trio.testing
from PIL import Image

from runner.canonical import sha256_hex
from runner.errors import StorageError
from runner.executor.ports import Downloaded, FetchFailed, Images
from runner.images.downloader import Downloader
from tests.heygen.loopback import Loopback, Say, http

pytestmark = pytest.mark.anyio
LINK = "https://cdn.example/look.png?signature=SECRET"


def picture(kind: str = "PNG", colour: str = "red") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(buffer, kind)
    return buffer.getvalue()


PNG = picture()


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    backend: str = request.param
    return backend


Handler = Callable[[httpx.Request], httpx.Response]


def gives(content: bytes, status: int = 200) -> Handler:
    return lambda _: httpx.Response(status, content=content)


async def fetch(
    state: Path, handler: Handler | None = None, link: str = LINK, **options: Any
) -> Downloaded | FetchFailed:
    transport = None if handler is None else httpx.MockTransport(handler)
    async with Downloader(state, transport=transport, **options) as images:
        return await images.fetch(link, look="navy-office", number=2)


def files(state: Path) -> list[str]:
    return sorted(str(path.relative_to(state)) for path in state.rglob("*") if path.is_file())


@pytest.mark.parametrize("inline", [False, True])
@pytest.mark.parametrize(("kind", "extension"), [("PNG", "png"), ("JPEG", "jpg"), ("WEBP", "webp")])
async def test_a_picture_is_kept_under_its_look_and_take(
    tmp_path: Path, kind: str, extension: str, inline: bool
) -> None:
    content = picture(kind)
    name = f"images/navy-office.2.{extension}"
    got = await fetch(tmp_path, gives(content), inline=inline)
    assert got == Downloaded(name, sha256_hex(content), 64, 48)
    assert files(tmp_path) == [name]
    assert (tmp_path / name).read_bytes() == content


async def test_whoever_asks_is_told_of_a_picture_that_is_kept_and_of_no_other(
    tmp_path: Path,
) -> None:
    told: list[tuple[str, str]] = []

    def kept(image: str, sha256: str) -> None:
        assert (tmp_path / image).is_file()
        told.append((image, sha256))

    await fetch(tmp_path, gives(b"no picture"), kept=kept)
    await fetch(tmp_path, gives(PNG), kept=kept)
    assert told == [("images/navy-office.2.png", sha256_hex(PNG))]


async def test_the_link_is_asked_as_it_is_and_without_a_key(tmp_path: Path) -> None:
    link = "https://cdn.example/a%2Fb.png?X-Amz-Signature=a%2Bb%3D&x=1+2"
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, content=PNG)

    await fetch(tmp_path, answer, link)
    assert [str(request.url) for request in seen] == [link]
    assert set(seen[0].headers) == {
        "host",
        "accept",
        "accept-encoding",
        "connection",
        "user-agent",
    }


async def test_a_fresh_picture_takes_the_place_of_an_old_one(tmp_path: Path) -> None:
    await fetch(tmp_path, gives(PNG))
    fresh = picture(colour="blue")
    await fetch(tmp_path, gives(fresh))
    assert files(tmp_path) == ["images/navy-office.2.png"]
    assert (tmp_path / "images/navy-office.2.png").read_bytes() == fresh


@pytest.mark.parametrize("look", ["", "../up", "a/b", "A", ".hidden", "a\0", "a\n"])
async def test_a_name_that_could_leave_the_folder_is_refused(tmp_path: Path, look: str) -> None:
    async with Downloader(tmp_path) as images:
        got = await images.fetch(LINK, look=look, number=1)
    assert isinstance(got, FetchFailed)
    assert "no file name" in got.reason
    assert files(tmp_path) == []


# --- links that do not give a picture -------------------------------------------------------------


# httpx leaves its generators to be collected when a body is not read to its end; trio says so.
@pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")
@pytest.mark.parametrize(
    ("status", "body", "expired", "again"),
    [
        (400, b"<Code>ExpiredToken</Code>", True, False),
        (400, b"The link has EXPIRED", True, False),
        (400, b"x" * 200_000 + b"expired", False, False),
        (400, b"bad", False, False),
        (401, b"", True, False),
        (403, b"<Message>Request has expired</Message>", True, False),
        (404, b"", True, False),
        (410, b"", True, False),
        (402, b"", False, False),
        (408, b"", False, True),
        (425, b"", False, True),
        (429, b"", False, True),
        (451, b"", False, False),
        (500, b"", False, True),
        (502, b"", False, True),
        (503, b"", False, True),
        (504, b"", False, True),
        (204, b"", False, False),
        (206, PNG, False, False),
        (304, b"", False, False),
    ],
)
async def test_a_status_says_whether_a_fresh_link_or_a_new_try_may_do(
    tmp_path: Path, status: int, body: bytes, expired: bool, again: bool
) -> None:
    got = await fetch(tmp_path, gives(body, status))
    assert got == FetchFailed(f"the link's server answered HTTP {status}", expired, again)
    assert files(tmp_path) == []


ERRORS = [
    httpx.ConnectError("refused"),
    httpx.ConnectTimeout("slow"),
    httpx.ReadTimeout("slow"),
    httpx.ReadError("reset"),
    httpx.RemoteProtocolError("cut"),
    httpx.DecodingError("garbled"),
    httpx.ProxyError("no"),
    OSError(5, "below httpx"),
    ValueError("anything"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
async def test_trouble_on_the_way_is_worth_another_try(tmp_path: Path, error: Exception) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise error

    got = await fetch(tmp_path, fail)
    assert isinstance(got, FetchFailed)
    assert (got.expired, got.again) == (False, True)
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    "link",
    [
        "http://cdn.example/1.png?signature=SECRET",
        "http://169.254.169.254/latest/meta-data",
        "ftp://cdn.example/1.png",
        "file:///etc/passwd",
        "data:image/png;base64,AAAA",
        "/1.png",
        "",
        "https://[",
        "https://cdn.example:99999/",
        "https://cdn.example/\x01",
    ],
)
async def test_a_link_that_cannot_be_asked_is_refused(tmp_path: Path, link: str) -> None:
    got = await fetch(tmp_path, gives(PNG), link)
    assert isinstance(got, FetchFailed)
    assert (got.expired, got.again) == (False, False)
    assert "SECRET" not in got.reason


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:9", "localhost", "[::1]", "10.0.0.7", "169.254.169.254", "127.1", "0x7f000001",
     "2130706433", "[::ffff:192.168.1.1]", "a.localhost.", "100.64.0.1", "[64:ff9b::a9fe:a9fe]",
     "[::10.0.0.7]"],
)  # fmt: skip
async def test_a_link_to_a_private_address_is_for_an_api_that_is_there_itself(
    tmp_path: Path, host: str
) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, content=PNG)

    direct = await fetch(tmp_path, answer, f"https://{host}/1.png?signature=SECRET")
    handler, seen = chain(f"https://{host}/1.png")
    redirected = await fetch(tmp_path, handler)
    for got in (direct, redirected):
        assert isinstance(got, FetchFailed)
        assert "this machine or its private network" in got.reason
    assert (asked, seen) == ([], [LINK])
    allowed = await fetch(tmp_path, answer, f"https://{host}/1.png", allow_private=True)
    assert isinstance(allowed, Downloaded)


@cache
def unfolding(layers: int) -> bytes:
    """Return a PNG of many zeroes that is packed so often: a few bytes, and gigabytes."""
    content = PNG + bytes(300_000)
    for _ in range(layers):
        content = gzip.compress(content)
    return content


@pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")
@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip", "br", "zstd, x"])
@pytest.mark.parametrize("status", [200, 400])
async def test_only_the_raw_body_is_taken_and_nothing_is_unfolded(
    tmp_path: Path, encoding: str, status: int
) -> None:
    body = unfolding(encoding.count("zip"))
    headers = {"Content-Encoding": encoding}
    got = await fetch(
        tmp_path, lambda _: httpx.Response(status, headers=headers, stream=Pieces(body))
    )
    assert isinstance(got, FetchFailed)
    assert ("sent it encoded" in got.reason) is (status == 200)
    assert not got.again
    assert files(tmp_path) == []


async def test_plain_http_is_for_this_machine_unless_allowed(tmp_path: Path) -> None:
    local = await fetch(tmp_path, gives(PNG), "http://127.0.0.1:9/1", allow_private=True)
    assert isinstance(local, Downloaded)
    allowed = await fetch(tmp_path, gives(PNG), "http://cdn.example/1", allow_http=True)
    assert isinstance(allowed, Downloaded)


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", PNG[:-20], picture("JPEG")[:-9], picture("GIF")],
    ids=["nothing", "a page", "half a PNG", "half a JPEG", "a GIF"],
)
async def test_what_cannot_be_kept_leaves_nothing_and_spoils_nothing(
    tmp_path: Path, content: bytes
) -> None:
    await fetch(tmp_path, gives(PNG))
    got = await fetch(tmp_path, gives(content))
    assert isinstance(got, FetchFailed)
    assert got.again
    assert files(tmp_path) == ["images/navy-office.2.png"]
    assert (tmp_path / "images/navy-office.2.png").read_bytes() == PNG


async def test_too_many_pixels_are_not_unfolded(tmp_path: Path) -> None:
    got = await fetch(tmp_path, gives(PNG), max_pixels=64 * 48 - 1)
    assert isinstance(got, FetchFailed)
    assert "pixels" in got.reason
    assert not got.again


class Pieces(httpx.AsyncByteStream):
    """A body that does not say how long it is."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.given = 0

    async def __aiter__(self) -> Any:
        for start in range(0, len(self._data), 10):
            self.given += 10
            yield self._data[start : start + 10]


# httpx leaves its generators to be collected when a body is not read to its end; trio says so.
@pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")
async def test_a_picture_larger_than_the_bound_is_given_up(tmp_path: Path) -> None:
    pieces = Pieces(PNG * 100)
    said = await fetch(tmp_path, gives(PNG), largest=50)
    found = await fetch(tmp_path, lambda _: httpx.Response(200, stream=pieces), largest=50)
    assert said == found == FetchFailed("the picture is larger than 50 bytes")
    assert pieces.given == 60
    assert files(tmp_path) == []


async def test_a_picture_exactly_at_the_bound_is_kept(tmp_path: Path) -> None:
    assert isinstance(await fetch(tmp_path, gives(PNG), largest=len(PNG)), Downloaded)


@pytest.mark.parametrize("then", ["close", "reset"])
async def test_a_connection_that_breaks_leaves_nothing(tmp_path: Path, then: Any) -> None:
    with Loopback(Say(http(200, PNG[:40], length=len(PNG)), then)) as server:
        got = await fetch(tmp_path, link=f"{server.url}/1.png", allow_private=True)
        assert len(server.requests) == 1
    assert isinstance(got, FetchFailed)
    assert got.again
    assert files(tmp_path) == []


async def test_a_picture_comes_over_a_real_connection(tmp_path: Path) -> None:
    with Loopback(Say(http(302, b"", "Location: /2.png"), "keep"), Say(http(200, PNG))) as server:
        got = await fetch(tmp_path, link=f"{server.url}/1.png", allow_private=True)
        assert [request.split()[1] for request in server.requests] == [b"/1.png", b"/2.png"]
    assert got == Downloaded("images/navy-office.2.png", sha256_hex(PNG), 64, 48)


async def test_a_body_shorter_than_it_said_is_worth_another_try(tmp_path: Path) -> None:
    headers = {"Content-Length": str(len(PNG) + 1)}
    got = await fetch(tmp_path, lambda _: httpx.Response(200, headers=headers, stream=Pieces(PNG)))
    assert got == FetchFailed(f"{len(PNG)} of {len(PNG) + 1} bytes came", again=True)


# --- redirects ------------------------------------------------------------------------------------


def chain(*hops: str, status: int = 302) -> tuple[Handler, list[str]]:
    """Lead from one hop to the next, and give the picture at the last."""
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        if len(seen) > len(hops):
            return httpx.Response(200, content=PNG)
        return httpx.Response(status, headers={"Location": hops[len(seen) - 1]})

    return answer, seen


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_followed_to_other_hosts(tmp_path: Path, status: int) -> None:
    handler, seen = chain("/2?s=1", "https://other.example/3", "//third.example/4", status=status)
    assert isinstance(await fetch(tmp_path, handler, "https://cdn.example/1"), Downloaded)
    assert seen == [
        "https://cdn.example/1",
        "https://cdn.example/2?s=1",
        "https://other.example/3",
        "https://third.example/4",
    ]


async def test_five_redirects_are_enough(tmp_path: Path) -> None:
    handler, seen = chain(*[f"/{n}" for n in range(5)])
    assert isinstance(await fetch(tmp_path, handler), Downloaded)
    handler, seen = chain(*[f"/{n}" for n in range(6)])
    assert await fetch(tmp_path, handler) == FetchFailed("the link leads on more than 5 times")
    assert len(seen) == 6


@pytest.mark.parametrize(
    "hop",
    ["http://cdn.example/1", "http://127.0.0.1:9/1", "http://localhost/", "ftp://cdn.example/1"],
)
async def test_a_redirect_never_leads_out_of_https(tmp_path: Path, hop: str) -> None:
    handler, seen = chain(hop)
    got = await fetch(tmp_path, handler)
    assert isinstance(got, FetchFailed)
    assert "refused" in got.reason
    assert seen == [LINK]


async def test_a_redirect_from_this_machine_to_plain_http_elsewhere_is_refused(
    tmp_path: Path,
) -> None:
    handler, seen = chain("http://cdn.example/1")
    got = await fetch(tmp_path, handler, "http://127.0.0.1:9/1", allow_private=True)
    assert isinstance(got, FetchFailed)
    assert "plain http" in got.reason
    assert len(seen) == 1


@pytest.mark.parametrize("hop", ["https://[", "https://cdn.example:port/", ""])
async def test_a_redirect_to_nowhere_is_a_failure_and_no_traceback(
    tmp_path: Path, hop: str
) -> None:
    handler, _ = chain(hop, *[""] * 5)
    assert isinstance(await fetch(tmp_path, handler), FetchFailed)


async def test_cookies_are_not_carried_along(tmp_path: Path) -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, content=PNG, headers={"Set-Cookie": "who=me"})

    async with Downloader(tmp_path, transport=httpx.MockTransport(answer)) as images:
        for number in (1, 2):
            await images.fetch(LINK, look="a", number=number)
    assert [("cookie" in request.headers) for request in seen] == [False, False]


# --- the folder -----------------------------------------------------------------------------------


async def test_what_a_killed_run_left_is_swept_away_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    for name in (".navy-office.2.part", ".old.1.part", "old.1.png", ".keep", "note.part"):
        (folder / name).write_bytes(b"x")
    async with Downloader(tmp_path):
        pass
    assert files(tmp_path) == ["images/.keep", "images/note.part", "images/old.1.png"]


async def test_nothing_is_made_before_there_is_a_picture(tmp_path: Path) -> None:
    state = tmp_path / "spring.lookbook"
    assert isinstance(await fetch(state, gives(b"", 404)), FetchFailed)
    assert not state.exists()
    assert isinstance(await fetch(state, gives(PNG)), Downloaded)


async def test_the_commit_points_are_passed_in_order_on_either_side_of_the_rename(
    tmp_path: Path,
) -> None:
    passed: list[tuple[str, list[str]]] = []
    await fetch(
        tmp_path, gives(PNG), failpoint=lambda point: passed.append((point, files(tmp_path)))
    )
    assert passed == [
        ("image:before-rename", ["images/.navy-office.2.part"]),
        ("image:after-rename", ["images/navy-office.2.png"]),
    ]


async def test_an_end_at_a_commit_point_is_not_taken_for_a_failed_download(tmp_path: Path) -> None:
    def end(point: str) -> None:
        raise RuntimeError(f"ended at {point}")

    with pytest.raises(RuntimeError, match="ended at image:before-rename"):
        await fetch(tmp_path, gives(PNG), failpoint=end)
    assert files(tmp_path) == []


async def test_the_content_is_on_disk_before_the_name_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def noted_fsync(descriptor: int) -> None:
        order.append("fsync")
        fsync(descriptor)

    def noted_replace(path: Path, target: Path) -> Path:
        order.append("rename")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "replace", noted_replace)
    (tmp_path / "images").mkdir()
    await fetch(tmp_path, gives(PNG))
    assert order == ["fsync", "rename", "fsync"]


@pytest.mark.parametrize(
    ("number", "todo"),
    [
        (errno.ENOSPC, "free some space"),
        (errno.EDQUOT, "quota"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "permission"),
        (errno.EIO, "Put this right"),
    ],
)
async def test_a_disk_that_cannot_be_written_stops_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, todo: str
) -> None:
    def fail(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StorageError, match="images") as caught:
        await fetch(tmp_path, gives(PNG))
    assert todo in (caught.value.hint or "")
    assert os.strerror(number) in caught.value.message
    assert files(tmp_path) == []


async def test_a_folder_that_cannot_be_made_stops_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "images").write_text("a file in its place")
    with pytest.raises(StorageError, match=str(tmp_path / "images")):
        await fetch(tmp_path, gives(PNG))


async def test_a_link_in_the_place_of_pictures_is_never_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / ".somebody.part").write_bytes(b"x")
    state = tmp_path / "spring.lookbook"
    state.mkdir()
    (state / "images").symlink_to(elsewhere)
    with pytest.raises(StorageError, match="symbolic link"):
        await fetch(state, gives(PNG))
    assert files(elsewhere) == [".somebody.part"]
    (state / "images").unlink()
    (state / "images").mkdir()
    for name in (".navy-office.2.part", "navy-office.2.png"):
        (state / "images" / name).symlink_to(elsewhere / "victim")
    (elsewhere / "victim").write_bytes(PNG)
    assert Downloader(state).written_at("images/navy-office.2.png") is None
    assert not Downloader(state).present("images/navy-office.2.png", sha256_hex(PNG))
    (elsewhere / "victim").write_bytes(b"somebody's")
    assert isinstance(await fetch(state, gives(PNG)), Downloaded)
    assert (elsewhere / "victim").read_bytes() == b"somebody's"
    assert not (state / "images" / "navy-office.2.png").is_symlink()


async def test_only_the_named_content_is_present(tmp_path: Path) -> None:
    images: Images = Downloader(tmp_path)
    (tmp_path / "images" / "folder.1.png").mkdir(parents=True)
    (tmp_path / "images" / "a.1.png").write_bytes(PNG)
    (tmp_path / "images" / "empty.1.png").write_bytes(b"")
    (tmp_path.parent / "outside.png").write_bytes(PNG)
    digest = sha256_hex(PNG)
    assert images.present("images/a.1.png", digest)
    assert images.written_at("images/a.1.png") == (tmp_path / "images" / "a.1.png").stat().st_mtime
    for image, sha256 in [
        ("images/a.1.png", sha256_hex(b"other")),
        ("images/b.1.png", digest),
        ("images/folder.1.png", digest),
        ("images/empty.1.png", sha256_hex(b"")),
        ("../outside.png", digest),
        (str(tmp_path.parent / "outside.png"), digest),
        ("", digest),
        ("images/\0", digest),
    ]:
        assert not images.present(image, sha256)
        assert (images.written_at(image) is not None) is (image == "images/a.1.png")


# --- many, and time -------------------------------------------------------------------------------


async def test_downloads_at_a_time_are_bounded(tmp_path: Path) -> None:
    under_way = most = 0

    async def answer(request: httpx.Request) -> httpx.Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        for _ in range(5):
            await anyio.lowlevel.checkpoint()
        under_way -= 1
        return httpx.Response(200, content=PNG)

    async def one(number: int) -> None:
        await images.fetch(LINK, look="a", number=number)

    transport = httpx.MockTransport(answer)
    async with (
        Downloader(tmp_path, transport=transport, inline=True) as images,
        anyio.create_task_group() as tasks,
    ):
        for number in range(20):
            tasks.start_soon(one, number)
    assert most == 8
    assert len(files(tmp_path)) == 20


async def test_the_downloader_has_to_be_open(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="async with"):
        await Downloader(tmp_path).fetch(LINK, look="a", number=1)


class TestDeadlines:
    @pytest.fixture
    def anyio_backend(self) -> tuple[str, dict[str, Any]]:
        return "trio", {"clock": trio.testing.MockClock(autojump_threshold=0)}

    async def test_a_link_that_never_answers_is_given_up(self, tmp_path: Path) -> None:
        async def never(request: httpx.Request) -> httpx.Response:
            await anyio.sleep(math.inf)
            raise AssertionError("unreachable")

        transport = httpx.MockTransport(never)
        async with Downloader(tmp_path, transport=transport) as images:
            began = anyio.current_time()
            got = await images.fetch(LINK, look="a", number=1)
            assert anyio.current_time() - began == pytest.approx(300)
        assert got == FetchFailed("no picture within 300 s", again=True)
