"""Who may ask the review page, and what a browser may do with its answers."""

from collections.abc import AsyncIterator

import httpx
import pytest

from runner.review.guard import MAX_BODY, Guard
from tests.review.conftest import HOME

PATHS = ("/api/state", "/api/events", "/pictures/base/1", "/thumbs/base/1", "/client-copy", "/x")
POSTS = (
    "review",
    "pick",
    "basket",
    "buy",
    "pause",
    "consequences",
    "prompt",
    "write-edit",
    "charges",
    "take-in",
    "client-copy",
)


def is_strict(answer: httpx.Response) -> bool:
    policy = answer.headers["content-security-policy"]
    unsafe = any(word in policy for word in ("unsafe", "*", "http:", "https:"))
    return policy.startswith("default-src 'none'") and not unsafe


async def test_a_stranger_sees_the_empty_shell_and_nothing_else(
    stranger: httpx.AsyncClient,
) -> None:
    shell = await stranger.get("/")
    assert shell.status_code == 200
    assert is_strict(shell)
    for word in ("spring", "Sarah", "office", "api.example"):
        assert word not in shell.text
    for path in PATHS:
        answer = await stranger.get(path)
        assert (path, answer.status_code) == (path, 401)
        assert is_strict(answer)
    for path in POSTS:
        answer = await stranger.post(f"/api/{path}", json={}, headers={"origin": HOME})
        assert (path, answer.status_code) == (path, 401)


async def test_a_wrong_token_opens_nothing_and_the_right_one_a_cookie_for_this_port(
    stranger: httpx.AsyncClient, guard: Guard
) -> None:
    own = {"origin": HOME}
    bodies: tuple[object, ...] = ({"token": "x"}, {"token": None}, {}, [])
    for body in bodies:
        answer = await stranger.post("/session", json=body, headers=own)
        assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)
    answer = await stranger.post("/session", json={"token": guard.token}, headers=own)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{guard.cookie_name}=")
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert guard.token not in cookie
    assert (await stranger.get("/api/state")).status_code == 200
    for path in ("/api/state", "/x", "/pictures/none/1"):
        assert is_strict(await stranger.get(path))


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example:8765"}, 403),
        ({"host": "127.0.0.1:1"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": ""}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"content-type": "text/plain"}, 415),
        ({"content-length": "99999999"}, 413),
        ({"content-length": "9" * 5000}, 413),
        ({"content-length": "1x"}, 413),
    ],
)
async def test_what_changes_something_comes_from_the_page_itself(
    page: httpx.AsyncClient, headers: dict[str, str], status: int
) -> None:
    asked = {"takes": ["base#1"], "state": "approved"}
    answer = await page.post("/api/review", json=asked, headers=headers)
    assert answer.status_code == status
    assert is_strict(answer)
    state = (await page.get("/api/state")).json()
    assert state["looks"]["base"]["takes"][0]["review"] == {"state": "undecided"}


async def test_what_is_posted_has_a_bound_of_bytes_and_of_depth(
    page: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    json = {"content-type": "application/json", "origin": HOME}
    deep = b"[" * 100_000

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(MAX_BODY // 1024 + 1):
            yield b" " * 1024

    assert (await stranger.post("/session", content=deep, headers=json)).status_code == 403
    assert (await stranger.post("/session", content=endless(), headers=json)).status_code == 403
    assert (await page.post("/api/review", content=deep, headers=json)).status_code == 400
    assert (await page.post("/api/review", content=endless(), headers=json)).status_code == 400


async def test_other_methods_and_what_is_no_json_are_refused(page: httpx.AsyncClient) -> None:
    assert (await page.put("/api/review", json={})).status_code == 405
    assert (await page.get("/session")).status_code == 405
    broken = await page.post(
        "/api/review", content=b"{", headers={"content-type": "application/json"}
    )
    assert broken.status_code == 400
    assert (await page.post("/api/review", json=[1])).status_code == 400
    assert (await page.post("/api/review", json={})).status_code == 400
