"""Columns on a terminal, whatever script a text is in."""

import click
import pytest

from runner.cli.format import format_table
from runner.cli.terminal import style
from runner.text_width import cut_text, text_width


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("navy", 4),
        ("Säräh", 5),
        ("Sa\u0308ra\u0308h", 5),
        ("東京オフィス", 12),
        ("한국", 4),
        ("\u1112\u1161\u11ab", 2),
        ("עברית", 5),
        ("नमस्ते", 4),
        ("👩\u200d💼", 4),
        ("ＡＢ", 4),
    ],
)
def test_a_text_takes_the_columns_that_terminals_give_it(text: str, columns: int) -> None:
    assert text_width(text) == columns


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("navy", 4, "navy"),
        ("navy blazer", 6, "navy…"),
        ("東京オフィス", 7, "東京オ…"),
        ("東京オフィス", 6, "東京…"),
        ("é" * 5, 3, "éé…"),
        ("navy", 0, ""),
    ],
)
def test_a_cut_text_fits(text: str, width: int, shown: str) -> None:
    assert cut_text(text, width) == shown
    assert text_width(shown) <= max(width, 0)


def test_columns_are_aligned_and_fit_in_any_script() -> None:
    rows = [
        ("look", "state", "why"),
        ("東京-オフィス", style("Ready", fg="green"), "紺のブレザーを着て、" * 9),
        ("navy", "Failed", "a short one"),
    ]
    text = click.unstyle(format_table(rows, width=60))
    assert max(map(text_width, text.splitlines())) <= 60
    starts = [
        text_width(line[: line.index(word)])
        for line, word in zip(text.splitlines(), ("state", "Ready", "Failed"), strict=True)
    ]
    assert len(set(starts)) == 1
    assert "…" in text.splitlines()[1]
    assert len(click.unstyle(format_table(rows)).splitlines()[1]) > 60  # where nobody looks


def test_a_last_column_that_flows_is_narrow_before_a_key_is_cut() -> None:
    key, path = "navy-blazer-modern-office", "images/navy-blazer-modern-office.1.jpg"
    rows = [
        ("look", "why"),
        (key, "its prompt was changed from light to washed, twice"),
        ("b", path),
    ]
    text = format_table(rows, width=51, flow=True)
    assert text.splitlines() == [
        "look                       why",
        f"{key}  its prompt was changed",
        "                           from light to washed,",
        "                           twice",
        "b                          images/navy-blazer-mode…",
    ]
    assert "images/navy-blazer-modern-office.1.jpg" in format_table(rows, flow=True)


def test_an_id_is_never_cut() -> None:
    rows = [("look_4b34fa9940a05a46ce18b323", "a take with a long label", "a name that is longer")]
    (first, *_) = format_table(rows, width=60, flow=True, whole=(0,)).splitlines()
    assert first.startswith("look_4b34fa9940a05a46ce18b323  ")
    assert text_width(first) <= 60
