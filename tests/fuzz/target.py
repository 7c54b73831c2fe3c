"""What is fuzzed: a function from bytes to nothing that raises where a promise is broken.

A target knows no fuzzer. The engine feeds it what it makes up, the replay test what was kept.
"""

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

__all__ = [
    "CORPUS",
    "NAMES",
    "Broken",
    "Target",
    "demand",
    "folder",
    "kept",
    "load",
    "memory",
    "written",
]

NAMES = (
    *("manifest", "answers", "client", "plan", "results", "sheet", "picture", "terminal"),
    *("ledger", "download", "catalog", "simulator", "folder", "output", "writing"),
)
"""Each is the module of this name."""

CORPUS = Path(__file__).parent / "corpus"


class Broken(AssertionError):
    """A promise did not hold; the message says which."""


@dataclass(frozen=True, slots=True)
class Target:
    """``run`` takes any bytes. ``seeds`` are what a search starts from, ``words`` what it puts in.

    ``watched`` are the packages whose branches lead the search, ``longest`` is in bytes.
    ``json`` says that inputs are JSON, with or without something before it.
    """

    name: str
    run: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]
    words: tuple[str, ...]
    watched: tuple[str, ...]
    longest: int = 4096
    json: bool = False


def load(name: str) -> Target:
    """Return a target by its name; its module is imported here, so that an engine sees it."""
    target: Target = import_module(f"tests.fuzz.{name}").TARGET
    return target


def kept(name: str) -> list[Path]:
    """Return the corpus of a target in a fixed order."""
    return sorted((CORPUS / name).glob("*"))


def demand(holds: object, promise: str) -> None:
    """Raise Broken unless a promise holds."""
    if not holds:
        raise Broken(promise)


def written(text: str, what: str) -> bytes:
    """Return a text as a terminal gets it. Raises where it cannot be encoded."""
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise Broken(f"{what} cannot be written as UTF-8: {error}") from None


def memory() -> Path | None:
    """Return where the system keeps files in memory; None where it does not."""
    found = Path("/dev/shm")
    return found if os.access(found, os.W_OK) else None


@cache
def folder() -> Path:
    """Return a folder of this process, which goes with it; in memory where the system has that.

    Ledgers sync every commit, and a disk would be waited for most of the time.
    """
    home = None if "TMPDIR" in os.environ else memory()
    made = Path(tempfile.mkdtemp(prefix="lookbook-fuzz-", dir=home))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made
