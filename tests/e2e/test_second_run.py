"""A run that finds nothing to do: it leaves results and catalog alone, and nothing else unseen."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import Command, Server

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

RUN = ("run", "spring.yaml", "--yes")
KEPT = ("results.json", "catalog.html")


def files(state: Path) -> dict[str, tuple[tuple[int, int], bytes]]:
    """Return what every writing changes, and the content of what a run leaves.

    Inode and time together: a file system gives the inode of a deleted file away again, and two
    writings in one tick of the clock have one time.
    """
    kept = {name: (state / name).stat() for name in KEPT}
    return {
        name: ((stat.st_ino, stat.st_mtime_ns), (state / name).read_bytes())
        for name, stat in kept.items()
    }


def test_nothing_is_written_again_where_nothing_has_changed(
    lookbook: Command, server: Server
) -> None:
    first = lookbook(*RUN)
    state = lookbook.folder / "spring.lookbook"
    left = files(state)
    again = lookbook(*RUN)
    assert files(state) == left
    assert "look    state  reference" in first.stdout
    assert re.fullmatch(  # the table would say nothing new
        r"Done: 0 bought \(\$0\.00\), 0 failed, 4 unchanged · wallet \$999,996\.00 · \S+ s\n"
        rf"catalog: {(state / 'catalog.html').as_uri()}\n",
        again.stdout,
    )
    assert json.loads(lookbook(*RUN, "--format", "json").stdout) == json.loads(
        left["results.json"][1]
    )
    assert files(state) == left
    assert len(server.stats()["charges"]) == 4


def retitle(state: Path) -> None:
    manifest = state.with_name("spring.yaml")
    manifest.write_text(manifest.read_text().replace("{prompt", "{tags: [hero], prompt", 1))


def lose(name: str) -> Callable[[Path], None]:
    return lambda state: next(state.glob(name)).unlink()


def scribble(name: str) -> Callable[[Path], None]:
    def change(state: Path) -> None:
        (state / name).write_bytes((state / name).read_bytes() + b"\n")

    return change


CHANGES: dict[str, Callable[[Path], None]] = {
    "another tag": retitle,
    "no results": lose("results.json"),
    "no catalog": lose("catalog.html"),
    "no small picture": lose("thumbs/*.jpg"),
    "no picture": lose("images/office.1.png"),
    "no record of what they were made from": lose("made-from.json"),
    "other results": scribble("results.json"),
    "another catalog": scribble("catalog.html"),
}


def test_whatever_changed_is_noticed_and_made_right(lookbook: Command, server: Server) -> None:
    lookbook(*RUN)
    state = lookbook.folder / "spring.lookbook"
    thumbs = sorted(state.glob("thumbs/*"))
    for what, change in CHANGES.items():
        before = files(state)
        change(state)
        results = json.loads(lookbook(*RUN, "--format", "json").stdout)
        after = files(state)
        assert all(before[name][0] != after[name][0] for name in KEPT), what
        assert json.loads(after["results.json"][1]) == results, what
        assert sorted(state.glob("thumbs/*")) == thumbs, what
        assert (state / "images" / "office.1.png").is_file(), what
    assert len(server.stats()["charges"]) == 4


def test_results_that_this_ledger_left_are_not_read_again(
    lookbook: Command, server: Server
) -> None:
    lookbook(*RUN)
    state = lookbook.folder / "spring.lookbook"
    path = state / "results.json"
    left = path.stat()
    path.write_bytes(b"x" * left.st_size)  # whoever reads this refuses it
    os.utime(path, ns=(left.st_atime_ns, left.st_mtime_ns))
    retitle(state)
    results = json.loads(lookbook(*RUN, "--format", "json").stdout)
    assert json.loads(path.read_text()) == results
    assert len(server.stats()["charges"]) == 4


def test_what_another_command_did_is_seen_by_the_next_run(
    lookbook: Command, server: Server
) -> None:
    lookbook(*RUN)
    lookbook("reroll", "spring.yaml", "street", "--yes")
    lookbook("pick", "spring.yaml", "street#2")
    state = lookbook.folder / "spring.lookbook"
    results = json.loads(lookbook(*RUN, "--format", "json").stdout)
    street = next(look for look in results["looks"] if look["look"] == "street")
    assert [take["picked"] for take in street["takes"]] == [False, True]
    assert json.loads((state / "results.json").read_text()) == results
    left = files(state)
    lookbook(*RUN)
    assert files(state) == left
    assert len(server.stats()["charges"]) == 5
