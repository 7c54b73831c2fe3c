"""Any bytes as what somebody left in a state folder: it is used or refused, and nothing leads out.

The first byte chooses a command. The rest is divided by 0xFF into things that lie there: the first
byte says where, the second what it is, and what follows is its content.
"""

import io
import json
import os
import shutil
import socket
import sys
from contextlib import chdir, closing, redirect_stderr, redirect_stdout, suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from runner.cli import invoke
from tests.cli.hostile import HostileApi, find_dangers, stand_in
from tests.fuzz.target import Target, demand, folder

PLACES = (
    *("ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-journal", "ledger.checksum.json"),
    *("ledger.lock", "ledger.owner.json", "results.json", "review.json", "catalog.html"),
    *("made-from.json", "last-used.json", ".gitignore", "images", "images/base.1.png"),
    *("images/office.1.png", "images/.office.2.part", "thumbs", "thumbs/base.1.jpg", "pictures"),
    *("simulated", "api.example_me", "api.example_me/ledger.sqlite", "../summer.lookbook"),
    *("../summer.lookbook/results.json", "../summer.lookbook/ledger.sqlite", "../sarah.png"),
    *("simulator.state", "queue", "run.json", "../plan.json", "../.env", "lookbook.log"),
)
KINDS = (
    *("file", "appended", "cut", "link", "link to a folder", "link to nothing", "link to itself"),
    *("pipe", "socket", "folder", "huge", "gone"),
)
COMMANDS = (
    *(["status", "--takes"], ["plan"], ["money"], ["export"], ["explain", "office"], ["catalog"]),
    *(["review", "--list"], ["run", "--yes"], ["prune", "--local", "--yes"], ["fetch"]),
    *(["reconcile"], ["pick", "office#1"], ["doctor"], ["plan", "-o", "plan.json"]),
    *(["retry", "--yes"], ["reroll", "office", "--yes"], ["reconcile", "--rebuild", "--yes"]),
)

MANIFEST = """\
version: 1
campaign: spring
base: {name: Sarah, photo: sarah.png}
looks:
  office: {prompt: "Wearing a navy blazer, office, morning light"}
"""
SECRET = "nobody's business"

WORDS = (
    *(
        "\x00",
        "\x05",
        "\x06\x00",
        "{}",
        "[]",
        '{"folder": "../.."}',
        '{"folder": "/"}',
        '{"pid": 1}',
    ),
    *(
        '{"version": 1, "looks": []',
        '"account"',
        '"campaign"',
        '"takes"',
        '"image"',
        "../../x",
        "/x",
    ),
    *("SQLite format 3\x00", "NaN", "[[[[", "null", "\\ud800", "\x1b[2J", "HEYGEN_API_KEY=x\n"),
)


def run(data: bytes) -> None:
    """Lay it into a copy of a campaign that was run, and run a command there."""
    home = folder() / "home"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(campaign(), home, symlinks=True)
    outside = folder() / "outside"
    shutil.rmtree(outside, ignore_errors=True)
    (outside / "inner").mkdir(parents=True)
    (outside / "inner" / "secret.txt").write_text(SECRET)
    before = listing(outside)
    for piece in data[1:].split(b"\xff")[:8]:
        with chdir(home / "spring.lookbook"), suppress(OSError, ValueError):
            lay(piece)
    words = COMMANDS[data[0] % len(COMMANDS)] if data else ["status"]
    name, *more = words
    code, printed = carried_out(home, [name, "spring.yaml", *more])
    demand(code != 70, f"{name} ends in words:\n{printed[-3000:]}")
    demand(listing(outside) == before, "nothing outside is written, moved or deleted")
    demand(SECRET not in printed, "nothing outside is shown")
    dangers = find_dangers(printed)
    demand(not dangers or name == "export", f"a terminal is handed {dangers[:3]}")


