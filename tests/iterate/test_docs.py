"""docs/iterating.md speaks of commands and options that exist."""

import re
import shlex
from importlib import import_module
from pathlib import Path

import click
import pytest

from runner.cli import COMMANDS, FORMER
from runner.plan.selection import METHODS
from runner.plan.steps import Action
from runner.words import ACTION_WORDS

PAGE = (Path(__file__).parents[2] / "docs" / "iterating.md").read_text("utf-8")
LINES = [line.partition("  #")[0] for line in PAGE.splitlines() if line.startswith("lookbook ")]


def options_of(name: str) -> set[str]:
    command: click.Command = import_module(f"runner.cli.commands.{name}").command
    return {option for param in command.params for option in (*param.opts, *param.secondary_opts)}


@pytest.mark.parametrize("line", LINES)
def test_every_command_line_can_be_typed(line: str) -> None:
    _, name, *words = shlex.split(line)
    assert name in COMMANDS
    assert {word for word in words if word.startswith("-")} <= options_of(name)


def test_every_option_that_is_spoken_of_exists_somewhere() -> None:
    known = set().union(*(options_of(name) for name in COMMANDS))
    assert set(re.findall(r"`(--[a-z-]+)", PAGE)) <= known


def test_every_action_and_every_way_to_select_is_described() -> None:
    for action in Action:
        assert f"| `{action}` | {ACTION_WORDS[action]} |" in PAGE
    assert all(f"{method}:" in PAGE for method in METHODS if method != "look")


@pytest.mark.parametrize("name", sorted([*COMMANDS, *FORMER]))
def test_every_command_is_there_and_says_what_it_does(name: str) -> None:
    command: click.Command = import_module(f"runner.cli.commands.{name}").command
    assert command.name == name
    assert command.help
