"""The pages show commands that run, messages that the program says, and links that lead on."""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from runner.cli import cli

ROOT = Path(__file__).parents[2]
RUNNER = ROOT / "runner"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
TELLING = 9
"""Characters from which a part of a message is looked for. What begins with "No " others say."""


FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def shown_blocks(text: str) -> list[str]:
    """Return the blocks of a page that show what is typed, a line for each command."""
    blocks = [block for kind, block in FENCE.findall(text) if kind in {"", "console", "text", "sh"}]
    return [block.replace("\\\n", " ") for block in blocks]


def shown_commands(text: str) -> Iterator[list[str]]:
    """Return the words of each ``lookbook`` command on a page, in blocks and in its prose.

    `lookbook met …` is a message.
    """
    lines = [line for block in shown_blocks(text) for line in block.splitlines()]
    lines += [span.replace("\n", " ") for span in re.findall(r"`(lookbook (?!met )[^`]+)`", text)]
    for line in lines:
        found = re.match(r"\s*(?:\$ )?(?:nohup )?(lookbook .*)", line)
        if found is None or "…" in found[1].split("#")[0].split("'")[0]:
            continue
        words = shlex.split(re.split(r" [|>]|\s2>| &| \|\|", found[1])[0], comments=True)
        if len(words) > 1 and not words[1].isupper():
            yield words


def unknown_words(words: list[str]) -> list[str]:
    """Return the options of a command line that its command does not have."""
    if words[1].startswith("-"):
        return []
    try:
        command = cli.get_command(click.Context(cli), words[1])
    except click.UsageError:
        return [words[1]]
    assert command is not None
    for word in words[2:]:  # a command of a group, or of a group in it
        if isinstance(command, click.Group):
            command = command.get_command(click.Context(command), word) or command
    known = {name for p in command.params for name in (*p.opts, *p.secondary_opts)} | {"--help"}
    options = [word.partition("=")[0] for word in words[2:] if re.match(r"--?[a-z]", word)]
    return [word for word in options if word not in known]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_command_that_a_page_shows_is_understood(page: Path) -> None:
    wrong = {
        shlex.join(words): unknown
        for words in shown_commands(page.read_text("utf-8"))
        if (unknown := unknown_words(words))
    }
    assert not wrong


def test_a_wrong_command_would_be_noticed() -> None:
    shown = "```console\n$ lookbook run a.yaml --dry   # no\n$ lookbook rum a.yaml\n```\n"
    assert [unknown_words(words) for words in shown_commands(shown)] == [["--dry"], ["rum"]]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_link_to_a_file_leads_to_one(page: Path) -> None:
    targets = re.findall(r"\]\(([\w/.-]+?)(?:#[\w-]+)?\)", page.read_text("utf-8"))
    made = ROOT / "docs" / "reference"  # by `make docs`
    aims = [(target, page.parent / target) for target in targets]
    assert not [t for t, aim in aims if not aim.exists() and aim.resolve().parent != made]


def said_texts() -> str:
    """Return every text in the program, with … where something is put in."""
    texts = []
    for path in sorted(RUNNER.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = (v.value if isinstance(v, ast.Constant) else "…" for v in node.values)
                texts.append("".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.append(" ".join(node.value.split()))
    return "\n".join(texts)


def test_every_message_of_the_troubleshooting_is_one_that_the_program_says() -> None:
    said = said_texts()
    page = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
    cells = re.findall(r"^\| (`.*?) \|", page, re.MULTILINE)
    messages = [message for cell in cells for message in re.findall("`(.*?)`", cell)]
    parts = [p.strip(" :.[]") for m in messages for p in m.split("…")]
    telling = [p for p in parts if len(p) >= TELLING and not p.startswith("No ")]
    assert len(telling) > 15
    assert not [part for part in telling if part not in said]
