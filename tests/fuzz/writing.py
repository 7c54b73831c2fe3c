"""Any bytes as a path to write to, and as values that file names are made of: nothing leads out.

The first byte chooses how; the rest is a path below a folder in which links, pipes and devices lie,
or a template and the values for it, with zeros between.
"""

import os
import shutil
from pathlib import Path

from runner.catalog.naming import make_safe_name, parse_template
from runner.cli.terminal import escape_text
from runner.errors import LookbookError
from runner.files import (
    append_private,
    create_file,
    make_folder,
    open_file,
    read_given,
    write_atomic,
    write_output,
)
from tests.fuzz.target import Target, demand, folder, written

WAYS = ("within", "output", "append", "create", "folder", "name")
DEEPEST = 8
SECRET = b"nobody's business"
NEW = b"what was written"

WORDS = (
    *("out/", "loop/", "new/", "pipe", "full", "file", "deep/", "../", "./", "//", "/", "~", "\\"),
    *("\x00", "\n", "\x1b[2J", "\x80", "con", "NUL.png", "a" * 255, "-", ". ", "..."),
    *("{look}", "{title}", "{take:02}", "{campaign}/", "{ext}", ".png", ".{ext}", "{", "}", "{{"),
)


def run(data: bytes) -> None:
    """Write where the bytes say, in a folder of this process."""
    if not data:
        return
    way, said = WAYS[data[0] % len(WAYS)], data[1:]
    if way == "name":
        named(said)
        return
    outside = folder() / "beside"
    home = lay(outside)
    before = listing(outside)
    path = home / Path(os.fsdecode(below(said)))
    try:
        tried(way, home, path)
    except (LookbookError, OSError, ValueError) as error:
        demand(isinstance(error, LookbookError) or way != "output", "a person is told in words")
        written(escape_text(str(error)), "the refusal")
    trusted = way in ("output", "append", "create")  # a person named the folder, or looked at it
    if not trusted or not any(map(os.path.islink, path.parents)):
        demand(listing(outside) == before, "nothing is written through a link, or outside")
    if way == "within":
        left = [one for one in home.rglob(".*") if one.is_file()]
        demand(not [one for one in left if len(one.suffix) == 17], "no half of a file stays")


def tried(way: str, home: Path, path: Path) -> None:
    """Write in one of the ways that there are. Raises LookbookError or OSError."""
    if way == "within":
        write_atomic(path, NEW, within=home, durable=False)
        demand(path.read_bytes() == NEW and not path.is_symlink(), "it is whole, and lies there")
    elif way == "output" and path.name != "pipe":
        write_output(path, [NEW])
        demand(path.is_char_device() or read_given(path, 1 << 20) == NEW, "it is whole")
    elif way == "append" and path.name != "pipe":
        os.close(append_private(str(path)))
    elif way == "create":
        with create_file(path) as file:
            file.write(NEW)
        with open_file(path, follow=False) as file:
            demand(file.read() == NEW, "it is what was written")
    elif way == "folder":
        make_folder(path, within=home)
        demand(path.is_dir() and path.resolve().is_relative_to(home.resolve()), "it lies below")


def below(said: bytes) -> bytes:
    """Return a path that a mistake of the product's cannot lead to files of this machine."""
    parts = [part for part in said.replace(b"\0", b"").split(b"/") if part]
    return b"/".join(part for part in parts[:DEEPEST] if part != b"..") or b"file"


def lay(outside: Path) -> Path:
    """Make the folder anew: files, and what leads elsewhere."""
    shutil.rmtree(outside, ignore_errors=True)
    home = folder() / "writing"
    shutil.rmtree(home, ignore_errors=True)
    (outside / "deep").mkdir(parents=True)
    (outside / "secret").write_bytes(SECRET)
    (home / "deep").mkdir(parents=True)
    (home / "file").write_bytes(b"before")
    for name, target in (("out", outside), ("loop", home / "loop"), ("new", outside / "new")):
        (home / name).symlink_to(target)
    (home / "deep" / "out").symlink_to(outside / "secret")
    os.mkfifo(home / "pipe")
    (home / "full").symlink_to("/dev/full")
    return home


def listing(place: Path) -> list[tuple[str, bytes]]:
    return [(str(p), p.read_bytes() if p.is_file() else b"") for p in sorted(place.rglob("*"))]


def named(said: bytes) -> None:
    """Make a name of a template and values; each piece is one that every system takes."""
    template, *values = [one.decode("utf-8", "replace") for one in said.split(b"\0")]
    for value in values:
        piece(make_safe_name(value))
    fields = ("look", "title", "campaign", "take", "ext", "matrix", "avatar_id")
    given = dict(zip(fields, values, strict=False))
    try:
        name = parse_template(template, ()).name({"look": "navy", "ext": "png", **given})
    except LookbookError as error:
        written(escape_text(error.message), "the refusal")
        return
    demand(name and not name.startswith("/"), "a name is a path below the target")
    for one in name.split("/"):
        piece(one)


def piece(one: str) -> None:
    demand(0 < len(written(one, "a name")) <= 255, "a piece of a name has a bound")
    demand(one not in (".", "..") and one == one.strip(" "), "a piece names one thing")
    demand(not set(one) & set('/\\:*?"<>|\0\n\x1b\u202e'), "no system reads more into it")


def seeds() -> list[bytes]:
    paths = [
        b"file",
        b"out/x",
        b"new/x",
        b"deep/out",
        b"loop/x",
        b"a/b/c",
        b"out",
        b"full",
        b"pipe",
    ]
    found = [bytes([way]) + path for way in range(5) for path in paths]
    names = [
        b"{campaign}/{look}_{take:02}.{ext}\0../x\0con\0a/b\n1",
        b"../{look}.png\0x",
        b"{look}",
    ]
    return [*found, *(bytes([5]) + name for name in names)]


WATCHED = ("runner.files", "runner.catalog.naming")
TARGET = Target("writing", run, seeds, WORDS, WATCHED, longest=1024)
