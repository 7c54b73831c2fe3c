"""Reading requests: sizes bounded, JSON checked by field, what is unknown refused by name."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.types import Receive

from runner.simulator.refusals import ApiError, invalid, too_large

JSON_LIMIT = 1024 * 1024
NAME_LIMIT = 255
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


def read_json(body: bytes, content_type: str) -> "Fields":
    """Return a JSON object; 400 for anything else."""
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise invalid("Content-Type", "The body must be sent as application/json.")
    try:
        value = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise ApiError(
            400, "invalid_parameter", "The body is not valid JSON.", param="body"
        ) from None
    if not isinstance(value, dict):
        raise invalid("body", "The body must be a JSON object.")
    return Fields(value)


def _no_constant(name: str) -> None:
    raise ValueError(name)


class Fields:
    """A JSON object that is taken apart field by field; :meth:`done` refuses what is left over."""

    def __init__(self, values: dict[str, Any], path: str = "") -> None:
        self._values = dict(values)
        self._path = path

    def at(self, name: str) -> str:
        """Return the parameter's full name, as error envelopes give it."""
        return f"{self._path}{name}"

    def take(self, name: str) -> Any:
        """Return a field's value, or None when it is absent or null."""
        return self._values.pop(name, None)

    def text(self, name: str, *, limit: int | None, required: bool = True) -> str | None:
        """Return a string of 1 to ``limit`` characters (None: any number) that is not blank."""
        value = self.take(name)
        if value is None:
            if required:
                raise invalid(self.at(name), f"{self.at(name)} is required.")
            return None
        if not isinstance(value, str):
            raise invalid(self.at(name), f"{self.at(name)} must be a string.")
        if not value.strip():
            raise invalid(self.at(name), f"{self.at(name)} must not be empty.")
        if limit is not None and len(value) > limit:
            message = f"{self.at(name)} has {len(value)} characters; at most {limit} are allowed."
            raise invalid(self.at(name), message)
        if not value.isprintable() and _unsound(value):
            raise invalid(self.at(name), f"{self.at(name)} holds characters that are not text.")
        return value

    def need(self, name: str, *, limit: int | None) -> str:
        """Return a string that must be there."""
        value = self.text(name, limit=limit)
        if value is None:
            raise invalid(self.at(name), f"{self.at(name)} is required.")
        return value

    def objects(self, name: str, *, limit: int) -> list["Fields"]:
        """Return a list of at most ``limit`` objects; absent and null mean an empty one."""
        value = self.take(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise invalid(self.at(name), f"{self.at(name)} must be a list.")
        if len(value) > limit:
            raise invalid(self.at(name), f"{self.at(name)} takes at most {limit} entries.")
        return [self._object(f"{name}[{place}]", entry) for place, entry in enumerate(value)]

    def child(self, name: str) -> "Fields":
        """Return an object that must be there."""
        value = self.take(name)
        if value is None:
            raise invalid(self.at(name), f"{self.at(name)} is required.")
        return self._object(name, value)

    def _object(self, name: str, value: object) -> "Fields":
        if not isinstance(value, dict):
            raise invalid(self.at(name), f"{self.at(name)} must be an object.")
        return Fields(value, f"{self.at(name)}.")

    def done(self) -> None:
        """Refuse the fields that nobody asked for."""
        for name in self._values:
            raise invalid(self.at(name), f"{self.at(name)} is not a field of this request.")


def _unsound(text: str) -> bool:
    """Return whether a text holds control characters or half a surrogate pair."""
    return any(
        (ord(char) < 32 and char not in "\t\n\r") or 0xD800 <= ord(char) < 0xE000 for char in text
    )


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
