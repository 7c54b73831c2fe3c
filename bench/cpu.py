"""CPU of a whole ``lookbook run`` for each look, against bare httpx making the same requests.

Both sides are processes of their own that do nothing else, and so is the simulator, whose CPU does
not count. Ours is the command itself, ledger, plan, results and catalog included; only the fetching
of pictures is replaced, because decoding one is neither the ledger's nor the network's cost. The
simulator counts what the run asked for; the other side then asks for as much, with the bodies that
the ledger holds, and reads each answer as JSON.

Each side runs at two sizes. The difference counts, so that what a process takes to start drops out.
"""

import asyncio
import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from bench.report import Row
from bench.server import Simulator

GOAL = 1.5
AT_ONCE = 100
GATES = {"same": 16, "cheapest": 4}
"""How many requests the bare side has under way: as many as ours, and where httpx is cheapest."""


def manifest(looks: int) -> str:
    """A prompt for the base; a tenth of the looks stand in chains of three."""
    lines = [
        "version: 1", "campaign: bench",
        "base: {name: Sarah, prompt: 'Woman in her 40s, navy blazer, office, daylight'}",
        f"max_looks: {looks + 1}", "looks:",
    ]  # fmt: skip
    for number in range(looks):
        prompt = f"Wearing navy blazer {number}, modern office with plants, warm morning light"
        lines.append(f"  look-{number:05}:\n    prompt: {prompt}")
        if number % 30 in (1, 2):
            lines.append(f"    avatar_id: {{look: look-{number - 1:05}}}")
    return "\n".join(lines) + "\n"


def used() -> float:
    """CPU seconds of this process so far, its own and the system's for it."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


# --- the two sides, each in a process of its own --------------------------------------------------


def ours(path: str) -> None:
    """The command, with pictures that are there at once."""
    from runner.__main__ import main
    from runner.executor.ports import Downloaded
    from runner.images.downloader import Downloader

    async def fetch(_self: Downloader, _url: str, *, look: str, number: int) -> Downloaded:
        return Downloaded(f"images/{look}.{number}.png", "0" * 64, 768, 1024)

    Downloader.fetch = fetch  # type: ignore[method-assign,assignment]
    sys.argv = ["lookbook", "run", path, "--yes", "--max-concurrency", str(AT_ONCE)]
    try:
        main()
    finally:
        print(f"cpu {used()}", file=sys.stderr)


def bare(path: str) -> None:
    """The same number of each request, with the same bodies, and answers read as JSON."""
    asyncio.run(ask_all(json.loads(Path(path).read_text("utf-8"))))
    print(f"cpu {used()}", file=sys.stderr)


async def ask_all(work: dict[str, Any]) -> None:
    import httpx

    rate_gate = asyncio.Semaphore(work["gate"])
    base, headers = os.environ["HEYGEN_API_BASE"], {"X-Api-Key": os.environ["HEYGEN_API_KEY"]}
    async with httpx.AsyncClient(base_url=base, headers=headers) as client:

        async def ask(method: str, path: str, **more: Any) -> Any:
            async with rate_gate:
                answer = await client.request(method, path, **more)
                answer.raise_for_status()
                return answer.json()["data"]

        async def buy(number: int, body: str) -> Any:
            head = {"Idempotency-Key": f"bench-{number}", "Content-Type": "application/json"}
            made = await ask("POST", "/v3/avatars", content=body.encode(), headers=head)
            return made["avatar_item"]

        base_look = await buy(0, work["bodies"][0])
        bodies = [json.loads(text) for text in work["bodies"][1:]]
        for body in bodies:
            body["avatar_id"] = base_look["id"]
        await asyncio.sleep(work["latency"])
        made = await asyncio.gather(
            *(buy(number, json.dumps(body)) for number, body in enumerate(bodies, start=1))
        )
        pages = f"/v3/avatars/looks?ownership=private&group_id={base_look['group_id']}&limit=50"
        ids = [look["id"] for look in made]
        asks = [("GET", pages)] * work["pages"]
        asks += [
            ("GET", f"/v3/avatars/looks/{ids[number % len(ids)]}")
            for number in range(work["singles"])
        ]
        await asyncio.gather(*(ask(*one) for one in asks))


# --- side by side ---------------------------------------------------------------------------------


def cpu_of(side: str, path: Path, url: str) -> float:
    environment = {**os.environ, "HEYGEN_API_BASE": url, "HEYGEN_API_KEY": "bench"}
    command = [sys.executable, "-m", "bench.cpu", side, str(path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2_000:])
    return float(done.stderr.rpartition("cpu ")[2])


def sides(looks: int, folder: Path) -> tuple[dict[str, float], dict[str, int]]:
    """CPU seconds of each side for so many looks, and what all of them asked for."""
    path = folder / str(looks) / "bench.yaml"
    path.parent.mkdir()
    path.write_text(manifest(looks), "utf-8")
    with Simulator("--latency", "fixed:1", "--concurrency", str(AT_ONCE)) as simulator:
        mine = cpu_of("ours", path, simulator.url)
        asked = simulator.stats()["requests"]
    ledger = next(path.with_suffix(".lookbook").rglob("ledger.sqlite"))
    with sqlite3.connect(ledger) as connection:
        found = connection.execute("SELECT pieces FROM bodies").fetchall()
    connection.close()
    bodies = sorted((json.loads(row[0])[0] for row in found), key=lambda text: "avatar_id" in text)
    work = {
        "bodies": bodies,
        "pages": asked.get("GET /v3/avatars/looks", 0),
        "singles": asked.get("GET /v3/avatars/looks/{look_id}", 0),
        "latency": 1.2,
    }
    used = {"ours": mine}
    for rate_gate, at_once in GATES.items():
        same = folder / f"{rate_gate}-{looks}.json"
        same.write_text(json.dumps({**work, "gate": at_once}), "utf-8")
        with Simulator("--latency", "fixed:1", "--concurrency", str(10 * looks)) as simulator:
            used[rate_gate] = cpu_of("bare", same, simulator.url)
    return used, asked


def measure(*, quick: bool) -> list[Row]:
    """Measure what one more look costs each side, at two sizes and in several rounds."""
    small, large, rounds = (100, 300, 1) if quick else (200, 1_000, 3)
    more, turns, asked = large - small, [], {}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as name:
            (low, before), (high, after) = (sides(size, Path(name)) for size in (small, large))
        turns.append({side: (high[side] - low[side]) / more for side in high})
        asked = {kind: (after[kind] - before.get(kind, 0)) / more for kind in after}
    each = {side: median(turn[side] for turn in turns) * 1e3 for side in turns[0]}
    counts = ", ".join(f"{kind} {count:.2f}" for kind, count in asked.items())
    what = "run: CPU of a look, against bare httpx with the same requests"
    return [
        Row(
            f"{what}, {GATES[rate_gate]} at a time",
            median(turn["ours"] / turn[rate_gate] for turn in turns),
            goal=goal,
            detail=f"{each['ours']:.2f} ms a look, bare {each[rate_gate]:.2f} ms; {counts} a look",
        )
        for rate_gate, goal in (("same", GOAL), ("cheapest", None))
    ]


if __name__ == "__main__":
    {"ours": ours, "bare": bare}[sys.argv[1]](sys.argv[2])
