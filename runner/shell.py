"""Commands that a person copies into a shell."""

import shlex
from pathlib import PurePath


def quote_command(*words: str | PurePath) -> str:
    """Return a command that can be copied into a shell and means exactly these words there.

    A path that begins like an option is led by the folder that it lies in.
    """
    return " ".join(_quote(_argument(word)) for word in words)


def _argument(word: str | PurePath) -> str:
    return f"./{word}" if isinstance(word, PurePath) and str(word).startswith("-") else str(word)


def _quote(word: str) -> str:
    if word.isprintable():
        return shlex.quote(word)
    # What nobody sees is written as a shell reads it, so that it gets the same bytes.
    shown = (
        chr(byte) if 32 <= byte < 127 and chr(byte) not in "'\\" else f"\\x{byte:02x}"
        for byte in _bytes_of(word)
    )
    return f"$'{''.join(shown)}'"


def _bytes_of(word: str) -> bytes:
    try:
        return word.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half a character, which no file's name holds
        return word.encode("utf-8", "replace")