def lay(piece: bytes) -> None:
    """Put one thing where the bytes say. Raises OSError where that cannot be."""
    if len(piece) < 2:
        return
    place, kind = Path(PLACES[piece[0] % len(PLACES)]), KINDS[piece[1] % len(KINDS)]
    content = piece[2:]
    place.parent.mkdir(exist_ok=True)
    if kind == "appended":
        content = place.read_bytes() + content
    elif kind == "cut":
        content = place.read_bytes()[: int.from_bytes(content[:2] or b"\0", "big")]
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    place.unlink(missing_ok=True)
    if kind in MAKERS:
        MAKERS[kind](place)
    elif kind != "gone":
        place.write_bytes(content)


def huge(place: Path) -> None:
    """Make a file of many gigabytes that takes no place on the disk."""
    with place.open("wb") as file:
        file.truncate(1 << 36)


def bind(place: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as one:
        one.bind(str(place))


MAKERS: dict[str, Any] = {
    "link": lambda place: place.symlink_to(folder() / "outside" / "inner" / "secret.txt"),
    "link to a folder": lambda place: place.symlink_to(folder() / "outside" / "inner"),
    "link to nothing": lambda place: place.symlink_to(folder() / "outside" / "new"),
    "link to itself": lambda place: place.symlink_to(place.name),
    "pipe": os.mkfifo,
    "socket": bind,
    "folder": Path.mkdir,
    "huge": huge,
}


def listing(place: Path) -> list[tuple[str, bytes]]:
    return [(str(p), p.read_bytes() if p.is_file() else b"") for p in sorted(place.rglob("*"))]


def carried_out(home: Path, words: list[str]) -> tuple[int, str]:
    """Carry a command out in this process; return its code and all that it printed."""
    out = io.StringIO()
    with (
        chdir(home),
        pytest.MonkeyPatch.context() as patch,
        redirect_stdout(out),
        redirect_stderr(out),
    ):
        stand_in(patch, API, home)
        patch.setattr(sys, "stdin", io.StringIO())
        code = invoke(words)
    return code, out.getvalue()


API = HostileApi(words="plain")


@cache
def campaign() -> Path:
    """Return a folder with a campaign that was run once."""
    from PIL import Image

    made = folder() / "campaign"
    made.mkdir()
    Image.new("RGB", (512, 512), (200, 150, 120)).save(made / "sarah.png")
    (made / "spring.yaml").write_text(MANIFEST)
    code, printed = carried_out(made, ["run", "spring.yaml", "--yes"])
    demand(code == 0, printed)
    return made


def seeds() -> list[bytes]:
    """Some odd things for some commands: which meet which, chance decides."""
    named = {name: number for number, name in enumerate(PLACES)}
    kinds = {name: number for number, name in enumerate(KINDS)}

    def thing(place: str, kind: str, content: bytes = b"") -> bytes:
        return bytes([named[place], kinds[kind]]) + content

    told = [
        [thing("images", "link to a folder")],
        [thing("results.json", "link")],
        [thing("ledger.sqlite", "cut", b"\x10\x00")],
        [thing("last-used.json", "file", b'{"folder": "../../outside"}')],
        [thing("results.json", "huge"), thing("made-from.json", "pipe")],
        [thing("thumbs/base.1.jpg", "link"), thing("ledger.lock", "folder")],
        [thing("ledger.sqlite", "gone"), thing("ledger.checksum.json", "gone")],
        [thing("../summer.lookbook/results.json", "pipe"), thing("review.json", "socket")],
        [thing("../sarah.png", "link to itself")],
        [thing("ledger.owner.json", "file", json.dumps({"pid": [], "host": {}}).encode())],
    ]
    return [bytes([number]) + b"\xff".join(things) for number, things in enumerate(told)]


WATCHED = ("runner.ledger", "runner.files", "runner.cli")
TARGET = Target("folder", run, seeds, WORDS, WATCHED, longest=2048)
