"""``python -m tests.fault``: play many seeds, or one again, and say what broke."""

import argparse
import os
import sys
import time
import warnings
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.fault.coverage import list_unexercised, table
from tests.fault.generate import generate
from tests.fault.play import Report, play
from tests.fault.shrink import shrunk
from tests.fault.tally import Tally
from tests.ledger.postgres import serve_postgres

LINES = 60
"""How much of the event log of a failure is shown."""

EVERY = 30.0
"""Seconds between two lines of progress; as often a long run is saved."""


def main(arguments: list[str]) -> int:
    """Play; return 0 when no promise was broken and nothing that must be exercised was missed."""
    options = _options(arguments)
    if options.one is not None:
        with _served(options):
            return _one(options)
    begun = time.monotonic()
    with _served(options):
        tally = _many(options)
    took = time.monotonic() - begun
    if options.coverage:
        _print(*table(tally.seen))
    _print(
        f"{tally.done} seeds, {tally.commands} commands: {len(tally.broken)} broken; {took:.0f} s"
    )
    for seed, broken in tally.broken.items():
        _print(f"seed {seed}: {broken}", f"  again: {_again(seed, options)}")
    asked = {"seeds": tally.done, "shared": options.shared}
    missed = list_unexercised(tally.seen, **asked) if options.coverage else []
    _print(*(f"never exercised: {name}" for name in missed))
    return 1 if tally.broken or missed else 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fault", description=__doc__)
    add = parser.add_argument
    add("--seeds", type=int, default=1000, help="how many (default 1000)")
    add("--seed", type=int, default=0, help="the first (default 0)")
    add("--jobs", type=int, default=os.cpu_count() or 1, help="processes at once")
    add("--resume", type=Path, help="keep the tally in this file, and go on from it")
    add("--coverage", action="store_true", help="say what was exercised, and demand everything")
    add("--one", type=int, metavar="SEED", help="play one seed; a failure is made short")
    add("--shared", action="store_true", help="every seed's ledger in a database machines share")
    add("--on-postgres", action="store_true", help="the same at a real server (from a wheel)")
    add("--no-shrink", action="store_true", help="with --one: as it is, with its whole log")
    options = parser.parse_args(arguments)
    options.shared |= options.on_postgres
    options.address = None
    if options.seeds == 1 and options.one is None:
        options.one = options.seed
    return options


@contextmanager
def _served(options: argparse.Namespace) -> Iterator[None]:
    """Serve PostgreSQL for as long as seeds are played, where that was asked for."""
    if not options.on_postgres:
        yield
        return
    with serve_postgres() as server:
        options.address = server.address()
        yield


def _many(options: argparse.Namespace) -> Tally:
    tally = Tally.saved(options.resume)
    seeds = range(options.seed + tally.done, options.seed + options.seeds)
    said = time.monotonic()
    for report in _played(seeds, options):
        tally.add(report)
        if report.broken is not None:
            _print(f"seed {report.history.seed}: {report.broken}")
        if time.monotonic() - said > EVERY:
            said = time.monotonic()
            _print(f"… {tally.done} of {options.seeds} seeds, {len(tally.broken)} broken")
            if options.resume is not None:
                tally.save(options.resume)
    if options.resume is not None:
        tally.save(options.resume)
    return tally


def _played(seeds: Iterable[int], options: argparse.Namespace) -> Iterator[Report]:
    play_one = partial(_play, shared=options.shared, address=options.address)
    if options.jobs == 1:
        yield from map(play_one, seeds)
        return
    with ProcessPoolExecutor(options.jobs) as pool:
        yield from pool.map(play_one, seeds, chunksize=4)


def _again(seed: object, options: argparse.Namespace) -> str:
    where = " POSTGRES=1" if options.on_postgres else " SHARED=1" if options.shared else ""
    return f"make fault SEED={seed} SEEDS=1{where}"


def _play(seed: int, *, shared: bool = False, address: str | None = None) -> Report:
    # What a killed process had begun and never awaited is no news.
    warnings.simplefilter("ignore", RuntimeWarning)
    history = generate(seed, shared=shared)
    if address is None:
        return play(history)
    from tests.fault.postgres_tables import on_postgres  # needs an extra

    with on_postgres(address):
        return play(history)


def _one(options: argparse.Namespace) -> int:
    seed = options.one
    report = _play(seed, shared=options.shared, address=options.address)
    if report.broken is None or options.no_shrink or options.on_postgres:
        _print(*report.history.lines(), *report.log, report.broken or "no promise was broken")
        return 0 if report.broken is None else 1
    report = shrunk(report)
    _print(f"seed {seed}: {report.broken}", f"  again: {_again(seed, options)}")
    _print("", "as short as it was found:", *report.history.lines())
    _print(*(f"  muted {name}" for name in sorted(report.history.muted)))
    _print("", "its last events:", *report.log[-LINES:])
    return 1


def _print(*lines: str) -> None:
    for line in lines:
        print(line, flush=True)  # noqa: T201 - a command's output


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
