"""A planted key, and a search for it in everything that a run could print or keep."""

import logging
import traceback
from urllib.parse import quote, unquote

import httpx
import pytest

from runner.heygen.client import HeyGen
from runner.heygen.credentials import Credentials
from runner.replies import Answer, Lost, Refusal
from tests.heygen.loopback import Loopback, Say, http

pytestmark = pytest.mark.anyio
KEY = "sk_planted_0123456789"


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    backend: str = request.param
    return backend


ECHO = f'{{"error":{{"code":"bad {KEY}","message":"key {KEY} is bad","param":"{KEY}"}}}}'.encode()


async def test_no_log_at_any_level_has_the_key(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    says = [Say(http(200, b"{}"), "keep"), Say(http(401, ECHO), "keep"), Say(b"", "reset")]
    with Loopback(*says) as server:
        async with HeyGen(Credentials(KEY), server.url) as api:
            for number in range(len(says)):
                await api.create_avatar(b"{}", f"key-{number}")
        assert KEY.encode() in server.requests[0]
    assert {record.name.partition(".")[0] for record in caplog.records} >= {"httpx", "httpcore"}
    assert KEY not in caplog.text
    assert not [record for record in caplog.records if KEY in repr(record.__dict__)]


async def test_a_server_that_repeats_the_key_is_not_quoted() -> None:
    transport = httpx.MockTransport(
        lambda _: httpx.Response(401, content=ECHO, headers={"X-Request-Id": KEY})
    )
    async with HeyGen(Credentials(KEY), "https://api.example", transport=transport) as api:
        reply = await api.me()
    assert isinstance(reply, Refusal)
    assert reply.message == "key *** is bad"
    assert KEY not in repr(reply)


async def test_a_success_that_repeats_the_key_is_not_quoted() -> None:
    error = {"code": KEY, "message": f"{KEY} may not do this"}
    look = {"id": "look_1", "group_id": "group_1", "status": "failed", "error": error}
    bodies: list[object] = [look, {"avatar_item": look}, [look]]

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"data": bodies.pop(0)}, headers={"X-Request-Id": KEY})

    transport = httpx.MockTransport(answer)
    async with HeyGen(Credentials(KEY), "https://api.example", transport=transport) as api:
        replies = [
            await api.look("look_1"), await api.create_avatar(b"{}", "key-1"), await api.looks()
        ]  # fmt: skip
    assert all(isinstance(reply, Answer) for reply in replies)
    assert repr(replies).count("*** may not do this") == 3
    assert KEY not in repr(replies)


@pytest.mark.parametrize("spelled", [KEY, KEY.upper(), quote(KEY.upper()).replace("_", "%5f")])
async def test_the_key_is_redacted_wherever_the_api_repeats_it(spelled: str) -> None:
    """In names, ids and links too: a link would carry it to another host."""
    link = f"https://files.example/a.png?k={spelled}"
    look = {"id": spelled, "group_id": spelled, "name": spelled, "status": spelled}
    look |= {"avatar_type": spelled, "preview_image_url": link}
    group = {"id": spelled, "name": spelled, "consent_status": spelled}
    user = {"username": spelled, "billing_type": spelled, "subscription": {"plan": spelled}}
    error = {"code": f"bad {spelled}", "message": link, "param": spelled}
    said = [look, {"avatar_item": look, "avatar_group": group}, [look], group, user, {"url": link}]
    bodies: list[dict[str, object]] = [{"data": data} for data in said]

    def answer(_: httpx.Request) -> httpx.Response:
        status, body = (200, bodies.pop(0)) if bodies else (400, {"error": error})
        return httpx.Response(status, json=body, headers={"X-Request-Id": f"req {spelled}"})

    transport = httpx.MockTransport(answer)
    async with HeyGen(Credentials(KEY), "https://api.example", transport=transport) as api:
        replies = [
            *(await api.look("***"), await api.create_avatar(b"{}", "key-1")),
            *(await api.looks(), await api.group("***"), await api.me()),
            *(await api.consent("***", "key-1"), await api.me()),
        ]
    assert [type(reply) for reply in replies] == [Answer] * 6 + [Refusal]
    assert "planted" not in unquote(repr(replies)).lower()


async def test_an_error_that_repeats_the_key_is_not_quoted() -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.LocalProtocolError(f"illegal header: {request.headers['x-api-key']}")

    transport = httpx.MockTransport(fail)
    async with HeyGen(Credentials(KEY), "https://api.example", transport=transport) as api:
        assert await api.me() == Lost("the request cannot be written: illegal header: ***")


async def test_no_traceback_has_the_key_even_with_its_locals() -> None:
    api = HeyGen(Credentials(KEY), "https://api.example")
    with pytest.raises(RuntimeError) as unopened:
        await api.me()
    async with api:
        with pytest.raises(ValueError, match="idempotency") as misused:
            await api.create_avatar(b"{}", "not a key")
    for error in (unopened.value, misused.value):
        lines = traceback.TracebackException.from_exception(error, capture_locals=True).format()
        assert KEY not in "".join(lines)


async def test_nothing_that_is_shown_of_the_client_has_the_key() -> None:
    async with HeyGen(Credentials(KEY), "https://api.example") as api:
        assert repr(api) == str(api) == "HeyGen('https://api.example')"
        assert KEY not in repr(vars(api))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_carries_the_key_anywhere(status: int) -> None:
    with Loopback() as thief:
        away = Say(http(status, b"", f"Location: {thief.url}/v3/users/me"), "keep")
        with Loopback(away, away) as server:
            async with HeyGen(Credentials(KEY), server.url) as api:
                assert isinstance(await api.me(), Lost)
                assert isinstance(await api.create_avatar(b"{}", "key-1"), Lost)
        assert thief.connections == 0
