"""Mutation testing: ``python -m tests.mutants [FILES...] [--sample N --seed S] [--money]``.

Makes one small mistake after another in the modules that decide what is paid for, and lets each
meet the tests that run its line, until the first fails. A mistake that no test notices survives and
is listed; those that concern money come first and are marked with ``$``. Exit code 1 when one of
them survived.
"""

import argparse
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.mutants.mutate import Mutant, find_enums, find_mutants
from tests.mutants.play import Fate, Verdict, play, preload
from tests.mutants.reach import ROOT, Reach, measure
from tests.mutants.replace import Meeting, play_all

PARTS = ["runner/policy/**/*", "runner/plan/**/*", "runner/executor/**/*", "runner/ledger/**/*"]
TESTS = ["tests/policy", "tests/plan", "tests/executor", "tests/ledger"]
"""Tests without processes: a mutant meets those of them that run its line."""

SURVIVED = (Fate.SURVIVED, Fate.UNREACHED)


def main(arguments: Sequence[str]) -> int:
    """Play the mutants that were asked for; print the survivors and a summary for each module."""
    asked = _parser().parse_args(arguments)
    os.chdir(ROOT)
    enums = find_enums(sorted(Path("runner").rglob("*.py")))
    mutants = [m for path in _paths(asked.files) for m in find_mutants(path, enums)]
    mutants = [m for m in mutants if asked.only in m.label and (m.money or not asked.money)]
    mutants = _sample(mutants, asked.sample, asked.seed)
    if asked.list:
        for mutant in mutants:
            _say(f"{'$' if mutant.money else ' '} {mutant.label}")
        return 0
    _say(f"{len(mutants)} mutants; measuring which tests reach them ...")
    reach = measure(asked.tests, asked.reach)
    preload()
    begun = time.monotonic()
    verdicts = _play(mutants, reach, asked)
    _report(verdicts, time.monotonic() - begun)
    return int(any(v.fate in SURVIVED and v.mutant.money for v in verdicts))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m tests.mutants", description=__doc__)
    parser.add_argument("files", nargs="*", default=PARTS, help="globs of modules")
    parser.add_argument("--only", default="", help="only mutants whose label contains this")
    parser.add_argument("--money", action="store_true", help="only mutants that concern money")
    parser.add_argument("--sample", type=int, metavar="N", help="at most so many of each module")
    parser.add_argument("--seed", type=int, default=0, help="which sample")
    parser.add_argument("--jobs", type=int, default=1, help="mutants played at a time")
    parser.add_argument("--tests", nargs="+", default=TESTS, help="test files and folders")
    parser.add_argument("--reach", type=Path, metavar="FILE", help="keep what was measured here")
    parser.add_argument("--list", action="store_true", help="list the mutants and play none")
    parser.add_argument("--verbose", action="store_true", help="tell what became of each at once")
    return parser


def _paths(globs: Sequence[str]) -> list[Path]:
    found = {path for each in globs for path in Path().glob(each) if path.suffix == ".py"}
    return sorted(found)


def _sample(mutants: list[Mutant], size: int | None, seed: int) -> list[Mutant]:
    """Return at most ``size`` mutants of each module, those that a seed draws."""
    if size is None:
        return mutants
    by_path: dict[Path, list[Mutant]] = {}
    for mutant in mutants:
        by_path.setdefault(mutant.path, []).append(mutant)
    drawn: list[Mutant] = []
    for path, of in by_path.items():
        chosen = random.Random(f"{seed}:{path}").sample(range(len(of)), min(size, len(of)))
        drawn += [of[index] for index in sorted(chosen)]
    return drawn


def _play(mutants: Sequence[Mutant], reach: Reach, asked: argparse.Namespace) -> list[Verdict]:
    """Play every mutant; say what became of it as soon as it is known."""
    verdicts: list[Verdict] = []

    def tell(verdict: Verdict) -> None:
        verdicts.append(verdict)
        if asked.verbose or verdict.fate in SURVIVED:
            mark = "$" if verdict.mutant.money else " "
            by = f"  [{verdict.by}]" if verdict.by else ""
            what = f"{verdict.fate} {verdict.mutant.label}{by}"
            _say(f"{len(verdicts)}/{len(mutants)} {mark} {what}")

    early: list[Meeting] = []
    later: list[Meeting] = []
    for mutant in mutants:
        tests = reach.tests_of(mutant.path, mutant.lines, at_import=mutant.at_import)
        meeting: Meeting = (mutant, {test: reach.seconds[test] for test in tests})
        (early if mutant.at_import else later).append(meeting)
    played = play_all(later, asked.tests, asked.jobs) if later else ()
    for meeting, verdict in zip(later, played, strict=True):
        if verdict.fate in SURVIVED and reach.is_imported(meeting[0].path, meeting[0].lines):
            early.append(meeting)
        else:
            tell(verdict)
    with ThreadPoolExecutor(asked.jobs) as threads:
        for verdict in threads.map(lambda meeting: play(*meeting), early):
            tell(verdict)
    return verdicts


def _report(verdicts: Sequence[Verdict], seconds: float) -> None:
    counted: dict[Path, Counter[Fate]] = {}
    for verdict in verdicts:
        counted.setdefault(verdict.mutant.path, Counter())[verdict.fate] += 1
    _say("\nmodule" + " " * 40 + "".join(f"{fate:>11}" for fate in Fate))
    for path, fates in counted.items():
        _say(f"{path!s:46}" + "".join(f"{fates[fate]:>11}" for fate in Fate))
    alive = sorted((v for v in verdicts if v.fate in SURVIVED), key=lambda v: not v.mutant.money)
    _say(f"\n{len(alive)} of {len(verdicts)} survived ({seconds:.0f} s); $: it concerns money")
    for verdict in alive:
        mark = "$" if verdict.mutant.money else " "
        _say(f"{mark} {verdict.fate:9} {verdict.mutant.label}")


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
