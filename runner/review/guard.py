"""Who may ask: this machine's own page, opened with the address that the terminal printed.

Any page in a browser can send requests to 127.0.0.1, and a name of its own can lead there. So the
host is checked first, then the cookie that was exchanged for the token, then the origin of what
changes something. Every answer, refusals too, says what a browser may do with it.
"""

import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from http.cookies import CookieError, SimpleCookie

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runner.canonical import parse_json

SHELL = "/"
SESSION = "/session"
SAFE_METHODS = frozenset({"GET", "HEAD"})
MAX_BODY = 1024 * 1024
"""Bytes of a request's body."""

ELSEWHERE = "Another page asked for this."

NOTHING_ALLOWED = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
)


def policy_headers(policy: str = NOTHING_ALLOWED) -> dict[str, str]:
    """Return the headers that every answer has, with this Content-Security-Policy."""
    return {
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=()",
    }


class Guard:
    """An ASGI application in front of another one, for a server on one port of 127.0.0.1.

    ``token`` is what the printed address carries in its fragment, which no browser sends anywhere.
    """

    def __init__(
        self, inner: ASGIApp, *, port: int, shell: Callable[[], bytes], policy: str
    ) -> None:
        self._inner = inner
        self._port = port
        self._shell = shell
        self._policy = policy
        self.token = secrets.token_urlsafe(32)
        self._session = secrets.token_urlsafe(32)

    @property
    def cookie_name(self) -> str:
        """The cookie's name; cookies do not tell ports apart, so it has the port in it."""
        return f"lookbook-{self._port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, as ASGI has it."""
        if scope["type"] == "lifespan":
            await self._inner(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        headers = _read_headers(scope)
        status, problem = self._judge(scope, headers)
        if status:
            await _answer(send, status, _say(problem))
        elif scope["path"] == SHELL:
            body = self._shell() if scope["method"] == "GET" else b""
            page = {"content-type": "text/html; charset=utf-8"}
            await _answer(send, 200, body, policy_headers(self._policy) | page)
        elif scope["path"] == SESSION:
            await self._open_session(receive, send)
        else:
            await self._inner(scope, receive, _with_policy(send))

    def _judge(self, scope: Scope, headers: Mapping[str, list[str]]) -> tuple[int, str]:
        """Return the status that refuses a request and why; 0 where it may be answered."""
        hosts = headers.get("host", [])
        own = {f"127.0.0.1:{self._port}", f"localhost:{self._port}"}
        safe, path = scope["method"] in SAFE_METHODS, scope["path"]
        if len(hosts) != 1 or hosts[0].lower() not in own:
            return 403, "This address answers to 127.0.0.1 alone."
        if path == SHELL and safe:
            return 0, ""
        if path != SESSION and not self._has_session(headers):
            return 401, "Open the address that `lookbook review` printed."
        sites = headers.get("sec-fetch-site", [])
        if sites and sites != ["same-origin"] and not (safe and sites == ["none"]):
            return 403, ELSEWHERE
        if not safe:
            return _judge_change(scope, headers, f"http://{hosts[0]}")
        return (405, "Post the token.") if path == SESSION else (0, "")

    def _has_session(self, headers: Mapping[str, list[str]]) -> bool:
        try:
            cookies = SimpleCookie("; ".join(headers.get("cookie", [])))
        except CookieError:
            return False
        morsel = cookies.get(self.cookie_name)
        return morsel is not None and _is_same(morsel.value, self._session)

    async def _open_session(self, receive: Receive, send: Send) -> None:
        """Exchange the token for the cookie."""
        try:
            asked = parse_json(await collect_body(receive))
            token = asked["token"]
        except (ValueError, LookupError, TypeError):
            token = None
        if not isinstance(token, str) or not _is_same(token, self.token):
            await _answer(send, 403, _say("The address is not the one that was printed."))
            return
        cookie = f"{self.cookie_name}={self._session}; Path=/; HttpOnly; SameSite=Strict"
        headers = policy_headers() | {"set-cookie": cookie, "content-type": "application/json"}
        await _answer(send, 200, b"{}", headers)


def _judge_change(scope: Scope, headers: Mapping[str, list[str]], origin: str) -> tuple[int, str]:
    """Return what refuses a request that may change something; 0 where nothing does."""
    kinds = headers.get("content-type", [])
    if scope["method"] != "POST":
        return 405, "Only GET and POST are answered."
    if headers.get("origin", []) != [origin]:
        return 403, ELSEWHERE
    if len(kinds) != 1 or kinds[0].partition(";")[0].strip().lower() != "application/json":
        return 415, "Send application/json."
    if not all(map(_is_within_bound, headers["content-length"])):
        return 413, "That is too much."
    return 0, ""


def _is_within_bound(size: str) -> bool:
    """Return whether a Content-Length is a number of bytes that a body may have."""
    return size.isdecimal() and len(size) <= len(str(MAX_BODY)) and int(size) <= MAX_BODY


async def collect_body(receive: Receive) -> bytes:
    """Return a request's body. Raises ValueError for one that is too large."""
    pieces, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise ValueError("the request ended early")
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if size > MAX_BODY:
            raise ValueError("the request is too large")
        more = message.get("more_body", False)
    return b"".join(pieces)


def _read_headers(scope: Scope) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"content-length": []}
    for name, value in scope["headers"]:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return found


def _is_same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode())


def _say(problem: str) -> bytes:
    return json.dumps({"error": {"message": problem, "hint": None}}).encode()


async def _answer(
    send: Send, status: int, body: bytes, headers: Mapping[str, str] | None = None
) -> None:
    told = headers or policy_headers() | {"content-type": "application/json"}
    told = {"cache-control": "no-store", **told, "content-length": str(len(body))}
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in told.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})


def _with_policy(send: Send) -> Send:
    """Return a ``send`` that puts the headers of every answer onto this one."""

    async def guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = {name.lower() for name, _ in message["headers"]}
            message["headers"] = [
                *message["headers"],
                *(
                    (name.encode(), value.encode())
                    for name, value in ({"cache-control": "no-store"} | policy_headers()).items()
                    if name.encode() not in own
                ),
            ]
        await send(message)

    return guarded
