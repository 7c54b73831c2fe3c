"""Reading requests, as far as nobody asks what is in them: their sizes, JSON, queries, files."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.types import Receive

from runner.simulator.refusals import invalid, too_large

JSON_LIMIT = 1024 * 1024
_KEY = re.compile(r"[A-Za-z0-9_:.\-]{1,255}")


class Hangup(Exception):
    """The client went away while its body was being read."""


async def receive_body(receive: Receive, headers: Mapping[str, str], limit: int) -> bytes:
    """Return the whole body; 413 as soon as it is known to be longer than ``limit`` bytes."""
    announced = headers.get("content-length", "")
    if announced.isdecimal() and (len(announced) > 18 or int(announced) > limit):
        raise too_large(limit)
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Hangup
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        chunks.append(chunk)
        more = message.get("more_body", False)
    return b"".join(chunks)


def idempotency_key(headers: Mapping[str, str]) -> str | None:
    """Return the key of a POST, or None; 400 when its form is not the documented one."""
    key = headers.get("idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        message = "Idempotency-Key must be 1 to 255 characters of A-Z a-z 0-9 _ : . -"
        raise invalid("Idempotency-Key", message)
    return key


def read_query(text: str, allowed: frozenset[str]) -> dict[str, str]:
    """Return the query parameters; 400 for an unknown or a repeated one."""
    query: dict[str, str] = {}
    for name, value in parse_qsl(text, keep_blank_values=True, errors="replace"):
        if name not in allowed:
            raise invalid(name, f"{name!r} is not a parameter of this endpoint.")
        if name in query:
            raise invalid(name, f"{name!r} is given more than once.")
        query[name] = value
    return query


def read_json(body: bytes, content_type: str) -> dict[str, Any]:
    """Return a JSON object; 400 for anything else."""
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise invalid("Content-Type", "The body must be sent as application/json.")
    try:
        value = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise invalid("body", "The body is not valid JSON.") from None
    if not isinstance(value, dict):
        raise invalid("body", "The body must be a JSON object.")
    return value


def _no_constant(name: str) -> None:
    raise ValueError(name)


def read_file_part(body: bytes, content_type: str) -> bytes:
    """Return the one part of a multipart form, called ``file``; 400 for anything else."""
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise invalid("Content-Type", "The body must be sent as multipart/form-data.")
    form = _Form()
    try:
        parser = MultipartParser(boundary, form.callbacks())
        parser.write(body)
        parser.finalize()
    except MultipartParseError:
        raise invalid("body", "The multipart body is broken.") from None
    if not form.ended:
        raise invalid("body", "The multipart body ends too early.")
    for name in form.parts:
        if name != "file":
            raise invalid(name, f"{name!r} is not a part of this request.")
    if len(form.parts) != 1:
        raise invalid("file", "Exactly one part named file is required.")
    return b"".join(form.chunks)


class _Form:
    """What the multipart parser calls: names of the parts, and the bytes of all of them."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.chunks: list[bytes] = []
        self.ended = False
        self._field = b""
        self._value = b""

    def callbacks(self) -> Any:
        return {
            "on_part_begin": self._part_begin,
            "on_part_data": self._part_data,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_end": self._end,
        }

    def _part_begin(self) -> None:
        self.parts.append("")

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        self.chunks.append(data[start:end])

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if self._field.lower() == b"content-disposition":
            _, options = parse_options_header(self._value)
            self.parts[-1] = options.get(b"name", b"").decode(errors="replace")
        self._field = self._value = b""

    def _end(self) -> None:
        self.ended = True
