"""Any bytes as requests to the simulator, or as its state file: an answer of its own, or words.

The first byte chooses. Requests are read as its server reads them; nothing that they say may lead
to a file, to an answer for another machine's name, or to a failure of the simulator's own.
"""

import json
from functools import partial
from typing import Any

import anyio
import h11

from runner.simulator.app import create_app
from runner.simulator.journal import StateError
from runner.simulator.server import _LoopbackNames
from tests.fuzz.target import Broken, Target, demand, folder, written
from tests.simulator.client import Clock, png, settings_of

MOST_REQUESTS = 6
LOCAL = {"localhost", "127.0.0.1", "[::1]", "localhost."}
SECRET = b"nobody's business"

WORDS = (
    *(
        "GET ",
        "POST ",
        "PATCH ",
        "DELETE ",
        "PUT ",
        "HEAD ",
        "OPTIONS ",
        " HTTP/1.1\r\n",
        "\r\n\r\n",
    ),
    *("/v3/avatars", "/v3/avatars/looks", "/v3/avatars/looks/", "/v3/assets", "/v3/users/me"),
    *("/v3/assets/direct-uploads", "/complete", "/consent", "/files/looks/", "/files/assets/"),
    *("/files/uploads/", "/__simulator__/stats", "/__simulator__/looks/", "/openapi.json", "/../"),
    *("Host: localhost\r\n", "Host: a.example\r\n", "X-Api-Key: k\r\n", "Idempotency-Key: k1\r\n"),
    *("Content-Type: application/json\r\n", "Content-Length: ", "Transfer-Encoding: chunked\r\n"),
    *(
        "multipart/form-data; boundary=b",
        "--b\r\n",
        "--b--\r\n",
        'filename="../x"',
        "%2e%2e%2f",
        "%00",
    ),
    *('{"type":"prompt"', '"name"', '"prompt"', '"avatar_id"', '"reference_images"', '"photo"'),
    *("NaN", "1e999", "[[[[", "\\ud800", "\\u0000", "null", "?limit=50&token=", "signature="),
    *('["look",', '["group",', '["asset",', '["answer",', '["blob",', "\n"),
)


def run(data: bytes) -> None:
    """Send it, or begin with it."""
    if data[:1] and data[0] % 2:
        began(data[1:])
    else:
        anyio.run(partial(asked, data[1:]))


# --- requests -------------------------------------------------------------------------------------


async def asked(said: bytes) -> None:
    clock = Clock()
    app = create_app(settings_of(), clock=clock, sleep=clock.sleep)
    try:
        for scope, body in requests(said):
            status, answer = await answered(_LoopbackNames(app), scope, body)
            host = dict(scope["headers"]).get(b"host", b"").decode("latin-1").lower()
            name = host if host.startswith("[") else host.partition(":")[0]
            local = name in LOCAL or name.startswith(("[::1]:", "127."))
            demand(local or status == 421, f"{host!r} is no name of this machine")
            demand(200 <= status < 500, f"the simulator answers for itself: {status}")
            demand(SECRET not in answer, "no file of this machine is shown")
            clock.now += 5
        figures = app.state.simulator.account
        demand(len(figures.looks) < 20, "what was made was asked for")
    finally:
        app.state.simulator.close()


def requests(said: bytes) -> list[tuple[dict[str, Any], bytes]]:
    """Return what the server's parser understands, as ASGI has it."""
    found: list[tuple[dict[str, Any], bytes]] = []
    for piece in said.split(b"\xff\xfe")[:MOST_REQUESTS]:
        connection = h11.Connection(h11.SERVER)
        body = b""
        scope: dict[str, Any] | None = None
        try:
            connection.receive_data(piece)
            connection.receive_data(b"")
            while not isinstance(event := connection.next_event(), h11.EndOfMessage):
                if isinstance(event, h11.Request):
                    scope = as_scope(event)
                elif isinstance(event, h11.Data):
                    body += event.data
                else:
                    break
        except h11.RemoteProtocolError:
            pass  # its server answers 400 by itself; what came before may have reached the program
        if scope is not None:
            found.append((scope, body))
    return found


def as_scope(request: h11.Request) -> dict[str, Any]:
    from urllib.parse import unquote

    target, _, query = request.target.partition(b"?")
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method.decode("ascii"),
        "scheme": "http",
        "path": unquote(target.decode("ascii")),
        "raw_path": target,
        "query_string": query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers],
        "server": ("127.0.0.1", 8765),
        "client": ("127.0.0.1", 50000),
        "extensions": {},
    }


