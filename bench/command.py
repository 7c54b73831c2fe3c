"""Whole commands in processes of their own: what each took of time, processor and memory."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Spent", "account_at", "lookbook", "spent"]


WITHOUT_TESTS = "import sys; sys.modules.update(trio=None, rich=None, pygments=None)"
"""Run first, makes a process one of a plain install: these are there for our tests only, and httpx
imports all three where it finds them."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What one process took: wall and processor time in seconds, and its peak memory in bytes."""

    wall: float
    cpu: float
    peak: int


def spent(
    command: Sequence[str], *, env: Mapping[str, str] | None = None, codes: Sequence[int] = (0,)
) -> Spent:
    """Run a command to its end with its output put aside. Raises RuntimeError for another exit."""
    with tempfile.TemporaryFile() as said:
        begun = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=env
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in codes:
            said.seek(0)
            text = said.read().decode("utf-8", "replace")[-2_000:]
            raise RuntimeError(f"{command} ended with {process.returncode}: {text}")
    scale = 1 if sys.platform == "darwin" else 1024
    return Spent(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * scale)


def lookbook(
    *arguments: str | Path, env: Mapping[str, str] | None = None, codes: Sequence[int] = (0,)
) -> Spent:
    """Run one ``lookbook`` command, as a plain install would.

    Modules are compiled once, as an installer does.
    """
    env = {k: v for k, v in (env or os.environ).items() if k != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", f"{WITHOUT_TESTS}; from runner.__main__ import main; main()"]
    command += map(str, arguments)
    return spent(command, env=env, codes=codes)


def account_at(port: int) -> dict[str, str]:
    """Return the environment in which commands use the account of a simulator on this machine."""
    ours = {"HEYGEN_API_KEY": "bench", "HEYGEN_API_BASE": f"http://127.0.0.1:{port}"}
    return {**os.environ, **ours, "NO_COLOR": "1"}
