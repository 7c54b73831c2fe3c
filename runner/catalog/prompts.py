"""What sets one prompt apart: the look to compare with, and the words that differ."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from runner.results.model import LookEntry
from runner.word_diff import compare_words, measure_similarity

_MIN_SIMILARITY = 0.25
"""Share of common words below which two prompts are not compared: marks would be noise."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of a prompt's text; ``differs`` where the neighbour says something else."""

    text: str
    differs: bool


def compare(prompt: str, other: str) -> tuple[Segment, ...] | None:
    """Cut ``prompt`` where it differs from ``other``, word by word; the texts join to the prompt.

    None where the two have too little in common for marks to mean anything.
    """
    mine, theirs = _words(prompt), _words(other)
    found = compare_words([_bare(word) for word in theirs], [_bare(word) for word in mine])
    if not mine or measure_similarity(found) < _MIN_SIMILARITY:
        return None
    segments: list[Segment] = []
    for tag, _, _, start, end in found:
        if start == end:
            continue
        text = "".join(mine[start:end])
        if tag == "equal":
            segments.append(Segment(text, differs=False))
            continue
        # The white space after the last word is not what differs; an underlined gap looks wrong.
        body = text.rstrip()
        segments.append(Segment(body, differs=True))
        if body != text:
            segments.append(Segment(text[len(body) :], differs=False))
    return tuple(segments)


def _words(text: str) -> list[str]:
    """Split into words, each with the white space that follows it; they join to the text."""
    return re.findall(r"\s*\S+\s*", text)


def _bare(word: str) -> str:
    return word.strip().strip(",.;:!?").casefold()


def find_neighbours(entries: Sequence[LookEntry]) -> list[int | None]:
    """Choose for every look the one its prompt is read against, by position; None where none fits.

    Its reference, if that has a prompt; in a matrix the look before it that differs in one axis
    only; otherwise the nearest look above that has a prompt.
    """
    places = {entry["look"]: index for index, entry in enumerate(entries) if entry["prompt"]}
    cells: dict[tuple[object, ...], int] = {}
    chosen: list[int | None] = []
    previous: int | None = None
    for index, entry in enumerate(entries):
        if not entry["prompt"]:
            chosen.append(None)
            continue
        beside = None if entry["matrix"] is None else _in_matrix(entry, index, cells)
        referenced = places.get(entry["reference"] or "")
        chosen.append(next((x for x in (referenced, beside, previous) if x is not None), None))
        previous = index
    return chosen


def _in_matrix(entry: LookEntry, index: int, cells: dict[tuple[object, ...], int]) -> int | None:
    """Return the latest look of the matrix that shares all axes but one, the last axis first."""
    axes = entry["axes"]
    found: int | None = None
    for varied in reversed(list(axes)):
        fixed = tuple((axis, value) for axis, value in axes.items() if axis != varied)
        line = (entry["matrix"], varied, fixed)
        if found is None:
            found = cells.get(line)
        cells[line] = index
    return found
