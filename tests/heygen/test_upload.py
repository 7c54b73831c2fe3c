import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from runner.canonical import sha256_hex
from runner.heygen.client import HeyGen
from runner.heygen.credentials import Credentials
from runner.heygen.upload import LARGEST_PART
from runner.model import FileImage
from runner.replies import Answer, AssetData, Lost, NotSent, Refusal

pytestmark = pytest.mark.anyio
BASE = "https://api.example"
CONTENT = b"\x89PNG the picture" * 100
STORAGE = "https://storage.example/bucket/1?X-Amz-Signature=abc%2Fdef"


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    backend: str = request.param
    return backend


@pytest.fixture
def image(tmp_path: Path) -> FileImage:
    path = tmp_path / "sarah été.png"
    path.write_bytes(CONTENT)
    sha256 = sha256_hex(CONTENT)
    return FileImage(path, "assets/sarah été.png", sha256, "image/png", len(CONTENT), 512, 512)


class Server:
    """Answers uploads as the API page says, unless told otherwise, and keeps every request."""

    def __init__(self, **answers: httpx.Response) -> None:
        self.answers = answers
        self.requests: list[tuple[httpx.Request, bytes]] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        self.requests.append((request, body))
        step = "put" if request.method == "PUT" else request.url.path.rpartition("/")[2]
        if step in self.answers:
            return self.answers[step]
        return {"assets": self._asset, "direct-uploads": self._target}.get(step, self._done)()

    def _asset(self) -> httpx.Response:
        data = {"asset_id": "asset_1", "mime_type": "image/png", "size_bytes": len(CONTENT)}
        return httpx.Response(200, json={"data": data | {"url": "https://x"}})

    def _target(self) -> httpx.Response:
        return httpx.Response(200, json={"data": target()})

    def _done(self) -> httpx.Response:
        return httpx.Response(200, json={"data": {}})

    def steps(self) -> list[tuple[str, str]]:
        return [(request.method, str(request.url)) for request, _ in self.requests]


def target(**changes: object) -> dict[str, object]:
    return {
        "asset_id": "asset_1",
        "upload_url": STORAGE,
        "upload_headers": {"Content-Type": "image/png", "x-amz-meta-owner": "sarah"},
        "expires_in_seconds": 900,
        "max_bytes": 10**9,
        "status": "pending_upload",
    } | changes


async def upload(server: Server, image: FileImage, **options: Any) -> object:
    transport = httpx.MockTransport(server)
    async with HeyGen(Credentials("planted-key"), BASE, transport=transport, **options) as api:
        return await api.upload(image, "key-1")


async def test_a_picture_is_one_part_with_its_name_and_type(image: FileImage) -> None:
    server = Server()
    assert await upload(server, image) == Answer(AssetData("asset_1", "image/png", len(CONTENT)))
    ((request, body),) = server.requests
    assert (request.method, str(request.url)) == ("POST", f"{BASE}/v3/assets")
    assert request.headers["Idempotency-Key"] == "key-1"
    assert request.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert request.headers["Content-Length"] == str(len(body))
    head, _, rest = body.partition(b"\r\n\r\n")
    assert 'name="file"; filename="sarah été.png"'.encode() in head
    assert b"Content-Type: image/png" in head
    assert rest.partition(b"\r\n--")[0] == CONTENT
    assert body.count(b"Content-Disposition") == 1


@pytest.mark.parametrize("large", [False, True])
async def test_a_file_that_changed_is_not_sent(image: FileImage, large: bool) -> None:
    image.path.write_bytes(CONTENT.replace(b"PNG", b"png"))
    server = Server()
    reply = await upload(server, image, largest_part=10 if large else LARGEST_PART)
    assert isinstance(reply, NotSent)
    assert reply.reason.startswith("the file changed since it was read: assets/sarah été.png")
    assert server.requests == []


@pytest.mark.parametrize("large", [False, True])
async def test_a_file_that_is_gone_is_not_sent(image: FileImage, large: bool) -> None:
    image.path.unlink()
    server = Server()
    reply = await upload(server, image, largest_part=10 if large else LARGEST_PART)
    assert isinstance(reply, NotSent)
    assert "the file changed since it was read" in reply.reason
    assert server.requests == []


async def test_a_refused_upload_is_a_refusal(image: FileImage) -> None:
    error = {"error": {"code": "payload_too_large", "message": "no"}}
    server = Server(assets=httpx.Response(413, json=error))
    assert await upload(server, image) == Refusal(413, "payload_too_large", "no")


