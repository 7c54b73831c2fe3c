"""Stores that speak S3: ``moto``, ``versitygw`` where it was built, and one with faults alone."""

import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

pytest.importorskip("moto", reason="make test-distributed installs moto's server")
pytest.importorskip("obstore", reason="make test-distributed installs obstore")

import obstore
from moto.server import ThreadedMotoServer

from runner.store import objects
from runner.store.objects import open_store
from runner.store.port import ObjectStore, StoreTrouble
from tests.distributed.conftest import LOOKS, Studio
from tests.ledger.postgres import HANGS

pytestmark = [
    pytest.mark.distributed,
    pytest.mark.slow,
]
SECRET = "wJalrXUtnFEMI-store-secret"


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    given = {
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    for bound in ("TIMEOUT", "CONNECT_TIMEOUT", "RETRY_TIMEOUT"):
        monkeypatch.setattr(objects, bound, timedelta(seconds=1))
    monkeypatch.setattr(objects, "RETRIES", 1)
    return given


@contextmanager
def serve_moto(_folder: Path) -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def find_versitygw() -> str | None:
    """Return the program of another store that speaks S3, written in Go, where it was built."""
    folders = (os.environ.get("GOBIN", ""), str(Path.home() / "go" / "bin"))
    path = os.pathsep.join([os.environ.get("PATH", ""), *filter(None, folders)])
    return os.environ.get("VERSITYGW") or shutil.which("versitygw", path=path)


@contextmanager
def serve_versitygw(folder: Path) -> Iterator[str]:
    program = find_versitygw()
    if program is None:
        pytest.skip(
            "versitygw is not here; with Go: "
            "go install github.com/versity/versitygw/cmd/versitygw@v1.8.0"
        )
    root, log = folder / "versitygw", folder / "versitygw.log"
    root.mkdir()
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    given = {
        "ROOT_ACCESS_KEY": os.environ["AWS_ACCESS_KEY_ID"],
        "ROOT_SECRET_KEY": os.environ["AWS_SECRET_ACCESS_KEY"],
        "PATH": os.environ.get("PATH", ""),
    }
    # Without extended attributes: not every file system of a test has them.
    line = [program, "--port", address, "posix", "--sidecar", str(folder / "sidecar"), str(root)]
    (folder / "sidecar").mkdir()
    with log.open("wb") as said:
        process = subprocess.Popen(line, env=given, stdout=said, stderr=said)
    try:
        wait_for_port(address, process, log)
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(HANGS)


def wait_for_port(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    host, _, port = address.partition(":")
    deadline = time.monotonic() + HANGS
    while True:
        assert process.poll() is None, log.read_text()
        try:
            socket.create_connection((host, int(port)), 1.0).close()
        except OSError:
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        else:
            return


SERVERS = {"moto": serve_moto, "versitygw": serve_versitygw}


@pytest.fixture(params=SERVERS)
def s3(
    request: pytest.FixtureRequest,
    credentials: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[str]:
    """An S3 with a bucket ``studio``; its endpoint is in the environment, and returned."""
    import boto3

    with SERVERS[request.param](tmp_path) as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        with closing(boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")) as client:
            client.create_bucket(Bucket="studio")
        yield endpoint


def open_there(address: str, endpoint: str) -> ObjectStore:
    return open_store(address, {"AWS_ENDPOINT_URL": endpoint})


def test_objects_are_kept_whole_created_once_and_typed_for_browsers(s3: str) -> None:
    store = open_there("s3://studio/looks", s3)
    large = b"x" * 6_000_000
    assert store.put("blobs/1", large, if_absent=True)
    assert not store.put("blobs/1", b"other", if_absent=True)
    assert store.get("blobs/1", len(large)) == large
    assert store.get("blobs/2", 10) is None
    with pytest.raises(StoreTrouble, match="larger than 10 bytes"):
        store.get("blobs/1", 10)
    for name in ("catalog.html", "images/l0.1.jpg"):
        store.put(f"campaigns/me/spring/{name}", b"page")
    listed = sorted(store.list("campaigns/me/spring"))
    assert listed == ["campaigns/me/spring/catalog.html", "campaigns/me/spring/images/l0.1.jpg"]
    assert list(store.list("campaigns/me/autumn")) == []
    there = store._store  # type: ignore[attr-defined]
    kind = obstore.get(there, "campaigns/me/spring/catalog.html").attributes["Content-Type"]
    assert kind == "text/html; charset=utf-8"


def test_a_bucket_that_is_not_there_is_lasting_and_told_in_a_line(s3: str) -> None:
    store = open_there("s3://nobodys", s3)
    for ask in (
        lambda: store.put("blobs/1", b"x"),
        lambda: store.get("blobs/1", 10),
        lambda: list(store.list("campaigns")),
    ):
        with pytest.raises(StoreTrouble) as raised:
            ask()
        assert raised.value.reason == "HTTP 404 Not Found (NoSuchBucket)"
        assert raised.value.lasting


REFUSED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
BUSY = (
    b"HTTP/1.1 503 Slow Down\r\nContent-Length: 29\r\nConnection: close\r\n\r\n"
    b"<Error><Code>SlowDown</Code></"
)


@pytest.fixture
def answer(request: pytest.FixtureRequest) -> Iterator[tuple[str, list[socket.socket]]]:
    """A server that answers everything with these bytes, or never: its address, who asked."""
    listener = socket.create_server(("127.0.0.1", 0))
    held: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            held.append(connection)
            if request.param:
                connection.recv(65_536)
                connection.sendall(request.param)
                connection.shutdown(socket.SHUT_WR)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", held
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)
    for connection in held:
        connection.close()


@pytest.mark.parametrize(
    ("answer", "told", "lasting", "tries"),
    [
        (REFUSED, "HTTP 403 Forbidden", True, [1]),
        (BUSY, "HTTP 503", False, [2]),
        (b"", "HTTP error", False, [1, 2]),
    ],
    ids=["refused", "busy", "silent"],
    indirect=["answer"],
)
def test_faults_are_waited_for_within_bounds_and_told_in_a_line(
    answer: tuple[str, list[socket.socket]],
    told: str,
    lasting: bool,
    tries: list[int],
    credentials: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address, asked = answer
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    store = open_there("s3://studio", address)
    with pytest.raises(StoreTrouble) as raised:
        store.put("blobs/1", b"x", if_absent=True)
    assert len(asked) in tries
    assert told in raised.value.reason
    assert raised.value.lasting is lasting
    assert SECRET not in f"{raised.value.reason}{raised.value.__cause__}"
    assert "\n" not in raised.value.reason


def test_a_store_that_is_not_there_is_away(
    credentials: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    store = open_there("s3://studio", f"http://127.0.0.1:{port}")
    with pytest.raises(StoreTrouble) as raised:
        store.get("blobs/1", 10)
    assert not raised.value.lasting


@pytest.mark.parametrize("studio", [{"pictures": True}], indirect=True)
def test_another_machine_takes_pictures_from_the_store_and_not_from_heygen(
    studio: Studio, s3: str, credentials: dict[str, str]
) -> None:
    store = {**credentials, "AWS_ENDPOINT_URL": s3, "LOOKBOOK_STORE": "s3://studio/looks"}
    code, out, err = studio.command("one", "run", "--yes", more=store)
    assert code == 0, err
    page = next(line for line in out.splitlines() if line.startswith("store: "))
    there = open_there("s3://studio/looks", s3)
    place = page.removeprefix("store: s3://studio/looks/").rpartition("/")[0]
    names = {name.removeprefix(f"{place}/") for name in there.list(place)}
    results = json.loads(there.get(f"{place}/results.json", 10**7) or b"")
    assert {look["image"] for look in results["looks"]} <= names
    asked = studio.stats()["requests"]["GET /v3/avatars/looks/{look_id}"]
    code, _, err = studio.command("two", "fetch", more=store)
    assert code == 0, err
    assert f"{LOOKS + 1} pictures from s3://studio/looks." in err
    assert studio.stats()["requests"]["GET /v3/avatars/looks/{look_id}"] == asked
    images = studio.folder / "two" / "spring" / "manifest.lookbook" / "images"
    assert len([*images.iterdir()]) == LOOKS + 1
    assert not [path for path in Path(studio.folder).rglob("*") if _has_secret(path)]
    code, _, err = studio.command("two", "run", "--yes", more={**store, "AWS_REGION": ""})
    assert code == 0, err


def _has_secret(path: Path) -> bool:
    return path.is_file() and SECRET.encode() in path.read_bytes()
