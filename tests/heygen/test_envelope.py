"""The status table of ``runner.heygen.envelope``, as a table; and that nothing falls through it."""

import json
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runner.heygen import wire
from runner.heygen.envelope import Received, data_of, read_reply
from runner.replies import Answer, Lost, Refusal, Reply, UserData

NOON = 1_700_000_000.0
NOON_TEXT = "Tue, 14 Nov 2023 22:13:20 GMT"
USER = {"data": {"username": "sarah"}}


def read(status: int, body: bytes, **headers: str) -> Reply[UserData]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return read_reply(Received(status, named, body), data_of(wire.read_user), lambda: NOON)


# Every row of the API's status codes, as its pages spell the codes.
REFUSALS = [
    (400, "invalid_parameter"),
    (400, "INVALID_PARAMETER"),
    (400, "download_failed"),
    (400, "resource_limit_reached"),
    (401, "unauthorized"),
    (401, "authentication_failed"),
    (402, "insufficient_credit"),
    (403, "forbidden"),
    (403, "resource_access_denied"),
    (404, "not_found"),
    (404, "AVATAR_NOT_FOUND"),
    (404, "avatar_group_not_found"),
    (409, "request_in_progress"),
    (413, "payload_too_large"),
    (422, "validation_error"),
    (429, "rate_limit_exceeded"),
    (500, "internal_error"),
    (502, "bad_gateway"),
    (503, "unavailable"),
    (504, "gateway_timeout"),
]


@pytest.mark.parametrize(("status", "code"), REFUSALS)
def test_a_refusal_keeps_what_the_envelope_says(status: int, code: str) -> None:
    body = {"error": {"code": code, "message": "why", "param": "avatar_id", "doc_url": "x"}}
    assert read(status, json.dumps(body).encode(), x_request_id="req_1", date=NOON_TEXT) == Refusal(
        status=status,
        code=code.lower(),
        message="why",
        param="avatar_id",
        request_id="req_1",
        server_time=NOON,
    )


UNREADABLE = [
    b"",
    b"<html>Bad gateway</html>",
    b"null",
    b"[]",
    b'"error"',
    b"{}",
    b'{"error": null}',
    b'{"error": []}',
    b'{"error": {}}',
    b'{"error": {"code": "", "message": ""}}',
    b'{"error": {"code": {"a": 1}, "message": ["b"]}}',
    b'{"error": {"code": " "}}',
    b"\xff\xfe",
    b"[" * 100_000,
]
"""Bodies of refusals that explain nothing."""


def test_a_refusal_needs_no_readable_envelope() -> None:
    statuses = (400, 401, 402, 403, 404, 409, 413, 418, 422, 429, 500, 503, 599)
    wrong = []
    for status, body in product(statuses, UNREADABLE):
        message = f"HTTP {status} without an explanation"
        if b"<html" in body:
            message = f"HTTP {status} and a web page without a title"
        reply = read(status, body)
        if reply != Refusal(status, f"http_{status}", message, enveloped=False):
            wrong.append((status, body[:80], reply))
    assert not wrong


def test_a_refusal_in_other_shapes_keeps_its_words() -> None:
    assert read(500, b'{"error": "it broke"}') == Refusal(
        500, "http_500", "it broke", enveloped=False
    )
    assert read(400, b'{"error": {"code": 400112}}') == Refusal(
        400, "400112", "HTTP 400 without an explanation", enveloped=False
    )


def test_a_success_whose_body_is_an_error_keeps_its_words() -> None:
    body = b'{"error": {"code": "Insufficient_Credit", "message": "no money"}, "data": null}'
    assert read(200, body, x_request_id="req_1") == Refusal(
        200, "insufficient_credit", "no money", request_id="req_1"
    )
    assert read(200, json.dumps(USER | {"error": {"code": "x"}}).encode()) == Answer(
        UserData("sarah")
    )


@pytest.mark.parametrize("status", [200, 201, 202])
def test_a_success_that_is_understood_is_an_answer(status: int) -> None:
    reply = read(status, json.dumps(USER).encode(), X_Request_Id="req_1", date=NOON_TEXT)
    assert reply == Answer(UserData("sarah"), request_id="req_1", server_time=NOON)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "not JSON"),
        (b"<html>", "not JSON"),
        (b'{"data": {"username": "sar', "not JSON"),
        (b"\x80", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"data": ' + b"9" * 5000 + b"}", "not JSON"),
        (b"null", "not an object"),
        (b"[]", "not an object"),
        (b"{}", "data is not an object"),
        (b'{"data": null}', "data is not an object"),
        (b'{"error": {"code": 7}}', "data is not an object"),
        (b'{"data": {}}', "username is missing"),
        (b'{"data": {"username": ""}}', "username is missing"),
        (b'{"data": {"username": 7}}', "username is missing"),
    ],
)
def test_a_success_that_is_not_understood_is_lost(body: bytes, says: str) -> None:
    reply = read(200, body)
    assert isinstance(reply, Lost)
    assert reply.status == 200
    assert says in reply.reason


