"""Who takes part, and how each is started: a command, its environment, and what it is."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.peers.environment import Missing, program, python_with

__all__ = ["CONTENDERS", "Contender", "Place"]

HERE = Path(__file__).parent
_SETTINGS = ("PREFECT_", "DASK_", "SNAKEMAKE_", "HEYGEN_")


@dataclass(frozen=True, slots=True)
class Place:
    """Where one contender works: a folder with ``work.json``, and the simulator's URL."""

    folder: Path
    url: str
    at_once: int


@dataclass(frozen=True, slots=True)
class Contender:
    """``command`` gives what to start; it may install something first, and raises Missing."""

    name: str
    command: Callable[[Place, bool], list[str]]
    environment: Callable[[Place], dict[str, str]] = lambda _place: {}


def _ours(place: Place, _install: bool) -> list[str]:
    command = [sys.executable, "-m", "runner", "run", str(place.folder / "work.yaml"), "--yes"]
    return [*command, "--max-concurrency", str(place.at_once)]


def _our_environment(place: Place) -> dict[str, str]:
    root = HERE.parents[1]
    return {"HEYGEN_API_BASE": place.url, "HEYGEN_API_KEY": "bench", "PYTHONPATH": str(root)}


def _plain(_place: Place, _install: bool) -> list[str]:
    return [sys.executable, str(HERE / "plain.py")]


def _parallel(place: Place, _install: bool) -> list[str]:
    program("curl")
    said = subprocess.run(
        [program("parallel"), "--version"], capture_output=True, text=True, check=False
    ).stdout
    if "GNU" not in said:
        raise Missing("the parallel of this system is not GNU parallel")
    step = str(HERE / "step.sh")
    return ["sh", str(HERE / "on_parallel.sh"), step, str(place.at_once), place.url]


def _snakemake(place: Place, install: bool) -> list[str]:
    python = python_with("snakemake", "snakemake", "httpx", install=install)
    settings = [f"python={python}", f"step={HERE / 'look.py'}"]
    return [
        *(str(python), "-m", "snakemake", "--snakefile", str(HERE / "Snakefile")),
        *("--cores", str(place.at_once), "--retries", "3", "--keep-going"),
        *("--rerun-incomplete", "--nolock", "--quiet", "all", "--config", *settings),
    ]


def _snakemake_environment(place: Place) -> dict[str, str]:
    return {"XDG_CACHE_HOME": str(place.folder / "cache")}


def _dask(_place: Place, install: bool) -> list[str]:
    python = python_with("dask", "dask[distributed]", "httpx", install=install)
    return [str(python), str(HERE / "on_dask.py")]


def _dask_environment(_place: Place) -> dict[str, str]:
    return {"DASK_LOGGING__DISTRIBUTED": "error"}


def _prefect(_place: Place, install: bool) -> list[str]:
    # Prefect's server does not start with the FastAPI that a plain install brings today.
    python = python_with("prefect", "prefect", "fastapi<0.150", "httpx", install=install)
    return [str(python), str(HERE / "on_prefect.py")]


def _prefect_environment(place: Place) -> dict[str, str]:
    """Return an environment with nothing but its own server on loopback.

    No telemetry, no profile of the user's.
    """
    return {
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "PREFECT_HOME": str(place.folder / "prefect"),
        "PREFECT_LOGGING_LEVEL": "ERROR",
        # Whatever else would leave this machine does so by https, and meets a closed port.
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "NO_PROXY": "127.0.0.1,localhost",
    }


CONTENDERS = (
    Contender("lookbook", _ours, _our_environment),
    Contender("asyncio + httpx", _plain),
    Contender("GNU parallel + curl", _parallel),
    Contender("Snakemake", _snakemake, _snakemake_environment),
    Contender("Dask", _dask, _dask_environment),
    Contender("Prefect", _prefect, _prefect_environment),
)


def environment_of(contender: Contender, place: Place) -> dict[str, str]:
    """The environment a contender is started in, without what the user set for Prefect or ours."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)}
    return {**own, "BENCH_WORK": str(place.folder), **contender.environment(place)}
