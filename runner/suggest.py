"""What a person may have meant by a word that is not known."""

from collections.abc import Iterable
from itertools import islice

MAX_KNOWN = 1_000
"""How many known words a word is compared with."""

MAX_WORD = 100
"""Characters of a word that may be a slip of somebody's fingers: comparing is quadratic in them."""


def suggest(word: str, known: Iterable[str], *, count: int = 1, likeness: float = 0.6) -> list[str]:
    """Return the known words that are most like this one, best first; at most ``count``.

    ``likeness`` is the least that counts, between 0 and 1 (difflib's ratio). Nothing is like a word
    of more than ``MAX_WORD``.
    """
    from difflib import get_close_matches  # only a mistake needs it

    if len(word) > MAX_WORD:
        return []
    comparable = (one for one in known if len(one) <= MAX_WORD)
    return get_close_matches(word, islice(comparable, MAX_KNOWN), n=count, cutoff=likeness)
