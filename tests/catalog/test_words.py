"""Sums, times and names as people read them."""

import pytest

from runner.catalog import words


@pytest.mark.parametrize(
    ("usd", "text"),
    [(0, "$0.00"), (1.0, "$1.00"), (0.125, "$0.125"), (1234.5, "$1,234.50"), (0.1 + 0.2, "$0.30")],
)
def test_money_has_cents_and_more_only_where_the_sum_does(usd: float, text: str) -> None:
    assert words.format_money(usd) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.42, "0.4 s"), (48, "48 s"), (84, "1 min 24 s"), (3600, "1 h 0 min"), (7530, "2 h 5 min")],
)
def test_spans_read_as_people_say_them(seconds: float, text: str) -> None:
    assert words.format_duration(seconds) == text


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
