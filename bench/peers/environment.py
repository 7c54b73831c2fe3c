"""Where the peers live: a virtual environment for each Python one, apart from the project's own.

They lie in ``BENCH_PEERS``, or in a folder of the user's cache, and are kept for the next time.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["Missing", "folder", "program", "python_with"]


class Missing(Exception):
    """A peer cannot take part here; the message says why."""


def folder() -> Path:
    """Return the folder of the environments."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("BENCH_PEERS") or cache / "lookbook-bench")


def python_with(name: str, *packages: str, install: bool) -> Path:
    """Return the Python of a peer's environment, made now if need be. Raises Missing."""
    place = folder() / name
    python, stamp = place / "bin" / "python", place / "installed"
    if stamp.exists():
        return python
    if not install:
        raise Missing("not installed yet, and --quick installs nothing")
    print(f"installing {', '.join(packages)} into {place}", file=sys.stderr, flush=True)
    try:
        subprocess.run([sys.executable, "-m", "venv", place], check=True, capture_output=True)
        command = [str(python), "-m", "pip", "install", "--quiet", *packages]
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        said = (getattr(error, "stderr", "") or str(error)).strip()
        raise Missing(f"it cannot be installed: {said.splitlines()[-1]}") from None
    stamp.write_text("\n".join(packages), "utf-8")
    return python


def program(name: str) -> str:
    """Find a program of the system. Raises Missing."""
    found = shutil.which(name)
    if found is None:
        raise Missing(f"{name} is not installed on this system")
    return found
