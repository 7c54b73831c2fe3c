"""Where two texts differ, word by word, at a cost that is bounded.

difflib takes minutes for two prompts of a thousand words that repeat themselves, and anybody writes
prompts into a manifest.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import takewhile
from operator import eq

MAX_PAIRS = 2_000
"""Pairs of equal words that are searched for the best match; prompts of 300 words have about 600.

Where there are more, what stands between the same beginning and the same end counts as changed.
"""

Opcode = tuple[str, int, int, int, int]
"""``equal``, ``replace``, ``delete`` or ``insert``, and the ranges of both texts, as in difflib."""


def compare_words(old: Sequence[str], new: Sequence[str]) -> list[Opcode]:
    """Return what turns one list of words into the other."""
    counts = Counter(new)
    if sum(counts[word] for word in old) <= MAX_PAIRS:
        from difflib import SequenceMatcher  # only a changed text needs it

        return list(SequenceMatcher(None, old, new, autojunk=False).get_opcodes())
    shorter = min(len(old), len(new))
    first = _count_same(old, new)
    last = min(_count_same(old[::-1], new[::-1]), shorter - first)
    middle = (first, len(old) - last, first, len(new) - last)
    found: list[Opcode] = [
        ("equal", 0, first, 0, first),
        (_name_change(*middle), *middle),
        ("equal", len(old) - last, len(old), len(new) - last, len(new)),
    ]
    return [one for one in found if one[1] < one[2] or one[3] < one[4]]


def measure_similarity(opcodes: Sequence[Opcode]) -> float:
    """Return the share of common words in both texts, between 0 and 1; 1 for two empty ones."""
    if not opcodes:
        return 1.0
    same = sum(end - start for name, start, end, _, _ in opcodes if name == "equal")
    _, _, old, _, new = opcodes[-1]
    return 2 * same / (old + new)


def _count_same(old: Sequence[str], new: Sequence[str]) -> int:
    return sum(1 for _ in takewhile(bool, map(eq, old, new)))


def _name_change(start: int, end: int, new_start: int, new_end: int) -> str:
    if start == end:
        return "insert"
    return "delete" if new_start == new_end else "replace"
