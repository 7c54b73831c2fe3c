"""Tables: every take once, safe in a spreadsheet, readable by programs."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from runner.catalog import tables
from runner.results.model import LookEntry, Results
from tests.catalog import sample


def read(results: Results) -> list[dict[str, str]]:
    text = "".join(tables.to_csv(results))
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:], newline="")))


def test_every_wanted_look_is_one_row_as_its_picked_take() -> None:
    results = sample.campaign()
    table = list(tables.list_rows(results))
    assert [row["look"] for row in table] == [look["look"] for look in results["looks"]]
    red = next(row for row in table if row["look"] == "red-dress")
    assert (red["take"], red["picked"], red["cost_usd"]) == (1, True, 3.0)
    blocked = next(row for row in table if row["look"] == "ski-evening")
    assert (blocked["take"], blocked["state"]) == (None, "blocked")


def test_a_stale_look_is_stale() -> None:
    results = sample.document([sample.look("one", "p", state="stale")])
    assert [row["state"] for row in tables.list_rows(results)] == ["stale"]


def test_a_row_says_what_a_take_was_made_from() -> None:
    takes = [sample.take("one", request={"prompt": "before"})]
    results = sample.document([sample.look("one", "now", takes), sample.look("two", "as said")])
    assert [row["prompt"] for row in tables.list_rows(results)] == ["before", "as said"]


def test_orphans_are_no_rows() -> None:
    results = sample.document([sample.base()], orphans=[sample.look("old", "p")])
    assert [row["look"] for row in tables.list_rows(results)] == ["base"]


def test_json_lines_hold_the_rows() -> None:
    results = sample.campaign()
    assert [json.loads(line) for line in tables.to_jsonl(results)] == list(
        tables.list_rows(results)
    )


def test_a_line_is_given_before_the_next_look_is_made() -> None:
    made = []

    def looks() -> Iterator[LookEntry]:
        for key in ("one", "two"):
            made.append(key)
            yield sample.look(key, "p")

    streamed: Any = {**sample.document([]), "looks": looks()}
    lines = tables.to_jsonl(streamed)
    assert json.loads(next(lines))["look"] == "one"
    assert made == ["one"]


def test_csv_has_the_same_columns_in_every_row_and_one_for_each_axis() -> None:
    table = read(sample.campaign())
    assert list(table[0]) == [*tables.COLUMNS, "axis.outfit", "axis.setting"]
    blazer = next(row for row in table if row["look"] == "blazer-office")
    assert (blazer["axis.outfit"], blazer["tags"]) == ("blazer", "hero; web")
    assert (blazer["picked"], blazer["cost_usd"], blazer["take"]) == ("yes", "1.0", "1")


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =HYPERLINK(1)", "\n=1"]
)
def test_text_that_looks_like_a_formula_is_text_in_a_spreadsheet(text: str) -> None:
    axes = {text: text}
    results = sample.document([sample.look("one", text, title=text, tags=[text], axes=axes)])
    (row,) = read(results)
    for column in ("prompt", "title", "tags", f"axis.{text}"):
        assert row[column].startswith("'")


@pytest.mark.parametrize("text", ['say "hi", twice', "two\nlines", "a,b;c", "Ünïcode — 東京"])
def test_any_text_comes_back_from_csv_as_it_was(text: str) -> None:
    (row,) = read(sample.document([sample.look("one", text)]))
    assert row["prompt"] == text
