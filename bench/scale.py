"""1,000, 10,000 and 20,000 looks: plan, run, resume and export as whole commands.

The run is against the simulator over HTTP, in a process of its own, with instant looks and without
drawn pictures. Each command's time for a look and its peak memory are told; the rows hold against
each other what a larger campaign takes. ``quick`` leaves out 20,000, which take some minutes.
"""

import itertools
from collections.abc import Mapping
from pathlib import Path

from bench.command import Spent, lookbook
from bench.report import Row
from bench.second_run import campaign_at_simulator

__all__ = ["measure"]

SIZES = (1_000, 10_000, 20_000)
AT_A_TIME = 1_000
MOST_MEMORY = 250
LINEAR = 1.2
"""A look of a larger campaign takes at most so many times as much; some is the machine's mood."""


def measure(*, quick: bool) -> list[Row]:
    """Time, and memory at the peak, of each command at each size."""
    sizes = SIZES[:2] if quick else SIZES
    found = {looks: commands(looks) for looks in sizes}
    rows = [
        Row(
            f"{command}, {looks:,} looks: processor time for each",
            spent.cpu / looks * 1_000,
            unit="ms",
            detail=f"{spent.wall:.1f} s by the clock; {spent.peak / 1e6:.0f} MB at the peak",
        )
        for looks in sizes
        for command, spent in found[looks].items()
    ]
    rows += [
        Row(
            f"{command}: {larger:,} looks against {smaller:,}",
            found[larger][command].cpu / found[smaller][command].cpu * smaller / larger,
            goal=LINEAR,
            detail="processor time for each look",
        )
        for smaller, larger in itertools.pairwise(sizes)
        for command in found[smaller]
    ]
    rows += [
        Row(
            f"memory at the peak, {sizes[-1]:,} looks: {command}",
            found[sizes[-1]][command].peak / 1e6,
            goal=MOST_MEMORY if command != "export" else None,
            unit="MB",
        )
        for command in found[sizes[-1]]
    ]
    return rows


def commands(looks: int) -> dict[str, Spent]:
    """Plan a campaign, run a half of it, resume with the rest, and export the results."""
    with campaign_at_simulator(looks) as (path, env):
        return carried_out(path, env, looks)


def carried_out(path: Path, env: Mapping[str, str], looks: int) -> dict[str, Spent]:
    """Run each command once, in the order in which a person would."""
    run = ("run", path, "--yes", "--max-concurrency", str(AT_A_TIME))
    half = ("--up-to-budget", "--max-cost", str(looks // 2))
    return {
        "plan": lookbook("plan", path, env=env),
        "run, half of it": lookbook(*run, *half, env=env, codes=(0, 5)),
        "run, the rest": lookbook(*run, env=env),
        "run, nothing to do": lookbook(*run, env=env),
        "export": lookbook("export", path, "--format", "jsonl", env=env),
    }
