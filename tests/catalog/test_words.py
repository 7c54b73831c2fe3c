"""Sums, times and names as people read them."""

import pytest

from runner.catalog import words


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("rainy-street", "Rainy street"),
        ("v1.2_b", "V1 2 b"),
        ("A Written Text", "A Written Text"),
        ("a navy blazer", "a navy blazer"),
        ("", ""),
    ],
)
def test_keys_become_words_and_written_texts_stay(key: str, text: str) -> None:
    assert words.human_label(key) == text


@pytest.mark.parametrize("stamp", [None, "", "yesterday", "2026-13-01T00:00:00Z"])
def test_what_is_not_a_time_is_none(stamp: str | None) -> None:
    assert words.format_moment(stamp) is None
    assert words.seconds_between(stamp, "2026-03-02T09:00:00Z") is None


def test_time_does_not_run_backwards() -> None:
    assert words.seconds_between("2026-03-02T09:00:01Z", "2026-03-02T09:00:00Z") is None


def test_harmless_text_of_any_script_stays_as_it_is() -> None:
    text = "Straße — «тест» 東京 עברית\u200f 👩🏽‍💼\n\tend"
    assert words.strip_controls(text) == text
