"""Durable ledger events a second, against what the disk gives a plain file on the same file system.

The yardstick is as bare as durability can be: append a line, ``fdatasync``, and only then the next.
Ours are whole events of a take's life (sent, accepted, completed, fetched), each awaited until its
transaction is committed, by 10 and by 100 writers at once. A transaction of SQLite that holds one
bare row is measured beside them: it shows what a writer without company would get.

Everything lies in one temporary folder (``BENCH_DISK``, or the system's). All take turns, because a
disk is never the same for two minutes; the median of the rounds' ratios counts.
"""

import asyncio
import os
import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from statistics import median
from time import perf_counter, time
from typing import Any

from bench.report import Row
from runner.cli.context import Randomness
from runner.executor.ports import Intent
from runner.ledger.ledger import LedgerFile
from runner.ledger.transactions import StoreOperation
from runner.model import LookKind
from runner.policy.lifecycle import Event
from runner.takes import Account

LINE = b'{"at":1700000000.0,"kind":"accepted","take":"0123456789abcdef","facts":{"pad":"' + (
    b"x" * 200
) + b'"}}\n'  # fmt: skip
GOALS = {10: 3.0, 100: 12.0}
CHEAP = 2_500
"""A disk that does more waits a second than this has not written them, or is a very good one."""
STEPS = 4
"""Commits that one take's life is awaited for."""


def append(folder: Path, seconds: float) -> float:
    """Lines a second of a plain file: append, wait for the disk, append."""
    path = folder / "plain"
    lines, begun = 0, perf_counter()
    file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    try:
        while (taken := perf_counter() - begun) < seconds:
            os.write(file, LINE)
            os.fdatasync(file)
            lines += 1
    finally:
        os.close(file)
        path.unlink()
    return lines / taken


def rows(folder: Path, seconds: float) -> float:
    """Transactions a second of SQLite, as durable as the ledger's, each with one bare row."""
    path = folder / "rows.sqlite"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE plain (line TEXT)")
    made, begun = 0, perf_counter()
    while (taken := perf_counter() - begun) < seconds:
        connection.execute("INSERT INTO plain VALUES (?)", (LINE.decode(),))
        made += 1
    connection.close()
    for left in folder.glob("rows.sqlite*"):
        left.unlink()
    return made / taken


def intent(look: str, key: str) -> Intent:
    body = f'{{"name":"Sarah","prompt":"Wearing a navy blazer, {look}","type":"prompt"}}'
    return Intent(
        look=look,
        kind=LookKind.PROMPT,
        identity="0" * 64,
        ingredients='{"prompt":"Wearing a navy blazer, modern office, morning light"}',
        name="Sarah",
        body=body.encode(),
        key=key,
        price=Decimal("1.00"),
        reference_look="base",
        reference_id="look_base",
    )


async def write(ledger: LedgerFile, writers: int, seconds: float) -> float:
    """Commits a second of so many writers, each of which waits until its own is on disk."""
    entropy = Randomness()
    until, done = perf_counter() + seconds, 0

    async def one(name: int) -> None:
        nonlocal done
        number = 0
        while perf_counter() < until:
            number += 1
            take = await ledger.intend(intent(f"look-{name}-{number}", entropy.key()))
            accepted = {
                "avatar_id": f"look_{take.uid}", "group_id": "group_1", "accepted_at": time()
            }  # fmt: skip
            await ledger.record(take.uid, Event.ACCEPTED, accepted)
            await ledger.record(take.uid, Event.COMPLETED, {"completed_at": time()})
            picture = {"image": f"images/{take.look}.1.png", "sha256": "0" * 64}
            await ledger.record(take.uid, Event.FETCHED, picture)
            done += STEPS

    begun = perf_counter()
    await asyncio.gather(*(one(name) for name in range(writers)))
    return done / (perf_counter() - begun)


def ours(folder: Path, writers: int, seconds: float, shared: list[float]) -> float:
    path = folder / f"ledger-{writers}.sqlite"
    ledger = LedgerFile(path, now=time, entropy=Randomness())
    transact, waits = ledger.transactions.transact, 0

    def counted(operations: Sequence[StoreOperation]) -> list[Any]:
        nonlocal waits
        waits += 1
        return transact(operations)

    ledger.transactions.transact = counted  # type: ignore[method-assign]
    try:
        ledger.begin(Account("bench", "me"), "bench", {})
        begun = perf_counter()
        found = asyncio.run(write(ledger, writers, seconds))
        shared.append(found * (perf_counter() - begun) / waits)
        return found
    finally:
        ledger.close()
        for left in folder.glob(f"{path.name}*"):
            left.unlink()


def measure(*, quick: bool) -> list[Row]:
    """Take turns at the same disk; the median of the rounds counts."""
    rounds, seconds = (3, 0.5) if quick else (9, 1.5)
    shared: dict[int, list[float]] = {10: [], 100: []}
    ways: dict[object, Callable[[Path], float]] = {
        "plain": lambda folder: append(folder, seconds),
        "rows": lambda folder: rows(folder, seconds),
        10: lambda folder: ours(folder, 10, seconds, shared[10]),
        100: lambda folder: ours(folder, 100, seconds, shared[100]),
    }
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DISK")) as name:
        folder = Path(name)
        taken = [{way: step(folder) for way, step in ways.items()} for _ in range(rounds)]
        where = file_system(folder)
    bare = median(turn["plain"] for turn in taken)
    alone = median(turn["rows"] for turn in taken)
    found = [
        Row(
            f"ledger: durable events of {writers} writers, against append + fdatasync",
            median(turn[writers] / turn["plain"] for turn in taken),
            goal=goal,
            better="higher",
            detail=f"{median(turn[writers] for turn in taken):,.0f}/s, "
            f"{median(shared[writers]):.1f} for each wait; plain {bare:,.0f}/s; "
            f"{median(turn[writers] / turn['rows'] for turn in taken):.1f} x SQLite alone",
        )
        for writers, goal in GOALS.items()
    ]
    cheap = ", which is cheap: a cache may answer" if bare > CHEAP else ""
    return [
        *found,
        Row(
            "ledger: SQLite alone, a row and a commit at a time, against the same",
            median(turn["rows"] / turn["plain"] for turn in taken),
            detail=f"{alone:,.0f}/s; {1e6 / bare:,.0f} us for one append + fdatasync on "
            f"{where}{cheap}",
        ),
    ]


def file_system(folder: Path) -> str:
    """Return the kind of file system that a folder lies on, where the system tells."""
    try:
        mounts = [line.split() for line in Path("/proc/mounts").read_text("utf-8").splitlines()]
    except OSError:
        return "an unknown file system"
    over = [mount for mount in mounts if folder.resolve().is_relative_to(mount[1])]
    return max(over, key=lambda mount: len(mount[1]))[2] if over else "an unknown file system"
