"""What the targets read costs no more than its size, and what costs more is noticed."""

import json

import pytest

from runner.catalog.prompts import compare
from runner.plan.change_text import describe_change
from runner.word_diff import MAX_PAIRS, compare_words, measure_similarity
from tests.fuzz.growth import check_growth, count_memory, grow
from tests.fuzz.target import Broken, load
from tests.fuzz.work import count_work

GROWN = {
    "manifest": b"Wearing",
    "client": b"A picture",
    "plan": b'"navy"',
    "results": b"images/",
    "sheet": b"blazer",
    "terminal": b"FORGED",
}
"""By target, what of a seed is repeated; the long search takes any slice of any input."""


@pytest.mark.parametrize("name", GROWN)
def test_four_times_the_input_is_about_four_times_the_work_and_the_memory(name: str) -> None:
    target, piece = load(name), GROWN[name]
    data = min((seed for seed in target.seeds() if piece in seed), key=len)
    start = data.index(piece)
    check_growth(target.run, data, start, start + len(piece))


def test_a_slice_is_repeated_in_its_place() -> None:
    grown = grow(b"a: xy.", 3, 5, 100)
    assert grown.startswith(b"a: xyxy")
    assert grown.endswith(b"xyxy.")
    assert 98 <= len(grown) <= 104


def test_work_and_memory_that_grow_faster_than_the_input_are_noticed() -> None:
    def pairs(data: bytes) -> None:
        total = 0
        for one in range(0, len(data), 40):
            for other in range(0, len(data), 40):
                total += one * other

    def squares(data: bytes) -> None:
        bytes(len(data) ** 2 // 100)

    with pytest.raises(Broken, match="lines"):
        check_growth(pairs, b"ab", 0, 2)
    with pytest.raises(Broken, match="bytes"):
        check_growth(squares, b"ab", 0, 2)
    assert count_memory(lambda: bytes(10_000_000)) >= 10_000_000


def test_two_prompts_that_repeat_themselves_are_compared_within_bounds() -> None:
    """They took minutes: plan, status and the catalog compare what anybody wrote."""

    def describe(size: int) -> None:
        texts = ["a b " * size, "b a a " * (size * 2 // 3)]
        before, now = (json.dumps({"type": "prompt", "prompt": text}) for text in texts)
        assert describe_change(before, now).startswith("prompt changed: ")
        compare(*texts)

    describe(10)
    assert count_work(lambda: describe(4_000)) < 6 * count_work(lambda: describe(1_000))


def test_where_too_much_repeats_the_same_beginning_and_end_stay() -> None:
    words = ["a"] * MAX_PAIRS
    old, new = ["x", *words, "y", "z"], ["x", *words, "w", "v", "z"]
    assert compare_words(old, new) == [
        ("equal", 0, MAX_PAIRS + 1, 0, MAX_PAIRS + 1),
        ("replace", MAX_PAIRS + 1, MAX_PAIRS + 2, MAX_PAIRS + 1, MAX_PAIRS + 3),
        ("equal", MAX_PAIRS + 2, MAX_PAIRS + 3, MAX_PAIRS + 3, MAX_PAIRS + 4),
    ]
    assert measure_similarity(compare_words(old, new)) > 0.99
    longer = compare_words(words, [*words, "a"])
    assert [name for name, *_ in longer] == ["equal", "insert"]
    assert measure_similarity([]) == 1.0
    assert measure_similarity(compare_words(["a", "b"], ["a", "c"])) == 0.5
