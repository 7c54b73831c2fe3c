"""The simulator as a process of its own, for benchmarks whose CPU is not to count its."""

import json
import subprocess
import sys
import urllib.request
from types import TracebackType
from typing import Any, Self


class Simulator:
    """``lookbook simulator`` with these options on any free port; a context manager."""

    def __init__(self, *options: str, pictures: str = "off") -> None:
        command = [sys.executable, "-m", "runner", "simulator", "--port", "0", *options]
        self._command = [*command, "--pictures", pictures]
        self.url = ""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().split()[-1]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait()

    def stats(self) -> dict[str, Any]:
        """Return what the account was asked for and charged."""
        with urllib.request.urlopen(f"{self.url}/__simulator__/stats") as answer:
            found: dict[str, Any] = json.load(answer)
        return found
