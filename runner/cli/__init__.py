"""The command that people type: one module for each subcommand, loaded when it is called."""

import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from runner import __version__
from runner.cli.boundary import run_command
from runner.cli.context import Context
from runner.cli.output_file import OutputFile
from runner.errors import UsageError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = ["COMMANDS", "FORMER", "GROUPS", "cli", "invoke", "main"]

GROUPS: dict[str, dict[str, str]] = {
    "Make": {
        "init": "Write a starter manifest, around a photo or from a spreadsheet.",
        "validate": "Check a manifest and its files; free, without key or network.",
        "plan": "Show what a run would do, and what it would cost.",
        "run": "Carry out the plan: generate, wait, fetch, and make the catalog.",
    },
    "Look": {
        "status": "Show every look, its money, and what to do next.",
        "explain": "Tell the whole story of one look.",
        "catalog": "Make the catalog again, a contact sheet, or picture files.",
        "review": "Open the page where a campaign is decided, or decide by name.",
        "money": "Show every charge, why it was made, and sums; free.",
        "export": "Print the results as JSON, JSON Lines or CSV.",
    },
    "Choose": {
        "pick": "Choose among the takes of a look; free.",
        "reroll": "Buy more takes of a look; the pick stays.",
        "retry": "Buy again what failed, after saying what that costs.",
    },
    "Tidy up": {
        "adopt": "List the looks of the account, or write a manifest from them; free.",
        "reconcile": "Compare with the account, and decide what is unknown; free.",
        "prune": "Delete at HeyGen, or on disk, what is no longer wanted.",
    },
    "Share": {
        "cluster": "Show and operate the database that several machines share; free.",
    },
    "Tools": {
        "faces": "Measure how alike the faces are, on this machine; free.",
        "doctor": "Check what a run needs: key, wallet, clock, network, disk; free.",
        "completion": "Print what bash, zsh or fish reads to complete commands and looks.",
        "graph": "Print the references between looks as a drawing.",
        "schema": "Print a JSON Schema of one of the forms.",
        "worker": "Carry out the runs that are queued in a database.",
        "simulator": "Serve the simulated HeyGen API on this machine.",
    },
}
"""Every subcommand with the line that ``--help`` shows, in groups; its module has the rest."""

FORMER = ("fetch", "looks", "refresh")
"""Subcommands that others do as well now: they go on working, and ``--help`` leaves them out."""

COMPLETE = "_LOOKBOOK_COMPLETE"
"""The variable in which a shell says what it wants to complete; its name is click's."""

_LOGS = "runner.cli.logs"
"""Where click keeps which logs this call has started."""

COMMANDS = tuple(name for names in GROUPS.values() for name in names)
"""Every subcommand that people are shown."""


class _Lazy(click.Group):
    """A group that imports a subcommand only when it is called, so that ``--help`` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS, *FORMER]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            from runner.suggest import suggest

            meant = suggest(cmd_name, COMMANDS)
            told = f" Did you mean {meant[0]!r}?" if meant else ""
            if cmd_name.endswith((".yaml", ".yml")):
                told = f" A command comes first: lookbook plan {cmd_name}"
            ctx.fail(f"No such command {cmd_name!r}.{told}")
        command: click.Command = import_module(f"runner.cli.commands.{cmd_name}").command
        if not any(parameter.name == "log" for parameter in command.params):
            _add_log_options(command)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Return the commands that begin so, without importing any, and the options."""
        from click.shell_completion import CompletionItem

        commands = [
            CompletionItem(name, help=line)
            for names in GROUPS.values()
            for name, line in names.items()
            if name.startswith(incomplete)
        ]
        return [*commands, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, names in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl(list(names.items()))


def log_options() -> list[click.Option]:
    """Return ``-v`` and ``--log``: of every command, before its name and after it.

    They start the log themselves and hand nothing to the command.
    """
    return [
        click.Option(
            ["-v", "--verbose"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_log_on_stderr,
            help="Log requests, retries, waits and decisions on stderr.",
        ),
        click.Option(
            ["--log"],
            metavar="FILE",
            type=OutputFile(),
            is_eager=True,
            expose_value=False,
            callback=_log_to_file,
            help="Append the same log to FILE; the API key is never in it.",
        ),
    ]


def _log_on_stderr(ctx: click.Context, _param: click.Parameter, value: object) -> None:
    if value:
        _start_log(ctx, None)


def _log_to_file(ctx: click.Context, _param: click.Parameter, value: Path | None) -> None:
    if value is not None:
        _start_log(ctx, str(value))


def _start_log(ctx: click.Context, path: str | None) -> None:
    """Log to a file or to stderr until the command ends, once for each. Raises UsageError."""
    root = ctx.find_root()
    started = root.meta.setdefault(_LOGS, set())
    if path in started:
        return
    started.add(path)
    from runner.cli.log_handlers import start_log

    try:
        root.call_on_close(start_log(path))
    except OSError as error:
        raise UsageError(
            f"The log {path} cannot be written: {error.strerror or error}.",
            hint="Name another file with --log. Nothing was sent.",
        ) from error


def _add_log_options(command: click.Command) -> None:
    """Add the options of the log to a command, and to those below it."""
    command.params += log_options()
    for below in getattr(command, "commands", {}).values():
        _add_log_options(below)


@click.group(
    cls=_Lazy, params=log_options(), context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, prog_name="lookbook")
def cli() -> None:
    """Turn one photo and a page of outfits and settings into a catalog of avatar looks.

    A manifest (YAML) says which looks a campaign has; `lookbook run` generates them through
    HeyGen's v3 API, pays for each exactly once, and ends in a catalog. Running the same command
    again resumes. With --simulate everything runs on this machine, free and without a key.

    \b
    Start here:
      lookbook init spring.yaml --photo me.jpg   a commented manifest
      lookbook run spring.yaml --simulate        rehearse it for nothing
      lookbook plan spring.yaml                  what the real run would cost

    Environment: HEYGEN_API_KEY, HEYGEN_API_BASE, HEYGEN_ALLOW_HTTP, HEYGEN_MAX_RETRIES,
    HEYGEN_CONFIG_DIR, LOOKBOOK_ON, LOOKBOOK_STORE, NO_COLOR.

    \b
    Exit codes:
      0   done
      1   some looks failed or are blocked, or the API did
      2   usage, invalid manifest, declined, or the ledger is locked
      3   key, permission, or an empty wallet
      4   work is under way that a later run finishes by itself: run again
      5   budget: refused, or used up with looks left
      6   a person is needed: an unknown outcome (lookbook reconcile), a consent,
          or an approval (lookbook review)
      10  plan --detailed-exitcode found changes
      70  an error of the program: a log file says more
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command and end the process with its exit code."""
    if instruction := os.environ.get(COMPLETE):
        sys.exit(_complete(instruction))
    code = invoke(arguments)
    # Nothing is won by looking for cycles in what ends with the process.
    gc.freeze()
    sys.exit(code)


def _complete(instruction: str) -> int:
    """Answer a shell that completes a line (``lookbook completion`` tells it to ask)."""
    from click.shell_completion import shell_complete

    return shell_complete(cli, {"obj": Context()}, "lookbook", COMPLETE, instruction)


def invoke(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code. ``arguments`` are the process's own unless given."""
    return run_command(cli, list(arguments) if arguments is not None else sys.argv[1:])