async def answered(app: Any, scope: dict[str, Any], body: bytes) -> tuple[int, bytes]:
    """Return status and body; each is sent once, and JSON is JSON."""
    pending = [{"type": "http.request", "body": body, "more_body": False}]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return pending.pop() if pending else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    starts = [message for message in sent if message["type"] == "http.response.start"]
    demand(len(starts) == 1, "one answer to one request")
    answer = b"".join(message.get("body", b"") for message in sent)
    headers = {name.lower(): value for name, value in starts[0]["headers"]}
    for value in headers.values():
        demand(not set(value) & {10, 13, 0}, "a header is one line")
    if headers.get(b"content-type", b"").startswith(b"application/json") and answer:
        try:
            json.loads(answer)
        except ValueError as error:
            raise Broken(f"JSON is JSON: {error}") from None
    return int(starts[0]["status"]), answer


# --- the state file -------------------------------------------------------------------------------


def began(content: bytes) -> None:
    """Begin with a state file that somebody else wrote, beside files that are not its own."""
    home = folder() / "simulator"
    outside = folder() / "outside.png"
    outside.write_bytes(SECRET)
    files = home / "state.files"
    files.mkdir(parents=True, exist_ok=True)
    (home / "state").write_bytes(content)
    try:
        app = create_app(settings_of(state=home / "state"), clock=Clock())
    except StateError as error:
        written(str(error), "the refusal")
    else:
        try:
            anyio.run(partial(looked_at, app))
        finally:
            app.state.simulator.close()
    demand(outside.read_bytes() == SECRET, "no other file is changed")
    for path in home.iterdir():
        demand(path.name.startswith("state"), f"it writes its own files alone: {path.name}")


async def looked_at(app: Any) -> None:
    """Look at all that it shows."""
    paths = ["/", "/__simulator__/stats", "/v3/avatars/looks", "/v3/avatars", "/v3/users/me"]
    account = app.state.simulator.account
    paths += [f"/v3/avatars/looks/{one}" for one in [*account.looks][:5]]
    paths += [f"/v3/assets/{one}" for one in [*account.assets][:5]]
    for path in paths:
        head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: k\r\n\r\n"
        for scope, body in requests(head.encode("ascii", "replace")):
            status, answer = await answered(app, scope, body)
            demand(status < 500, f"an odd state is refused, or answered for: {path} {status}")
            demand(SECRET not in answer, "no file of this machine is shown")


# --- where a search starts ------------------------------------------------------------------------


def request(method: str, path: str, body: bytes = b"", *more: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "X-Api-Key: k", *more]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


JSON = "Content-Type: application/json"


def seeds() -> list[bytes]:
    made = json.dumps({"type": "prompt", "name": "A", "prompt": "A navy blazer"}).encode()
    boundary = b'--b\r\nContent-Disposition: form-data; name="file"; filename="../a.png"\r\n'
    boundary += b"Content-Type: image/png\r\n\r\n" + png(64, 64) + b"\r\n--b--\r\n"
    form = "Content-Type: multipart/form-data; boundary=b"
    direct = json.dumps({"filename": "../a.png", "content_type": "image/png", "size": 9}).encode()
    create = request("POST", "/v3/avatars", made, JSON, "Idempotency-Key: k1")
    told = [
        [create, create, request("GET", "/v3/avatars/looks?limit=2")],
        [request("POST", "/v3/assets", boundary, form)],
        [request("POST", "/v3/assets/direct-uploads", direct, JSON)],
        [request("GET", path) for path in ("/", "/openapi.json", "/v3/users/me", "/consent/g?x=1")],
        [request("PATCH", "/v3/avatars/looks/look_public_annie", b'{"name": "\\ud800"}', JSON)],
        [request("GET", "/files/assets/%2e%2e%2foutside.png?signature=1")],
        [b"GET /v3/users/me HTTP/1.1\r\nHost: a.example\r\n\r\n"],
        [b"POST /v3/avatars HTTP/1.1\r\nHost: [::1]:1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{"],
    ]
    found = [b"\x00" + b"\xff\xfe".join(requests_of) for requests_of in told]
    return [*found, b"\x01" + state_file(), b"\x01"]


def state_file() -> bytes:
    """Return the state of a simulator that made a look and keeps a file."""
    path = folder() / "written" / "state"
    if not path.exists():
        clock = Clock()
        app = create_app(settings_of(state=path), clock=clock, sleep=clock.sleep)

        async def made() -> None:
            body = json.dumps({"type": "prompt", "name": "A", "prompt": "A navy blazer"}).encode()
            for scope, content in requests(request("POST", "/v3/avatars", body, JSON)):
                await answered(app, scope, content)
            boundary = (
                b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
            )
            boundary += png(64, 64) + b"\r\n--b--\r\n"
            form = "Content-Type: multipart/form-data; boundary=b"
            for scope, content in requests(request("POST", "/v3/assets", boundary, form)):
                await answered(app, scope, content)

        anyio.run(made)
        app.state.simulator.close()
    return path.read_bytes()


WATCHED = ("runner.simulator",)
TARGET = Target("simulator", run, seeds, WORDS, WATCHED, json=True)
