from pathlib import Path

import httpx
import pytest

from runner.canonical import sha256_hex
from runner.heygen.client import HeyGen
from runner.heygen.credentials import Credentials
from runner.heygen.upload import LARGEST_UPLOAD
from runner.manifest.images import MAX_UPLOAD_BYTES
from runner.model import FileImage
from runner.replies import Answer, AssetData, NotSent, Refusal

pytestmark = pytest.mark.anyio
BASE = "https://api.example"
CONTENT = b"\x89PNG the picture" * 100


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
    """Answers an upload as the API documents, unless told otherwise, and keeps every request."""

    def __init__(self, answer: httpx.Response | None = None) -> None:
        data = {"asset_id": "asset_1", "mime_type": "image/png", "size_bytes": len(CONTENT)}
        self.answer = answer or httpx.Response(200, json={"data": data | {"url": "https://x"}})
        self.requests: list[tuple[httpx.Request, bytes]] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append((request, await request.aread()))
        return self.answer


async def upload(server: Server, image: FileImage) -> object:
    transport = httpx.MockTransport(server)
    async with HeyGen(Credentials("planted-key"), BASE, transport=transport) as api:
        return await api.upload(image, "key-1")


async def test_a_picture_is_one_part_with_its_name_and_type(image: FileImage) -> None:
    server = Server()
    assert await upload(server, image) == Answer(AssetData("asset_1"))
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


async def test_a_file_that_changed_is_not_sent(image: FileImage) -> None:
    image.path.write_bytes(CONTENT.replace(b"PNG", b"png"))
    server = Server()
    reply = await upload(server, image)
    assert isinstance(reply, NotSent)
    assert reply.reason.startswith("the file changed since it was read: assets/sarah été.png")
    assert server.requests == []


async def test_a_file_that_is_gone_is_not_sent(image: FileImage) -> None:
    image.path.unlink()
    server = Server()
    reply = await upload(server, image)
    assert isinstance(reply, NotSent)
    assert "the file changed since it was read" in reply.reason
    assert server.requests == []


async def test_a_refused_upload_is_a_refusal(image: FileImage) -> None:
    error = {"error": {"code": "payload_too_large", "message": "no"}}
    server = Server(httpx.Response(413, json=error))
    assert await upload(server, image) == Refusal(413, "payload_too_large", "no")


async def test_what_a_manifest_takes_is_what_one_request_takes() -> None:
    assert LARGEST_UPLOAD == MAX_UPLOAD_BYTES == 32 * 2**20


async def test_the_type_of_what_was_uploaded_may_be_unknown(image: FileImage) -> None:
    server = Server(httpx.Response(200, json={"data": {"asset_id": "asset_2"}}))
    assert await upload(server, image._replace(source="x")) == Answer(AssetData("asset_2"))
