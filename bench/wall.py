"""The wall time of a whole ``lookbook run`` on the real simulator over HTTP, against its bound.

The simulator is a process of its own, as HeyGen would be, with pictures off. The time is that of
the whole process: start-up, manifest, account, plan, looks, results and catalog. The looks stand
by themselves, so the bound is their work divided by the jobs at a time.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from bench.report import Row

GOAL = 1.10
SECONDS = 2.0
CONCURRENCY = 20


class Simulator:
    """The simulator in a process of its own."""

    def __init__(self, folder: Path, seconds: float, concurrency: int) -> None:
        command = [
            sys.executable, "-m", "runner", "simulator", "--port", "0", "--pictures", "off",
            "--latency", f"fixed:{seconds}", "--concurrency", str(concurrency),
        ]  # fmt: skip
        self._log = (folder / "simulator.log").open("w")
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self._log, text=True
        )
        assert self._process.stdout is not None
        line = next(line for line in self._process.stdout if "http://" in line)
        self.url = "http://" + line.partition("http://")[2].split()[0].rstrip("/.")

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()
        self._log.close()


def manifest(looks: int) -> str:
    """Looks that wait for nothing, not even the base; together they are in one group or in many."""
    lines = ["version: 1", "campaign: bench", "base: {name: Sarah, prompt: A woman in her 40s}"]
    lines += [f"max_looks: {looks + 1}", "looks:"]
    for number in range(looks - 1):
        lines += [f"  look-{number:04}:", f"    prompt: Wearing coat {number}, studio, soft light"]
        lines += ["    avatar_id: null"]
    return "\n".join(lines) + "\n"


def run_once(folder: Path, url: str, looks: int) -> tuple[float, float]:
    """Run it all; gives its wall time and its own CPU time, in seconds."""
    path = folder / "bench.yaml"
    path.write_text(manifest(looks), "utf-8")
    environment = {**os.environ, "HEYGEN_API_KEY": "bench", "HEYGEN_API_BASE": url}
    environment["HEYGEN_ALLOW_HTTP"] = "1"
    command = [sys.executable, "-m", "runner", "run", str(path), "--yes"]
    command += ["--max-concurrency", str(CONCURRENCY)]
    before, begun = os.times(), perf_counter()
    done = subprocess.run(
        command,
        check=False,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    wall, after = perf_counter() - begun, os.times()
    assert done.returncode == 0, done.stderr[-2000:]
    cpu = after.children_user + after.children_system
    return wall, cpu - before.children_user - before.children_system


def requests_of(url: str) -> dict[str, int]:
    import httpx

    stats = httpx.get(f"{url}/__simulator__/stats").json()
    assert stats["rejected"].get("429", 0) == 0, stats["rejected"]
    found: dict[str, int] = stats["requests"]
    return found


def measure(*, quick: bool) -> list[Row]:
    """One run, its bound, and what it asked."""
    looks = 100 if quick else 300
    bound = looks * SECONDS / CONCURRENCY
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        simulator = Simulator(folder, SECONDS, CONCURRENCY)
        try:
            wall, cpu = run_once(folder, simulator.url, looks)
            requests = requests_of(simulator.url)
        finally:
            simulator.stop()
    lists = requests.get("GET /v3/avatars/looks", 0)
    # A look that is done is asked after once more for a link to its picture: that is no status.
    single = requests.get("GET /v3/avatars/looks/{look_id}", 0) - looks
    return [
        Row(
            f"wall time of `run`, {looks} looks of {SECONDS:g} s, {CONCURRENCY} at a time, "
            "against the bound",
            wall / bound,
            goal=GOAL,
            detail=f"{wall:.1f} of {bound:.1f} s, {cpu:.1f} s of CPU in it; "
            f"load of the machine {os.getloadavg()[0]:.1f}",
        ),
        Row(
            "status requests for each look in it",
            (lists + single) / looks,
            unit="",
            detail=f"{lists} pages, {single} single",
        ),
    ]
