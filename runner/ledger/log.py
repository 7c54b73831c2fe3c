"""Whether SQLite's log (``-wal``) belongs to the file that it lies beside.

A log is read into whatever file has its name. An older copy of a ledger that is put back beside the
log of a run that was killed can look sound: what the log changed in pages that the copy does not
have is never seen. But every transaction in a log says how many pages the file has after it.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from runner.files import open_file

HEADER, FRAME = 32, 24
MAGIC = {0x377F0682: "<", 0x377F0683: ">"}
"""The byte order of a log's checksums, by its first word (SQLite's file format, chapter 4)."""
MAX_CHECKED_PAGES = 1_000
"""So many pages a transaction may have and be checked; SQLite folds a log in at about as many."""


def is_foreign_log(path: Path, pages: int) -> bool:
    """Return whether a ledger of so many ``pages`` cannot be the file that its log was written for.

    Only for who holds the ledger's lock: the log must not grow meanwhile. The first transaction is
    read whole, because one that was cut short when the power failed says nothing.
    """
    try:
        with open_file(Path(f"{path}-wal"), follow=False) as log:
            sizes = list(_sizes(log))
    except FileNotFoundError:
        return False
    return bool(sizes) and pages not in sizes


def _sizes(log: BinaryIO) -> Iterator[int]:
    """Yield the pages of the file after each transaction of a log, if its first one is whole."""
    header = log.read(HEADER)
    if len(header) < HEADER:
        return
    magic, _, page_size, _, *salts, first, second = struct.unpack(">8I", header)
    order = MAGIC.get(magic)
    if order is None or page_size not in range(512, 65537):
        return
    sums = (first, second)
    whole = False
    number = 0
    while len(frame := log.read(FRAME)) == FRAME:
        number += 1
        _, size, *mine, first, second = struct.unpack(">6I", frame)
        if mine != salts:
            return
        if not whole:
            page = log.read(page_size)
            sums = _add(sums, frame[:8] + page, order)
            if sums != (first, second) or len(page) < page_size or number > MAX_CHECKED_PAGES:
                return
        else:
            log.seek(page_size, 1)
        if size:
            whole = True
            yield size


def _add(sums: tuple[int, int], data: bytes, order: str) -> tuple[int, int]:
    """Return a log's running checksum after more data."""
    first, second = sums
    words = struct.unpack(f"{order}{len(data) // 4}I", data[: len(data) // 4 * 4])
    for even, odd in zip(words[::2], words[1::2], strict=False):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return first, second
