"""Run the benchmarks: ``python -m bench [NAME ...] [--quick] [--json FILE]``.

Every module here that is named in ``NAMES`` has a function ``measure(quick)`` that gives rows. Each
runs in a process of its own, so that none inherits another's memory or warm caches.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from bench.report import Row, document, table

NAMES = (
    "client",
    "cpu",
    "distributed",
    "ledger",
    "likeness",
    "listing",
    "makespan",
    "manifest",
    "pacing",
    "peers",
    "review",
    "scale",
    "second_run",
    "simulator",
    "startup",
    "wall",
)

ON_REQUEST = ("fleet",)
"""Benchmarks that take too long to run where they are not named."""


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 when every goal holds, 1 when one is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join((*NAMES, *ON_REQUEST))}"
    )
    parser.add_argument("--quick", action="store_true", help="smaller sizes, for a first look")
    parser.add_argument("--json", type=Path, help="write the rows here too")
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if unknown := set(chosen.names) - {*NAMES, *ON_REQUEST}:
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}")
    if chosen.alone:
        print(document(import_module(f"bench.{chosen.names[0]}").measure(quick=chosen.quick)))
        return 0
    rows = [row for name in chosen.names or NAMES for row in alone(name, quick=chosen.quick)]
    if chosen.json:
        chosen.json.write_text(document(rows), "utf-8")
    return 1 if any(row.holds is False for row in rows) else 0


def alone(name: str, *, quick: bool) -> list[Row]:
    """Measure in a process of its own and print its rows."""
    command = [sys.executable, "-m", "bench", name, "--alone", *(["--quick"] if quick else [])]
    print(f"\n{name}", flush=True)
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found = json.loads(done.stdout)["rows"]
    for row in found:
        del row["holds"]
    rows = [Row(**row) for row in found]
    print(table(rows), flush=True)
    return rows


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
