"""What a document is made of: ordinary dicts and lists that know where their parts stand.

Places lie in parallel lists, packed into numbers (``runner.manifest.yaml.source``), and are looked
up
only when there is something to say about them.
"""

from typing import Any

__all__ = ["Broken", "Map", "Seq"]


class Map(dict[str, Any]):
    """A mapping; ``marks`` holds the places of its keys and values by turns, in its keys' order."""

    __slots__ = ("marks",)

    def __init__(self) -> None:
        self.marks: list[int] = []

    def key_at(self, key: str) -> int:
        """Return the place of a key. Raises KeyError where there is none."""
        return self.marks[2 * self._position(key)]

    def at(self, key: str) -> int:
        """Return the place to point at for a key's value: a scalar itself, else the key."""
        position = 2 * self._position(key)
        value = self[key]
        scalar = value is not None and not isinstance(value, Map | Seq)
        return self.marks[position + scalar]

    def _position(self, key: str) -> int:
        for position, present in enumerate(self):
            if present == key:
                return position
        raise KeyError(key)

    def drop(self, key: str) -> None:
        """Take a key out, so that later stages need not meet its value again."""
        position = 2 * self._position(key)
        del self[key], self.marks[position : position + 2]


class Seq(list[Any]):
    """A list; ``marks`` holds its items' places, in the same order."""

    __slots__ = ("marks",)

    def __init__(self) -> None:
        self.marks: list[int] = []

    def at(self, index: int) -> int:
        """Return the place of an item."""
        return self.marks[index]

    def drop(self, index: int) -> None:
        """Take an item out, so that later stages need not meet it again."""
        del self[index], self.marks[index]


class Broken:
    """What stands where a value could not be read and that has been told."""
