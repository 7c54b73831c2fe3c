"""A store in memory, with faults (``runner.store.port.ObjectStore``)."""

from collections.abc import Iterator

from runner.store.port import StoreTrouble

AWAY = StoreTrouble("HTTP 503 Service Unavailable")


class MemoryStore:
    """Objects by name. ``trouble`` is what every request meets, ``only`` those that name this."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.written: list[str] = []
        self.asked = 0
        self.trouble: StoreTrouble | None = None
        self.only = ""

    def _ask(self, name: str) -> None:
        self.asked += 1
        if self.trouble is not None and self.only in name:
            raise self.trouble

    def put(self, name: str, data: bytes, *, if_absent: bool = False) -> bool:
        self._ask(name)
        if if_absent and name in self.objects:
            return False
        self.objects[name] = data
        self.written.append(name)
        return True

    def get(self, name: str, max_bytes: int) -> bytes | None:
        self._ask(name)
        return self.objects.get(name)

    def list(self, prefix: str) -> Iterator[str]:
        self._ask(prefix)
        return iter([name for name in self.objects if name.startswith(f"{prefix}/")])