async def test_exactly_32_mb_still_goes_in_one_request(image: FileImage) -> None:
    assert LARGEST_PART == 32 * 2**20
    server = Server()
    await upload(server, image, largest_part=len(CONTENT))
    assert server.steps() == [("POST", f"{BASE}/v3/assets")]


async def test_a_large_file_goes_through_the_storage(image: FileImage) -> None:
    server = Server()
    reply = await upload(server, image, largest_part=10)
    assert reply == Answer(AssetData("asset_1", "image/png", len(CONTENT)))
    assert server.steps() == [
        ("POST", f"{BASE}/v3/assets/direct-uploads"),
        ("PUT", STORAGE),
        ("POST", f"{BASE}/v3/assets/asset_1/complete"),
    ]
    (create, wanted), (put, sent), (complete, _) = server.requests
    assert json.loads(wanted) == {
        "filename": "sarah été.png",
        "content_type": "image/png",
        "size_bytes": len(CONTENT),
        "checksum_sha256": image.sha256,
    }
    assert create.headers["Idempotency-Key"] == complete.headers["Idempotency-Key"] == "key-1"
    assert sent == CONTENT
    assert dict(put.headers) == {
        "host": "storage.example",
        "content-type": "image/png",
        "x-amz-meta-owner": "sarah",
        "content-length": str(len(CONTENT)),
    }


@pytest.mark.parametrize("status", [301, 307, 400, 403, 413, 500, 503])
async def test_trouble_with_the_storage_says_nothing_about_the_account(
    image: FileImage, status: int
) -> None:
    server = Server(put=httpx.Response(status, headers={"Location": "https://evil.example"}))
    reply = await upload(server, image, largest_part=10)
    assert reply == Lost(f"the upload's storage answered HTTP {status}", status)
    assert [step[0] for step in server.steps()] == ["POST", "PUT"]


async def test_a_storage_that_cannot_be_reached_leaves_the_upload_lost(image: FileImage) -> None:
    async def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "PUT":
            raise httpx.ConnectError("refused")
        return httpx.Response(200, json={"data": target()})

    transport = httpx.MockTransport(answer)
    options: dict[str, Any] = {"transport": transport, "largest_part": 10}
    async with HeyGen(Credentials("planted-key"), BASE, **options) as api:
        assert isinstance(await api.upload(image, "key-1"), Lost)


@pytest.mark.parametrize(
    "changes",
    [
        {"asset_id": ""},
        {"upload_url": None},
        {"upload_url": "http://storage.example/1"},
        {"upload_url": "file:///etc/passwd"},
        {"upload_headers": ["Content-Type"]},
        {"upload_headers": {"Content-Length": 5}},
        {"upload_headers": {"X-Evil": "a\r\nHost: b"}},
    ],
)
async def test_an_upload_link_that_cannot_be_trusted_is_not_used(
    image: FileImage, changes: dict[str, object]
) -> None:
    answer = httpx.Response(200, json={"data": target(**changes)})
    server = Server(**{"direct-uploads": answer})
    assert isinstance(await upload(server, image, largest_part=10), Lost)
    assert [step[0] for step in server.steps()] == ["POST"]


async def test_headers_may_be_absent(image: FileImage) -> None:
    answer = httpx.Response(200, json={"data": target(upload_headers=None)})
    server = Server(**{"direct-uploads": answer})
    assert isinstance(await upload(server, image, largest_part=10), Answer)


class Slow(httpx.AsyncBaseTransport):
    """Changes the file after it was checked and before its first byte is taken."""

    def __init__(self, image: FileImage) -> None:
        self._image = image
        self.received = b""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.AsyncByteStream)
        if request.method == "PUT":
            self._image.path.write_bytes(CONTENT.upper())
            async for piece in request.stream:
                self.received += piece
        return httpx.Response(200, json={"data": target()})


async def test_a_file_that_changes_while_it_is_sent_never_arrives_whole(image: FileImage) -> None:
    transport = Slow(image)
    options: dict[str, Any] = {"transport": transport, "largest_part": 10}
    async with HeyGen(Credentials("planted-key"), BASE, **options) as api:
        reply = await api.upload(image, "key-1")
    assert isinstance(reply, Lost)
    assert "changed" in reply.reason
    assert len(transport.received) < len(CONTENT)


async def test_the_type_of_what_was_uploaded_may_be_unknown(image: FileImage) -> None:
    server = Server(assets=httpx.Response(200, json={"data": {"asset_id": "asset_2"}}))
    assert await upload(server, replace(image, source="x")) == Answer(AssetData("asset_2"))
