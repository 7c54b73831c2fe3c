"""How long reading a manifest takes, beside what PyYAML needs to parse the same file.

Gives ratios to ``yaml.CSafeLoader`` in the same process and minute: each step is timed by turns,
and the best of several rounds counts, because a machine is never slower than itself by chance.
The goal for 10,000 looks is at most 0.5 for everything up to the plan.
"""

import gc
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from bench.report import Row
from runner.manifest import load
from runner.manifest.diagnostics import Findings
from runner.manifest.quick import conforms
from runner.manifest.yaml.document import parse_yaml
from runner.manifest.yaml.source import read_source
from runner.plan import plan
from runner.resources import validator
from runner.takes import Snapshot

ROUNDS = 7


def manifest(looks: int) -> str:
    """A campaign of explicit looks; two of three reference the one before."""
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


def measure(*, quick: bool) -> list[Row]:
    """Each step of reading, and all of them together, beside PyYAML's parse."""
    looks = 1_000 if quick else 10_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.yaml"
        path.write_text(manifest(looks), "utf-8")
        source = read_source(path)
        data = source.text.encode()
        document = parse_yaml(source.text, Findings(source))
        campaign = load(path).campaign
        assert campaign is not None

        def everything() -> None:
            reading = load(path, hints=False)
            assert reading.campaign is not None
            plan(reading.campaign, Snapshot())

        steps: dict[str, Callable[[], object]] = {
            "yaml.CSafeLoader": lambda: yaml.load(data, Loader=yaml.CSafeLoader),
            "parse, with places": lambda: parse_yaml(source.text, Findings(source)),
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
        best["schema, jsonschema"] = timed(lambda: validator("manifest").is_valid(document))
    yardstick = best["yaml.CSafeLoader"]
    size = f"{looks:,} looks, {len(data) / 1e6:.1f} MB"
    return [
        Row(
            name,
            seconds / yardstick,
            goal=0.5 if name == "read, schema, rules, plan" else None,
            detail=f"{seconds * 1000:.0f} ms; {size}",
        )
        for name, seconds in best.items()
    ]
