"""What differs between prompts, and which prompt a look is read against."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.catalog import prompts
from runner.catalog.prompts import Segment
from runner.results.model import LookEntry
from tests.catalog import sample


def marked(prompt: str, other: str) -> list[str]:
    segments = prompts.compare(prompt, other)
    assert segments is not None
    return [segment.text for segment in segments if segment.differs]


@pytest.mark.parametrize(
    ("prompt", "other", "differs"),
    [
        ("Wearing a navy blazer, office", "Wearing a navy blazer, street", ["office"]),
        ("Wearing a red coat, at dusk", "Wearing a coat, at dusk", ["red"]),
        ("Wearing a coat", "Wearing a red coat", []),
        ("Wearing a Coat, at dusk", "wearing a coat at dusk.", []),
        ("a b c new words d e", "a b c d e", ["new words"]),
    ],
)
def test_words_that_the_other_prompt_does_not_have_are_marked(
    prompt: str, other: str, differs: list[str]
) -> None:
    assert marked(prompt, other) == differs


def test_prompts_without_kinship_get_no_marks() -> None:
    assert prompts.compare("Wearing a red dress on marble", "Ski lodge, low sun") is None


def test_marks_leave_out_the_space_after_the_last_word() -> None:
    assert prompts.compare("a red coat", "a blue coat") == (
        Segment("a ", differs=False),
        Segment("red", differs=True),
        Segment(" ", differs=False),
        Segment("coat", differs=False),
    )


@given(st.text(max_size=200), st.text(max_size=200))
def test_the_segments_always_join_to_the_prompt(prompt: str, other: str) -> None:
    segments = prompts.compare(prompt, other)
    assert segments is None or "".join(part.text for part in segments) == prompt


def test_a_reference_with_a_prompt_is_the_neighbour() -> None:
    entries = [
        sample.base(),
        sample.look("one", "p"),
        sample.look("two", "p"),
        sample.look("three", "p", reference="one"),
    ]
    assert prompts.find_neighbours(entries) == [None, None, 1, 1]


def test_in_a_matrix_the_neighbour_differs_in_one_axis() -> None:
    def cell(outfit: str, setting: str) -> LookEntry:
        axes = {"outfit": outfit, "setting": setting}
        return sample.look(f"{outfit}-{setting}", "p", matrix="m", axes=axes)

    entries = [sample.base(), cell("a", "x"), cell("a", "y"), cell("b", "x"), cell("b", "y")]
    assert prompts.find_neighbours(entries) == [None, None, 1, 1, 3]
