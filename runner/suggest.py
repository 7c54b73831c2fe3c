"""What a person may have meant by a word that is not known."""

from collections.abc import Iterable

__all__ = ["suggest"]


def suggest(word: str, known: Iterable[str], *, count: int = 1, likeness: float = 0.6) -> list[str]:
    """Return the known words that are most like this one, best first; at most ``count``.

    ``likeness`` is the least that counts, between 0 and 1 (difflib's ratio).
    """
    from difflib import get_close_matches  # only a mistake needs it

    return get_close_matches(word, list(known), n=count, cutoff=likeness)
