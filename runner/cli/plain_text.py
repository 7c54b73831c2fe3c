"""What stands for a character that the terminal's encoding does not have.

Registered as an error handler of codecs: ``text.encode("cp932", PLAIN_MARK)`` never fails.
"""

import codecs

PLAIN_MARK = "lookbook-plain"

_STAND_INS = {
    "—": "-",
    "–": "-",
    "−": "-",
    "‑": "-",
    "·": "-",
    "•": "*",
    "→": "->",
    "←": "<-",
    "↔": "<->",
    "…": "...",
    "×": "x",
    "≈": "~",
    "≤": "<=",
    "≥": ">=",
    "“": '"',
    "”": '"',
    "„": '"',
    "‘": "'",
    "’": "'",
    "\u00a0": " ",
    "\u202f": " ",
    "\u3000": "  ",
}
"""Our own punctuation. A letter is never replaced by a similar one: it may be part of a path."""


def _replace(error: UnicodeError) -> tuple[str, int]:
    """Return what to write in place of what cannot be encoded, and where to go on."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    chars = error.object[error.start : error.end]
    return "".join(map(_stand_in, chars)), error.end


def _stand_in(char: str) -> str:
    return _STAND_INS.get(char) or char.encode("ascii", "backslashreplace").decode()


codecs.register_error(PLAIN_MARK, _replace)


def encode_plainly(text: str, encoding: str) -> str:
    """Return a text that this encoding can carry."""
    return text.encode(encoding, PLAIN_MARK).decode(encoding)
