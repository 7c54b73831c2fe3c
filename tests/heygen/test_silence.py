"""Not sent or lost: the difference between free and paid, for everything that can go wrong."""

import gzip
import math
import ssl
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest
import trio.testing
from pytest_httpx import HTTPXMock

from runner.heygen.client import HeyGen
from runner.heygen.connection import NOT_SENT_ERRORS, explain_http_error
from runner.heygen.credentials import Credentials
from runner.replies import Answer, Lost, NotSent, Refusal
from tests.heygen.loopback import Loopback, Say, http

pytestmark = pytest.mark.anyio
BOUGHT = b'{"data":{"avatar_item":{"id":"look_1"},"avatar_group":{"id":"group_1"}}}'


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    backend: str = request.param
    return backend


@pytest.fixture
def one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """One request at a time: one that kept its place would keep out every other."""
    monkeypatch.setattr("runner.heygen.client._MAX_CONCURRENT_REQUESTS", 1)


def client(base: str = "https://api.example", **options: Any) -> HeyGen:
    return HeyGen(Credentials("sk_planted_0123456789"), base, **options)


# --- every class of httpx's errors ----------------------------------------------------------------

EXCEPTIONS: dict[str, type[NotSent | Lost]] = {
    "HTTPError": Lost,
    "RequestError": Lost,
    "TransportError": Lost,
    "TimeoutException": Lost,
    "ConnectTimeout": NotSent,
    "ReadTimeout": Lost,
    "WriteTimeout": Lost,
    "PoolTimeout": NotSent,
    "NetworkError": Lost,
    "ConnectError": NotSent,
    "ReadError": Lost,
    "WriteError": Lost,
    "CloseError": Lost,
    "ProtocolError": Lost,
    "LocalProtocolError": Lost,
    "RemoteProtocolError": Lost,
    "ProxyError": NotSent,
    "UnsupportedProtocol": NotSent,
    "DecodingError": Lost,
    "TooManyRedirects": Lost,
    "HTTPStatusError": Lost,
    "InvalidURL": NotSent,
    "CookieConflict": Lost,
    "StreamError": Lost,
    "StreamConsumed": Lost,
    "StreamClosed": Lost,
    "ResponseNotRead": Lost,
    "RequestNotRead": Lost,
}


def _made(kind: type[Exception]) -> Exception:
    if kind is httpx.HTTPStatusError:
        request = httpx.Request("GET", "https://api.example")
        return httpx.HTTPStatusError("x", request=request, response=httpx.Response(500))
    quiet = (httpx.StreamConsumed, httpx.StreamClosed, httpx.ResponseNotRead, httpx.RequestNotRead)
    return kind() if issubclass(kind, quiet) else kind("a reason")


def test_every_error_of_httpx_has_its_place_in_the_table() -> None:
    exported = [getattr(httpx, name) for name in httpx.__all__]
    errors = [x for x in exported if isinstance(x, type) and issubclass(x, Exception)]
    assert {error.__name__ for error in errors} == set(EXCEPTIONS)


def test_no_error_that_never_left_covers_one_that_may_have() -> None:
    for name, outcome in EXCEPTIONS.items():
        assert issubclass(getattr(httpx, name), NOT_SENT_ERRORS) is (outcome is NotSent), name


async def test_an_error_of_httpx_is_not_sent_or_lost(httpx_mock: HTTPXMock) -> None:
    wrong = []
    for number, (name, outcome) in enumerate(EXCEPTIONS.items(), 1):
        error = _made(getattr(httpx, name))
        httpx_mock.add_exception(error)
        async with client() as api:
            reply = await api.create_avatar(b"{}", "key-1")
        assert len(httpx_mock.get_requests()) == number
        if not isinstance(reply, outcome) or not reply.reason.startswith(explain_http_error(error)):
            wrong.append((name, reply))
    assert not wrong


def test_no_error_of_the_network_is_told_by_the_name_of_its_class() -> None:
    for name in EXCEPTIONS:
        kind: type[Exception] = getattr(httpx, name)
        if issubclass(kind, httpx.TransportError) and kind is not httpx.TransportError:
            assert name not in explain_http_error(_made(kind))


