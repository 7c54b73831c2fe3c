"""Sending an answer, whole or cut short, and closing a connection without one.

Over HTTP the server offers :data:`CLOSE` in the ASGI scope, and the connection is really closed. In
process there is no connection: the call raises the exception that httpx raises when a server does
the same over the wire, so a client on ``httpx.ASGITransport`` meets a transport error either way.
"""

from typing import NoReturn

from starlette.types import Message, Receive, Scope, Send

from runner.simulator.service import HttpAnswer

CLOSE = "lookbook.simulator.close"
"""The ASGI extension: a function without arguments that closes the connection."""


async def send_whole(send: Send, answer: HttpAnswer, request_id: str) -> None:
    """Send an answer."""
    await send(_start(answer, request_id))
    await send({"type": "http.response.body", "body": answer.body})


async def send_cut_short(
    scope: Scope, receive: Receive, send: Send, answer: HttpAnswer, request_id: str
) -> None:
    """Announce the whole body, send half of it, and close."""
    half = answer.body[: len(answer.body) // 2]
    await send(_start(answer, request_id))
    await send({"type": "http.response.body", "body": half, "more_body": True})
    if not await _close(scope, receive):
        _raise_protocol_error(
            "peer closed connection without sending complete message body "
            f"(received {len(half)} bytes, expected {len(answer.body)})"
        )


async def hang_up(scope: Scope, receive: Receive) -> None:
    """Close the connection without an answer."""
    if not await _close(scope, receive):
        _raise_protocol_error("Server disconnected without sending a response.")


async def _close(scope: Scope, receive: Receive) -> bool:
    """Close a real connection and wait until it is gone; False where there is none."""
    close = scope.get("extensions", {}).get(CLOSE)
    if close is None:
        return False
    close()
    while (await receive())["type"] != "http.disconnect":
        pass
    return True


def _raise_protocol_error(message: str) -> NoReturn:
    from httpx import RemoteProtocolError

    raise RemoteProtocolError(message)


def _start(answer: HttpAnswer, request_id: str) -> Message:
    headers = [
        (b"content-type", answer.media_type.encode()),
        (b"content-length", str(len(answer.body)).encode()),
        (b"x-request-id", request_id.encode()),
    ]
    headers += [
        (name.lower().encode(), value.encode("latin-1")) for name, value in answer.headers.items()
    ]
    return {"type": "http.response.start", "status": answer.status, "headers": headers}
