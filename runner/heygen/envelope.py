"""From an HTTP answer, read whole, to a Reply: the one place where a status becomes a meaning.

    2xx, the envelope and its ids understood    Answer
    2xx, the API's error envelope               Refusal: its words are kept, and it decides nothing
    2xx, anything else                          Lost: it was done, what it did is not known
    1xx, 3xx                                    Lost: the API documents none
    4xx and above                               Refusal, with or without a readable envelope

No HTTP library is known here, so that the table is tested as a table.
"""

import html
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from runner.errors import shorten
from runner.heygen.wire import WrongShape, read_mapping, read_text, strip_unsafe
from runner.replies import Answer, Lost, Refusal, Reply

T = TypeVar("T")

_PAGE_BEGINNING = 65_536
_TITLE = re.compile(r"<title[^>]*>([^<]{1,1000})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Received:
    """An answer that arrived whole. Header names are looked up in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def data_of(read: Callable[[object], T]) -> Callable[[dict[Any, Any]], T]:
    """Return the reader of an envelope whose ``data`` is read by ``read``."""
    return lambda envelope: read(envelope.get("data"))


def read_reply(
    received: Received, read: Callable[[dict[Any, Any]], T], now: Callable[[], float]
) -> Reply[T]:
    """Turn an answer into a Reply; ``read`` reads the success envelope and may raise WrongShape.

    ``now`` gives Unix seconds, for a Retry-After date in an answer that has no Date of its own.
    """
    status, headers = received.status, received.headers
    if status >= 400:
        return _refusal(received, now)
    if not 200 <= status < 300:
        return Lost(f"HTTP {status}, which is not the API's (no redirect is followed)", status)
    try:
        data = read(read_mapping(_json(received.body), "the body"))
    except WrongShape as problem:
        if _is_enveloped(_error(received.body)):
            return _refusal(received, now)
        return Lost(f"HTTP {status}, but {problem}", status)
    return Answer(data, _request_id(headers), _date(headers.get("date")))


def _refusal(received: Received, now: Callable[[], float]) -> Refusal:
    """Read a refusal; its words are kept also where they are not in the API's own form."""
    status, headers = received.status, received.headers
    server_time = _date(headers.get("date"))
    error = _error(received.body)
    code = (read_text(error.get("code")) or "").strip().lower()
    return Refusal(
        enveloped=_is_enveloped(error),
        status=status,
        code=code or f"http_{status}",
        message=read_text(error.get("message")) or _describe_page(received),
        param=read_text(error.get("param")),
        retry_after=_retry_after(headers.get("retry-after"), server_time, now),
        request_id=_request_id(headers),
        server_time=server_time,
    )


def _describe_page(received: Received) -> str:
    """Return in words what came in place of an explanation: a gateway's page has a title."""
    if b"<html" not in received.body[:_PAGE_BEGINNING].lower():
        return f"HTTP {received.status} without an explanation"
    title = _TITLE.search(received.body[:_PAGE_BEGINNING].decode("utf-8", "replace"))
    words = strip_unsafe(" ".join(html.unescape(title[1]).split())) if title else ""
    page = f'a web page, "{shorten(words, 100)}"' if words else "a web page without a title"
    return f"HTTP {received.status} and {page}"


def _error(body: bytes) -> dict[Any, Any]:
    """Find the error in a refusal's body; whatever is not the documented envelope has no parts."""
    try:
        envelope = _json(body)
    except WrongShape:
        return {}
    error = envelope.get("error") if isinstance(envelope, dict) else None
    return error if isinstance(error, dict) else {"message": error}


def _is_enveloped(error: Mapping[Any, Any]) -> bool:
    """Return whether an error is in the API's own form.

    Its codes are words, a gateway's are numbers.
    """
    code = error.get("code")
    return isinstance(code, str) and any(letter.isalpha() for letter in code)


def _json(body: bytes) -> object:
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError):
        raise WrongShape("the body is not JSON") from None
    return value


def _request_id(headers: Mapping[str, str]) -> str | None:
    """Return the header that support asks for; the API only says "X-Request-Id style"."""
    for name in headers:
        if name.lower().endswith(("request-id", "requestid")):
            return strip_unsafe(headers[name]) or None
    return None


def _retry_after(
    value: str | None, server_time: float | None, now: Callable[[], float]
) -> float | None:
    """Return Retry-After in seconds from now; a date is measured by the server's own clock."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        date = _date(value)
        if date is None:
            return None
        seconds = date - (now() if server_time is None else server_time)
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def _date(value: str | None) -> float | None:
    """Read an HTTP date into Unix seconds, or None where it is absent or unreadable."""
    if value is None:
        return None
    try:
        date = parsedate_to_datetime(value)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