@pytest.mark.parametrize("status", [100, 101, 199, 300, 301, 302, 303, 304, 307, 308, 399])
def test_what_is_neither_success_nor_refusal_is_lost(status: int) -> None:
    reply = read(status, json.dumps(USER).encode())
    assert isinstance(reply, Lost)
    assert reply.status == status


@pytest.mark.parametrize(
    ("value", "date", "seconds"),
    [
        ("7", None, 7.0),
        (" 7 ", None, 7.0),
        ("0.5", None, 0.5),
        ("0", None, 0.0),
        ("-3", None, 0.0),
        ("Tue, 14 Nov 2023 22:14:20 GMT", NOON_TEXT, 60.0),
        # the server's clock is ten minutes behind ours: only its own Date counts
        ("Tue, 14 Nov 2023 22:04:20 GMT", "Tue, 14 Nov 2023 22:03:20 GMT", 60.0),
        ("Tue, 14 Nov 2023 22:14:20 GMT", None, 60.0),
        ("Tue, 14 Nov 2023 22:14:20 GMT", "rubbish", 60.0),
        ("Tue, 14 Nov 2023 22:13:00 GMT", NOON_TEXT, 0.0),
        ("Tuesday, 14-Nov-23 22:14:20 GMT", NOON_TEXT, 60.0),
        ("Tue Nov 14 22:14:20 2023", NOON_TEXT, 60.0),
        ("", None, None),
        ("soon", None, None),
        ("nan", None, None),
        ("inf", None, None),
        ("Tue, 99 Nov 2023 22:14:20 GMT", None, None),
        (None, NOON_TEXT, None),
    ],
)
def test_retry_after_is_seconds_from_now(
    value: str | None, date: str | None, seconds: float | None
) -> None:
    headers = {"retry_after": value, "date": date}
    reply = read(429, b"", **{name: text for name, text in headers.items() if text is not None})
    assert isinstance(reply, Refusal)
    assert reply.retry_after == seconds


@pytest.mark.parametrize(
    "name",
    ["x-request-id", "X-Request-Id", "request-id", "x-heygen-request-id", "x-amzn-requestid"],
)
def test_the_request_id_is_found_under_its_usual_names(name: str) -> None:
    reply = read_reply(Received(500, {name: "req_9"}, b""), data_of(wire.read_user), lambda: NOON)
    assert isinstance(reply, Refusal)
    assert reply.request_id == "req_9"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
NAMES = """
    id name status error group_id avatar_type preview_image_url url image_width created_at
    looks_count username wallet remaining_balance avatar_item avatar_group asset_id size_bytes
    code message currency
"""
FIELDS = st.sampled_from(NAMES.split())
OBJECTS = st.recursive(
    st.dictionaries(FIELDS, JSON, max_size=8),
    lambda inner: st.dictionaries(FIELDS, inner, max_size=4) | st.lists(inner, max_size=3),
    max_leaves=8,
)
ENVELOPES = st.fixed_dictionaries(
    {},
    optional={
        "data": OBJECTS | JSON,
        "error": OBJECTS | JSON,
        "has_more": JSON,
        "next_token": JSON,
    },
)
READERS: list[Callable[[dict[Any, Any]], object]] = [
    data_of(wire.read_user),
    data_of(wire.read_look),
    data_of(wire.read_group),
    data_of(wire.read_created),
    data_of(wire.read_asset),
    data_of(wire.read_consent),
    wire.read_page_of(wire.read_look),
    wire.read_page_of(wire.read_group),
]


@given(
    st.integers(100, 999),
    st.sampled_from(READERS),
    ENVELOPES | JSON,
    st.dictionaries(st.sampled_from(["date", "retry-after", "x-request-id"]), st.text()),
)
@example(200, READERS[0], {"data": {"username": "a", "wallet": {"remaining_balance": "sNaN"}}}, {})
@example(429, READERS[0], {}, {"retry-after": "Thu, 01 Jan 0001 00:00:00 +2359"})
def test_any_json_under_any_status_is_a_reply(
    status: int,
    reader: Callable[[dict[Any, Any]], object],
    value: object,
    headers: dict[str, str],
) -> None:
    body = json.dumps(value).encode()
    reply = read_reply(Received(status, headers, body), reader, lambda: NOON)
    assert isinstance(reply, Answer | Lost if status < 400 else Refusal)
    # What was understood can be written down: a ledger stores it as UTF-8.
    repr(reply).encode()
    if isinstance(reply, Refusal):
        reply.message.encode()
        reply.code.encode()


@given(st.integers(100, 999), st.binary())
def test_any_bytes_under_any_status_are_a_reply(status: int, body: bytes) -> None:
    assert isinstance(read(status, body), Answer | Lost if status < 400 else Refusal)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            b"<!doctype html><html><title>No &amp;\n entry</title>",
            'HTTP 403 and a web page, "No & entry"',
        ),
        (b"<HTML><body>no</body></HTML>", "HTTP 403 and a web page without a title"),
        (b"Forbidden", "HTTP 403 without an explanation"),
    ],
)
def test_a_page_in_place_of_an_answer_is_told_by_its_title(body: bytes, said: str) -> None:
    assert read(403, body) == Refusal(403, "http_403", said, enveloped=False)
