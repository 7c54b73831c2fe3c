"""What is asked of a store of objects, whichever it is.

A store holds copies. What is in it was bought and recorded elsewhere, so that whatever fails here
costs nothing, and is done again later.
"""

from collections.abc import Iterator
from typing import NamedTuple, Protocol


class StoreTrouble(Exception):
    """Why a store did not do what it was asked, in words.

    ``lasting``: asking again changes nothing, because the store refuses or is not there at all.
    """

    def __init__(self, reason: str, *, lasting: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.lasting = lasting


class ObjectStore(Protocol):
    """Objects by name. Every method raises StoreTrouble, waits for a bounded time and blocks."""

    def put(self, name: str, data: bytes, *, if_absent: bool = False) -> bool:
        """Write an object atomically; return whether it was written.

        With ``if_absent`` one that is there stays as it is.
        """

    def get(self, name: str, max_bytes: int) -> bytes | None:
        """Return an object; None where there is none. One that is larger is a trouble."""

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the names of the objects below a folder."""


class NamedStore(NamedTuple):
    """The store that a command was given, its name for people, and the option that means it.

    The option is empty where the environment names the store.
    """

    objects: ObjectStore
    name: str
    option: tuple[str, ...] = ()
