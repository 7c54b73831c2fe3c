"""JSON as strictly as it is written here."""

import json

import pytest

from runner.canonical import canonical_json, parse_json


def test_what_was_written_is_read_back() -> None:
    value = {"b": [1, 2.5, None, True, "é 👩🏽‍💼"], "a": {"": "\u2028"}}
    assert parse_json(canonical_json(value)) == value
    assert parse_json(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("NaN", "NaN is no amount"),
        ('{"price": -Infinity}', "-Infinity is no amount"),
        ('{"price": 1e999}', "1e999 is no amount"),
        ('{"takes": 1, "takes": 2}', "'takes' is given twice"),
        ('"\\ud800"', "no Unicode text"),
        (b'"\xff"', "no Unicode text"),
        ("[" * 100_000, "nested too deeply"),
        ("", "Expecting value"),
        ("1" * 5000, "integer string conversion"),
    ],
)
def test_what_readers_would_read_differently_is_refused(text: str | bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_json(text)
