"""How long reading a manifest takes, beside what PyYAML needs to parse the same file.

    python bench/manifest.py [LOOKS]

Prints ratios to ``yaml.CSafeLoader`` in the same process and minute: each step is timed by turns,
and the best of several rounds counts, because a machine is never slower than itself by chance.
The goal for 10,000 looks is at most 0.5 for everything up to the plan.
"""

import gc
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from runner.manifest import load
from runner.manifest.diagnostics import Findings
from runner.manifest.document import parse
from runner.manifest.quick import conforms
from runner.manifest.shape import validator
from runner.manifest.source import read
from runner.model import Snapshot
from runner.plan import plan

ROUNDS = 7


def manifest(looks: int) -> str:
    """A campaign of explicit looks; a third of them reference the one before."""
    lines = [
        "version: 1", "campaign: bench", "base: {name: Sarah, avatar_id: look_1}",
        f"max_looks: {looks}", "looks:",
    ]  # fmt: skip
    for number in range(looks):
        lines += [
            f"  look-{number:05}:",
            f"    title: Look number {number}",
            f"    prompt: Wearing navy blazer {number}, modern office with plants, morning light",
        ]
        if number % 3:
            lines.append(f"    avatar_id: {{look: look-{number - 1:05}}}")
        if number % 5 == 0:
            lines.append("    tags: [spring, office]")
    return "\n".join(lines) + "\n"


def timed(step: Callable[[], object]) -> float:
    # What lies in memory already must not slow PyYAML down, which lets the collector run.
    gc.collect()
    gc.freeze()
    started = time.process_time()
    step()
    return time.process_time() - started


def main(looks: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.yaml"
        path.write_text(manifest(looks), "utf-8")
        source = read(path)
        data = source.text.encode()
        document = parse(source.text, Findings(source))
        campaign = load(path).campaign
        assert campaign is not None

        def everything() -> None:
            reading = load(path, hints=False)
            assert reading.campaign is not None
            plan(reading.campaign, Snapshot())

        steps: dict[str, Callable[[], object]] = {
            "yaml.CSafeLoader": lambda: yaml.load(data, Loader=yaml.CSafeLoader),
            "parse, with places": lambda: parse(source.text, Findings(source)),
            "schema, quick": lambda: conforms(document),
            "read, schema, rules": lambda: load(path, hints=False),
            "read, schema, rules, hints": lambda: load(path),
            "plan": lambda: plan(campaign, Snapshot()),
            "read, schema, rules, plan": everything,
        }
        best = dict.fromkeys(steps, float("inf"))
        for _ in range(ROUNDS):
            for name, step in steps.items():
                best[name] = min(best[name], timed(step))
        best["schema, jsonschema"] = timed(lambda: validator().is_valid(document))
    yardstick = best["yaml.CSafeLoader"]
    print(f"{looks:,} looks, {len(data) / 1e6:.1f} MB")
    for name, seconds in best.items():
        print(f"  {name:28} {seconds * 1000:8.0f} ms  {seconds / yardstick:5.2f} x")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
