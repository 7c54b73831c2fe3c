"""Texts that read alike, folded to one: a look's identity must not change when a sheet is tidied.

Only comparisons fold. What is sent, recorded and shown is the text as a person wrote it.
"""

import re

_DROPPED = re.compile("[\u200b\u2060\ufeff]+")
"""Zero width space, word joiner and byte order mark: they say nothing, and nobody sees them.

Joiners (U+200C, U+200D) stay: they make other words and other emoji.
"""
_SPACES = re.compile(r"\s+")
"""White space as Unicode has it: no-break, ideographic and thin spaces, line and page breaks."""


def fold_text(text: str) -> str:
    """Return a text with every run of white space as one space, without marks of no width, in NFC.

    Compatibility forms stay apart (NFKC would make ``x²`` of one prompt ``x2`` of another).
    Idempotent.
    """
    if not text.isascii():
        from unicodedata import normalize  # most prompts are ASCII, and need no tables

        text = normalize("NFC", _DROPPED.sub("", text))
    return _SPACES.sub(" ", text).strip(" ")
