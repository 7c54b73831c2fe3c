"""What each call sends, byte for byte, and what its answer becomes."""

import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import anyio
import certifi
import httpx
import pytest
from pytest_httpx import HTTPXMock

from runner.errors import UsageError
from runner.executor.ports import Api
from runner.heygen.client import HeyGen
from runner.heygen.credentials import Credentials
from runner.heygen.network import check_network_settings, find_certificates
from runner.replies import (
    Answer,
    ConsentData,
    CreatedData,
    GroupData,
    ListPage,
    LookData,
    Lost,
    Refusal,
    UserData,
)

pytestmark = pytest.mark.anyio
KEY = "sk_planted_0123456789"
BASE = "https://api.example/gateway"
LOOK = {"id": "look_1", "name": "Navy", "avatar_type": "photo_avatar", "group_id": "group_1"}
GROUP = {"id": "group_1", "name": "Sarah", "created_at": 5, "looks_count": 1}
LOOK_DATA = LookData("look_1", "Navy", "photo_avatar", "group_1")
GROUP_DATA = GroupData("group_1", "Sarah", 5.0)


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    backend: str = request.param
    return backend


def client(**options: Any) -> HeyGen:
    return HeyGen(Credentials(KEY), BASE, **options)


CALLS: list[tuple[str, Callable[[Api], Awaitable[object]], str, str, object, object]] = [
    (
        "me",
        lambda api: api.me(),
        "GET",
        "/v3/users/me",
        {"data": {"username": "sarah", "wallet": {"remaining_balance": 3}}},
        UserData("sarah", balance=Decimal(3)),
    ),
    (
        "look",
        lambda api: api.look("look_1"),
        "GET",
        "/v3/avatars/looks/look_1",
        {"data": LOOK},
        LOOK_DATA,
    ),
    (
        "a look whose id is strange",
        lambda api: api.look("../../users/me?x=1"),
        "GET",
        "/v3/avatars/looks/..%2F..%2Fusers%2Fme%3Fx%3D1",
        {"data": LOOK | {"id": "../../users/me?x=1"}},
        replace(LOOK_DATA, id="../../users/me?x=1"),
    ),
    (
        "looks",
        lambda api: api.looks(),
        "GET",
        "/v3/avatars/looks?ownership=private&limit=50",
        {"data": [LOOK], "has_more": True, "next_token": "t2"},
        ListPage((LOOK_DATA,), "t2"),
    ),
    (
        "looks of a group, further on",
        lambda api: api.looks(group_id="g&1", limit=20, token="t 2"),
        "GET",
        "/v3/avatars/looks?ownership=private&group_id=g%261&limit=20&token=t+2",
        {"data": [], "has_more": False, "next_token": None},
        ListPage(()),
    ),
    (
        "rename",
        lambda api: api.rename("look_1", "Été"),
        "PATCH",
        "/v3/avatars/looks/look_1",
        {"data": LOOK},
        LOOK_DATA,
    ),
    (
        "delete",
        lambda api: api.delete_look("look_1"),
        "DELETE",
        "/v3/avatars/looks/look_1",
        {"data": {"id": "look_1"}},
        "look_1",
    ),
    (
        "group",
        lambda api: api.group("group_1"),
        "GET",
        "/v3/avatars/group_1",
        {"data": GROUP},
        GROUP_DATA,
    ),
    (
        "groups",
        lambda api: api.groups(token="t2"),
        "GET",
        "/v3/avatars?ownership=private&limit=50&token=t2",
        {"data": [GROUP], "has_more": False},
        ListPage((GROUP_DATA,)),
    ),
    (
        "create",
        lambda api: api.create_avatar(b'{"a":  1}', "key-1"),
        "POST",
        "/v3/avatars",
        {"data": {"avatar_item": LOOK, "avatar_group": GROUP}},
        CreatedData(LOOK_DATA, GROUP_DATA),
    ),
    (
        "consent",
        lambda api: api.consent("group_1", "key-1"),
        "POST",
        "/v3/avatars/group_1/consent",
        {"data": {"url": "https://consent.example/1", "avatar_group": GROUP}},
        ConsentData("https://consent.example/1"),
    ),
]


