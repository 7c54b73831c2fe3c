"""Processes whose main thread hangs for good at SIGUSR1, while their other threads go on."""

import signal
import time
from pathlib import Path

import runner.__main__


def hang(_number: int, _frame: object) -> None:
    """Never return."""
    while True:
        time.sleep(1000)


def main() -> None:
    """Be the command."""
    signal.signal(signal.SIGUSR1, hang)
    runner.__main__.main()


def make_others_hang(folder: Path) -> dict[str, str]:
    """Return what makes each Python that is started with it hang at SIGUSR1 as well."""
    code = "import signal, time\nsignal.signal(signal.SIGUSR1, lambda *_: time.sleep(100_000))\n"
    (folder / "sitecustomize.py").write_text(code, "utf-8")
    return {"PYTHONPATH": str(folder)}