@pytest.mark.parametrize(
    "error",
    [
        ssl.SSLError(1, "decryption failed or bad record mac"),
        OSError(5, "input/output error"),
        TimeoutError(),
        anyio.BrokenResourceError(),
        ValueError("anything at all"),
        ExceptionGroup("several", [OSError("one"), OSError("other")]),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_an_error_from_below_httpx_is_lost(error: Exception) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise error

    async with client(transport=httpx.MockTransport(fail)) as api:
        assert isinstance(await api.create_avatar(b"{}", "key-1"), Lost)


async def test_an_error_while_the_body_comes_keeps_the_status() -> None:
    class Breaking(httpx.AsyncByteStream):
        async def __aiter__(self) -> Any:
            yield b'{"data":'
            raise httpx.ReadError("reset")

    transport = httpx.MockTransport(lambda _: httpx.Response(402, stream=Breaking()))
    async with client(transport=transport) as api:
        reply = await api.create_avatar(b"{}", "key-1")
    assert reply == Lost("HTTP 402, then the connection broke: reset", 402)


async def test_a_link_too_long_to_be_sent_was_never_sent() -> None:
    async with client() as api:
        assert isinstance(await api.looks(token="t" * 100_000), NotSent)


# --- real connections -----------------------------------------------------------------------------

BROKEN = {
    "closed without a word": Say(b""),
    "reset without a word": Say(b"", "reset"),
    "half a status line": Say(b"HTTP/1.1 20"),
    "half the headers": Say(b"HTTP/1.1 200 OK\r\nContent-Len"),
    "no HTTP": Say(b"SSH-2.0-OpenSSH_9.9\r\n\r\n"),
    "body cut short": Say(http(200, BOUGHT, length=len(BOUGHT) + 1)),
    "body cut to nothing": Say(http(200, b"", length=len(BOUGHT))),
    "refusal cut short": Say(http(402, b'{"error":{"code":"insuff', length=200)),
    "body reset": Say(http(200, BOUGHT[:9], length=len(BOUGHT)), "reset"),
    "chunks cut short": Say(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"dat'),
    "chunks without an end": Say(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n48\r\n" + BOUGHT + b"\r\n"
    ),
    "undecodable": Say(http(200, BOUGHT, "Content-Encoding: gzip")),
    "compressed and cut short": Say(
        http(200, gzip.compress(BOUGHT)[:-9], "Content-Encoding: gzip")
    ),
    "compressed and followed by more": Say(
        http(200, gzip.compress(BOUGHT) + b"more", "Content-Encoding: gzip")
    ),
    "an encoding of its own": Say(http(200, BOUGHT, "Content-Encoding: br")),
    "not JSON": Say(http(200, b"<html>welcome</html>")),
    "no length, cut short": Say(b"HTTP/1.1 200 OK\r\n\r\n" + BOUGHT[:-9]),
    "no id": Say(http(200, b'{"data":{"avatar_item":{},"avatar_group":{"id":"group_1"}}}')),
    "empty": Say(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "upgrade": Say(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"
    ),
    "redirect": Say(http(307, b"", "Location: /v3/elsewhere")),
    "redirect to nowhere": Say(http(302, b"", "Location: https://[")),
    "headers without end": Say(b"HTTP/1.1 200 OK\r\n" + b"X: " + b"x" * 200_000),
}


@pytest.mark.parametrize("say", BROKEN.values(), ids=BROKEN.keys())
async def test_an_answer_that_is_not_whole_is_lost_and_nothing_is_repeated(say: Say) -> None:
    with Loopback(say) as server:
        async with client(server.url) as api:
            reply = await api.create_avatar(b"{}", "key-1")
        assert isinstance(reply, Lost)
        assert [request[:17] for request in server.requests] == [b"POST /v3/avatars "]


LARGE = b'{"data":"' + b"x" * 100_000 + b'"}'
TOO_LARGE = {
    "and says so": http(200, LARGE),
    "and does not say so": b"HTTP/1.1 200 OK\r\n\r\n" + LARGE,
    "once it is unfolded": http(200, gzip.compress(LARGE), "Content-Encoding: gzip"),
}


# httpx leaves its generators to be collected when a body is not read to its end; trio says so.
@pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")
@pytest.mark.parametrize("data", TOO_LARGE.values(), ids=TOO_LARGE.keys())
async def test_an_answer_larger_than_the_bound_is_lost(
    data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.heygen.client._MAX_ANSWER_BYTES", 10_000)
    with Loopback(Say(data)) as server:
        async with client(server.url) as api:
            reply = await api.create_avatar(b"{}", "key-1")
    assert isinstance(reply, Lost)
    assert "larg" in reply.reason
    assert reply.status == 200


async def test_a_compressed_answer_is_read() -> None:
    say = Say(http(200, gzip.compress(BOUGHT), "Content-Encoding: gzip"))
    with Loopback(say) as server:
        async with client(server.url) as api:
            assert isinstance(await api.create_avatar(b"{}", "key-1"), Answer)
        assert b"accept-encoding: gzip\r\n" in server.requests[0].lower()


async def test_a_whole_answer_is_an_answer_and_its_connection_is_used_again() -> None:
    with Loopback(Say(http(200, BOUGHT), "keep"), Say(http(500, b""), "keep")) as server:
        async with client(server.url) as api:
            assert isinstance(await api.create_avatar(b"{}", "key-1"), Answer)
            assert isinstance(await api.create_avatar(b"{}", "key-2"), Refusal)
        assert server.connections == 1


@pytest.mark.parametrize("then", ["close", "reset"])
async def test_a_kept_connection_that_closes_on_a_request_loses_it(then: Any) -> None:
    with Loopback(Say(http(200, BOUGHT), "keep"), Say(b"", then)) as server:
        async with client(server.url) as api:
            assert isinstance(await api.create_avatar(b"{}", "key-1"), Answer)
            assert isinstance(await api.create_avatar(b"{}", "key-2"), Lost)
        assert server.connections == 1
        assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("status", "cut", "outcome"),
    [(200, 0, Answer), (200, 1, Lost), (402, 0, Refusal), (402, 1, Lost)],
)
async def test_an_application_can_take_the_place_of_the_network(
    status: int, cut: int, outcome: type[object]
) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert scope["path"] == "/v3/avatars"
        length = str(len(BOUGHT)).encode()
        start = {"type": "http.response.start", "status": status}
        await send({**start, "headers": [(b"content-length", length)]})
        await send({"type": "http.response.body", "body": BOUGHT[: len(BOUGHT) - cut]})

    async with client(transport=httpx.ASGITransport(application)) as api:
        assert isinstance(await api.create_avatar(b"{}", "key-1"), outcome)


async def test_a_lost_request_does_not_spoil_the_next(one_at_a_time: None) -> None:
    with Loopback(Say(b""), Say(http(200, BOUGHT))) as server:
        async with client(server.url) as api:
            assert isinstance(await api.create_avatar(b"{}", "key-1"), Lost)
            assert isinstance(await api.create_avatar(b"{}", "key-2"), Answer)


async def test_a_cancelled_request_does_not_spoil_the_next(one_at_a_time: None) -> None:
    with Loopback(Say(b"HTTP/1.1 200", "hold"), Say(http(200, BOUGHT))) as server:
        async with client(server.url) as api:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(api.create_avatar, b"{}", "key-1")
                while not server.requests:
                    await anyio.lowlevel.checkpoint()
                tasks.cancel_scope.cancel()
            assert isinstance(await api.create_avatar(b"{}", "key-2"), Answer)


async def test_a_closed_port_was_never_sent_to() -> None:
    with Loopback() as server:
        url = server.url
    async with client(url) as api:
        assert isinstance(await api.create_avatar(b"{}", "key-1"), NotSent)


async def test_a_server_that_speaks_no_tls_never_saw_the_request() -> None:
    with Loopback() as server:
        async with client(f"https://127.0.0.1:{server.port}") as api:
            reply = await api.create_avatar(b"{}", "key-1")
        assert isinstance(reply, NotSent)
        assert server.requests == []
        assert server.connections == 1


async def test_a_proxy_that_refuses_never_saw_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    with Loopback(Say(http(502, b"no"))) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        async with client("https://api.example") as api:
            reply = await api.create_avatar(b'{"secret":"body"}', "key-1")
        assert isinstance(reply, NotSent)
        (request,) = proxy.requests
    assert request.startswith(b"CONNECT api.example:443 ")
    assert b"sk_planted" not in request
    assert b"secret" not in request


async def test_plain_http_goes_around_every_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with Loopback() as proxy, Loopback(Say(http(200, BOUGHT))) as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        async with client(server.url) as api:
            assert isinstance(await api.create_avatar(b"{}", "key-1"), Answer)
        assert proxy.connections == 0


# --- time, virtual --------------------------------------------------------------------------------


class TestDeadlines:
    @pytest.fixture
    def anyio_backend(self) -> tuple[str, dict[str, Any]]:
        return "trio", {"clock": trio.testing.MockClock(autojump_threshold=0)}

    async def test_a_request_without_an_answer_is_lost_after_its_time(self) -> None:
        transport = httpx.MockTransport(_for_ever)
        async with client(transport=transport) as api:
            began = anyio.current_time()
            assert await api.create_avatar(b"{}", "key-1") == Lost("no answer within 150 s")
            assert anyio.current_time() - began == pytest.approx(150)

    async def test_an_answer_that_trickles_is_lost_after_its_time(self) -> None:
        transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Trickle()))
        async with client(transport=transport) as api:
            began = anyio.current_time()
            assert isinstance(await api.create_avatar(b"{}", "key-1"), Lost)
            assert anyio.current_time() - began == pytest.approx(150)

    async def test_a_request_that_finds_no_place_in_its_time_was_never_sent(
        self, one_at_a_time: None
    ) -> None:
        sent: list[httpx.Request] = []

        async def stall(request: httpx.Request) -> httpx.Response:
            sent.append(request)
            return await _for_ever(request)

        replies: list[object] = []

        async def create(key: str) -> None:
            replies.append(await api.create_avatar(b"{}", key))

        async with client(transport=httpx.MockTransport(stall)) as api:
            await api._gate.acquire_on_behalf_of("somebody else")
            await create("key-1")
            assert isinstance(replies[0], NotSent)
            assert sent == []

    async def test_cancelling_is_the_only_thing_that_comes_through(self) -> None:
        async with client(transport=httpx.MockTransport(_for_ever)) as api:
            with anyio.move_on_after(5) as scope:
                await api.create_avatar(b"{}", "key-1")
            assert scope.cancelled_caught


class Trickle(httpx.AsyncByteStream):
    async def __aiter__(self) -> Any:
        while True:
            await anyio.sleep(10)
            yield b" "


async def _for_ever(request: httpx.Request) -> httpx.Response:
    await anyio.sleep(math.inf)
    raise AssertionError("unreachable")