@pytest.mark.parametrize(
    ("call", "method", "target", "answer", "data"),
    [pytest.param(*row[1:], id=row[0]) for row in CALLS],
)
async def test_each_call_is_one_request_with_the_key(
    httpx_mock: HTTPXMock,
    call: Callable[[Api], Awaitable[object]],
    method: str,
    target: str,
    answer: object,
    data: object,
) -> None:
    httpx_mock.add_response(json=answer, headers={"X-Request-Id": "req_1"})
    async with client() as api:
        assert await call(api) == Answer(data, request_id="req_1")
    (request,) = httpx_mock.get_requests()
    assert (request.method, str(request.url)) == (method, f"{BASE}{target}")
    assert request.headers["X-Api-Key"] == KEY
    assert ("Idempotency-Key" in request.headers) is (method == "POST")


async def test_a_purchase_leaves_byte_for_byte_as_it_was_stored(httpx_mock: HTTPXMock) -> None:
    body = '{ "name":"Sarah — Été",\n "prompt" : "x"}'.encode()
    httpx_mock.add_response(json={"data": {"avatar_item": LOOK, "avatar_group": GROUP}})
    async with client() as api:
        await api.create_avatar(body, "A-z_0:9.")
    (request,) = httpx_mock.get_requests()
    assert request.content == body
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["Content-Length"] == str(len(body))
    assert request.headers["Idempotency-Key"] == "A-z_0:9."
    assert request.headers["User-Agent"].startswith("lookbook/")


async def test_a_rename_says_the_name_and_nothing_else(httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(json={"data": LOOK})
    async with client() as api:
        await api.rename("look_1", "Été 👩‍🚀")
    (request,) = httpx_mock.get_requests()
    assert json.loads(request.content) == {"name": "Été 👩‍🚀"}
    assert request.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        (lambda api: api.look("look_1"), LOOK),
        (lambda api: api.rename("look_1", "Navy"), LOOK),
        (lambda api: api.delete_look("look_1"), {"id": "look_1"}),
        (lambda api: api.group("group_1"), GROUP),
    ],
    ids=["look", "rename", "delete", "group"],
)
async def test_an_answer_about_something_else_than_was_asked_is_not_understood(
    httpx_mock: HTTPXMock, call: Callable[[Api], Awaitable[object]], answer: dict[str, Any]
) -> None:
    httpx_mock.add_response(json={"data": answer})
    httpx_mock.add_response(json={"data": answer | {"id": "another"}})
    async with client() as api:
        assert isinstance(await call(api), Answer)
        assert await call(api) == Lost("HTTP 200, but about something else than asked", 200)


@pytest.mark.parametrize("key", ["", "a b", "é", "x" * 256, "line\n"])
async def test_an_idempotency_key_that_the_api_would_not_take_is_never_sent(key: str) -> None:
    async with client() as api:
        with pytest.raises(ValueError, match="idempotency key"):
            await api.create_avatar(b"{}", key)


@pytest.mark.parametrize(
    "status", [400, 401, 402, 403, 404, 409, 413, 422, 429, 500, 502, 503, 504]
)
async def test_a_refusal_is_asked_for_once_and_handed_on(
    httpx_mock: HTTPXMock, status: int
) -> None:
    error = {"code": "Some_Code", "message": "why", "param": "prompt"}
    headers = {"Retry-After": "Sun, 06 Nov 1994 08:49:47 GMT", "X-Request-Id": "req_1"}
    httpx_mock.add_response(status_code=status, json={"error": error}, headers=headers)
    async with client(now=lambda: 784_111_777.0) as api:
        reply = await api.create_avatar(b"{}", "key-1")
    assert reply == Refusal(status, "some_code", "why", "prompt", 10.0, "req_1")
    assert len(httpx_mock.get_requests()) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_lost_and_never_followed(httpx_mock: HTTPXMock, status: int) -> None:
    httpx_mock.add_response(status_code=status, headers={"Location": "https://evil.example/steal"})
    async with client() as api:
        reply = await api.create_avatar(b"{}", "key-1")
    assert isinstance(reply, Lost)
    assert reply.status == status
    assert [request.url.host for request in httpx_mock.get_requests()] == ["api.example"]


