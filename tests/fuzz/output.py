"""Any bytes as words of a manifest, an account and arguments: no command prints more than text.

The first byte chooses a command that is tried after a run. The rest is what manifest and API say
wherever they have words, and what is given to options. Everything happens in this process.
"""

import io
import json
import shutil
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from PIL import Image

from runner.cli import invoke
from tests.cli.hostile import (
    EVIL,
    FORGED,
    NAME,
    SNEAKY,
    HostileApi,
    find_dangers,
    list_tries,
    refuse_to_serve,
    stand_in,
    write_manifest,
    write_spoiled,
)
from tests.fuzz.target import Target, demand, folder, written
from tests.fuzz.terminal import WORDS

TRIES = [
    (command, number) for command, tries in list_tries().items() for number in range(len(tries))
]


def run(data: bytes) -> None:
    """Run a campaign with these words, then a command; look at every character it prints."""
    text = data[1:].decode("utf-8", "replace")
    command, number = TRIES[(data[0] if data else 0) % len(TRIES)]
    words = list_tries(text)[command][number]
    home = folder() / "output"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    lay(home, json.dumps(text, ensure_ascii=not text.isprintable())[1:-1])
    api = HostileApi(words=text)
    with chdir(home), pytest.MonkeyPatch.context() as patch:
        stand_in(patch, api, home)
        patch.setattr("runner.simulator.server.serve", refuse_to_serve)
        patch.setattr("runner.review.server.serve_review", refuse_to_serve)
        patch.setattr(sys, "stdin", io.StringIO())
        harmless(["run", NAME, "--yes"])
        api.stranger()
        harmless([command, *words])


def lay(home: Path, quoted: str) -> None:
    """Write what a repository may hold."""
    Image.new("RGB", (512, 512), (200, 150, 120)).save(home / "sarah.png")
    (home / NAME).write_text(write_manifest(quoted), "utf-8", "replace")
    (home / "spoiled.yaml").write_text(write_spoiled(quoted), "utf-8", "replace")
    rows = f"key,prompt,{quoted}\n{quoted},{quoted},x\n"
    (home / "sheet.csv").write_text(rows, "utf-8", "replace")


def harmless(words: list[str]) -> None:
    """Carry a command out, and check what it wrote to stdout and stderr."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = invoke(words)
    demand(code != 70, f"{words[0]} ends in words:\n{err.getvalue()[-3000:]}")
    for stream, text in (("stdout", out.getvalue()), ("stderr", err.getvalue())):
        written(text, stream)
        if stream == "stdout" and "csv" in words:
            continue  # a table is data: a cell may have lines, and reads in any direction
        dangers = [one for one in find_dangers(text) if not one.startswith(FORGED)]
        demand(not dangers, f"{words[0]} hands {stream} {dangers[:3]}")


def seeds() -> list[bytes]:
    """Each text with another command; ``tests/cli/test_terminal.py`` tries every command."""
    texts = (EVIL, SNEAKY, "Zoë · naïve — 東京", "::error::x\u2028##[b]")
    return [bytes([13 * at]) + text.encode() for at, text in enumerate(texts)]


WATCHED = ("runner.cli", "runner.executor")
TARGET = Target("output", run, seeds, WORDS, WATCHED, longest=512)
