"""What a document is made of: ordinary dicts and lists that know where their parts stand.

Places lie in parallel lists, packed into numbers (``runner.manifest.yaml.source``), and are looked
up only for a finding.
"""

from typing import Any


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

    def drop(self, *keys: str) -> None:
        """Take keys out, so that later stages need not meet their values again."""
        gone = set(keys)
        marks = iter(self.marks)
        pairs = [(key, next(marks), next(marks)) for key in self]
        self.marks = [mark for key, *both in pairs if key not in gone for mark in both]
        for key in keys:
            del self[key]


class Seq(list[Any]):
    """A list; ``marks`` holds its items' places, in the same order."""

    __slots__ = ("marks",)

    def __init__(self) -> None:
        self.marks: list[int] = []

    def at(self, index: int) -> int:
        """Return the place of an item."""
        return self.marks[index]

    def drop(self, *indexes: int) -> None:
        """Take items out, so that later stages need not meet them again."""
        gone = set(indexes)
        self[:] = [item for index, item in enumerate(self) if index not in gone]
        self.marks = [mark for index, mark in enumerate(self.marks) if index not in gone]


class Broken:
    """What stands where a value could not be read and that has been told."""