async def test_a_list_that_names_itself_as_its_next_page_is_lost(httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(
        json={"data": [], "has_more": True, "next_token": "t2"}, is_reusable=True
    )
    async with client() as api:
        assert isinstance(await api.looks(), Answer)
        assert isinstance(await api.looks(token="t2"), Lost)
        assert isinstance(await api.groups(token="t2"), Lost)


async def test_requests_at_a_time_are_bounded_apart_from_the_tasks() -> None:
    under_way = most = 0

    async def answer(request: httpx.Request) -> httpx.Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        for _ in range(5):
            await anyio.lowlevel.checkpoint()
        under_way -= 1
        return httpx.Response(200, json={"data": LOOK})

    async with (
        client(transport=httpx.MockTransport(answer)) as api,
        anyio.create_task_group() as tasks,
    ):
        for _ in range(40):
            tasks.start_soon(api.look, "look_1")
    assert most == 16


async def test_the_client_has_to_be_open() -> None:
    api = client()
    with pytest.raises(RuntimeError, match="async with"):
        await api.me()
    async with api:
        pass
    with pytest.raises(RuntimeError, match="async with"):
        await api.me()


def test_a_base_url_is_checked_where_it_is_given() -> None:
    with pytest.raises(UsageError):
        HeyGen(Credentials(KEY), "http://api.heygen.com")
    assert HeyGen(Credentials(KEY), "http://box", allow_http=True).address.host == "box"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTPS_PROXY", "gopher://proxy.example"),
        ("ALL_PROXY", "socks5://127.0.0.1:1"),
        ("SSL_CERT_FILE", "/no/such/file"),
        ("SSL_CERT_FILE", __file__),
    ],
)
async def test_network_variables_that_cannot_be_used_are_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    if value.startswith("socks"):
        monkeypatch.setitem(sys.modules, "socksio", None)
    with pytest.raises(UsageError) as caught:
        async with client():
            pytest.fail("it opened")
    assert name in caught.value.message + (caught.value.hint or "")
    assert ("lookbook-runner[socks]" in (caught.value.hint or "")) == value.startswith("socks")
    with pytest.raises(UsageError):  # at once, also where only pictures come over https
        check_network_settings({name: value})
    async with HeyGen(Credentials(KEY), "http://127.0.0.1:1"):  # no proxy, no certificates
        pass


@pytest.mark.parametrize("value", ["http://proxy.example:99999", "proxy.example:99999"])
def test_a_proxy_whose_port_is_none_is_refused_before_anything_is_asked(value: str) -> None:
    with pytest.raises(UsageError, match="Port out of range"):
        check_network_settings({"HTTPS_PROXY": value})


@pytest.mark.parametrize("value", ["http://anna:hid#den@proxy:1", "http://anna:hid/den@proxy:1"])
def test_a_proxy_that_cannot_be_used_is_refused_without_its_password(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", value)
    with pytest.raises(UsageError) as caught:
        check_network_settings({"HTTPS_PROXY": value})
    assert "hid" not in caught.value.message
    assert "%23" in (caught.value.hint or "")


def test_without_such_variables_no_certificates_are_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runner.heygen.network.find_certificates", lambda: pytest.fail("loaded"))
    check_network_settings({"HEYGEN_API_KEY": KEY})


def test_certificates_are_loaded_once_and_again_where_the_environment_names_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = find_certificates()
    assert find_certificates("https://elsewhere.example") is first
    monkeypatch.setenv("SSL_CERT_FILE", certifi.where())
    assert find_certificates() is not first
