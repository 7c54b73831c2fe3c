"""The command that people type: one module for each subcommand, loaded when it is called.

Results go to stdout, messages and progress to stderr. Every error that a person may meet passes
the one boundary here and ends in a clear sentence and its exit code.
"""

import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn, cast

import click

from runner import __version__
from runner.cli.context import Context
from runner.cli.invocation import Invocation
from runner.cli.log_options import log_options
from runner.cli.terminal import (
    discard_output,
    escape_text,
    guard_streams,
    open_missing_streams,
    style,
    write_utf8,
)
from runner.errors import ErrorDocument, LookbookError, ManifestError, describe_error

if TYPE_CHECKING:  # `--help` needs no manifest
    from click.shell_completion import CompletionItem

    from runner.manifest.diagnostics import Diagnostic
    from runner.results.model import Results

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
    "Tools": {
        "faces": "Measure how alike the faces are, on this machine; free.",
        "doctor": "Check what a run needs: key, wallet, clock, network, disk; free.",
        "completion": "Print what bash, zsh or fish reads to complete commands and looks.",
        "graph": "Print the references between looks as a drawing.",
        "schema": "Print a JSON Schema of one of the forms.",
        "simulator": "Serve the simulated HeyGen API on this machine.",
    },
}
"""Every subcommand with the line that ``--help`` shows, in groups; its module has the rest."""

FORMER = ("fetch", "looks", "refresh")
"""Subcommands that others do as well now: they go on working, and ``--help`` leaves them out."""

COMPLETE = "_LOOKBOOK_COMPLETE"
"""The variable in which a shell says what it wants to complete; its name is click's."""

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
            command.params += log_options()
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
    HEYGEN_CONFIG_DIR, LOOKBOOK_ON, NO_COLOR.

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
    # A command makes many objects that live as long as it does. Looking through them for cycles as
    # often as Python does by default is a tenth of the time that ten thousand looks take.
    gc.set_threshold(50_000, 20, 50)
    if instruction := os.environ.get(COMPLETE):
        sys.exit(_complete(instruction))
    code = invoke(arguments)
    # Nor is there anything to be won by looking for cycles in what ends with the process.
    gc.freeze()
    sys.exit(code)


def _complete(instruction: str) -> int:
    """Answer a shell that completes a line (``lookbook completion`` tells it to ask)."""
    from click.shell_completion import shell_complete

    return shell_complete(cli, {"obj": Context()}, "lookbook", COMPLETE, instruction)


def invoke(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code. The one boundary where errors become words."""
    given = list(arguments) if arguments is not None else sys.argv[1:]
    open_missing_streams()
    with guard_streams():
        return _check_output(_guarded(given))


def _check_output(code: int) -> int:
    """Return the exit code after everything was handed on, or could not be, which is said."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        discard_output(sys.stdout)
    if getattr(sys.stderr, "failure", None) is not None:
        discard_output(sys.stderr)
    failure: OSError | None = getattr(sys.stdout, "failure", None)
    if failure is None:
        return code
    discard_output(sys.stdout)
    return _complain(
        f"The output could not be written to the end: {failure.strerror or failure}.",
        "What was done is done, and the ledger holds it. `lookbook status` and `lookbook export` "
        "print it again.",
        code or 1,
    )


def _guarded(given: list[str]) -> int:
    """Run the command, with stdout and stderr guarded."""
    invocation = Invocation()
    context = Context(invocation=invocation)
    try:
        return _invoke(given, context, invocation)
    except BrokenPipeError:
        discard_output(sys.stdout)  # whoever read our output has seen enough
        return 1
    except Exception as error:  # noqa: BLE001  # whatever is not foreseen is an error of ours
        return _report_crash(error, given, invocation)


def _invoke(arguments: list[str], context: Context, invocation: Invocation) -> int:
    """Run the command; errors that are foreseen become words here."""
    color = _color()
    try:
        code = cli.main(
            args=arguments,
            prog_name="lookbook",
            standalone_mode=False,
            color=color,
            obj=context,
        )
    except LookbookError as error:
        found = error.diagnostics if isinstance(error, ManifestError) else ()
        if found:
            from runner.manifest.formats import as_text

            click.echo(as_text(found), err=True, color=color)
        told = describe_error(error.code, error.message, error.hint, error.exit_code)
        return _report_error(told, arguments, invocation, found)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return 2
    except click.UsageError as error:
        told = describe_error("usage", error.format_message(), _usage_hint(error), 2)
        return _report_error(told, arguments, invocation)
    except click.ClickException as error:
        told = describe_error("usage", error.format_message(), None, 2)
        return _report_error(told, arguments, invocation)
    except (click.Abort, KeyboardInterrupt):
        told = describe_error("stopped", "Stopped before anything was sent.", None, 2)
        return _report_error(told, arguments, invocation)
    if invocation.results is not None and invocation.awaits_results:
        _print_results(invocation)
    return code if isinstance(code, int) else 0


def _print_results(invocation: Invocation, told: ErrorDocument | None = None) -> None:
    """Print the results that a program waits for, with what ended the command, if that was told."""
    from runner.results.writer import serialize_results

    more = invocation.more if told is None else {**invocation.more, "error": told}
    document = cast("Results", {**cast("Results", invocation.results), **more})
    out = invocation.stdout
    out.writelines(serialize_results(document))
    out.flush()


def _report_error(
    told: ErrorDocument,
    arguments: Sequence[str],
    invocation: Invocation,
    found: Sequence["Diagnostic"] = (),
) -> int:
    """Print an error on stderr, and on stdout where a program reads JSON; return its exit code.

    ``found`` are the findings about a manifest, which a program hears of as `validate` has them.
    """
    if invocation.summary is not None:
        from runner.cli.job_summary import format_error_summary
        from runner.files import write_output

        text = (invocation.summary_text + format_error_summary(told)).lstrip()
        with suppress(LookbookError):  # the error itself is what has to be told
            write_output(invocation.summary, [text.encode("utf-8", "backslashreplace")])
    if invocation.results is not None and invocation.awaits_results:
        _print_results(invocation, told)
    elif invocation.owes_json(arguments):
        import json

        from runner.manifest.formats import as_json

        write_utf8()
        form = as_json(found) if found else {}
        document = json.dumps({**form, "error": told}, indent=2, ensure_ascii=False)
        click.echo(document, file=invocation.stdout)
    return _complain(told["message"], told["hint"], told["exit"])


def _report_crash(error: Exception, arguments: Sequence[str], invocation: Invocation) -> int:
    """Write an unexpected error into a log file, and return the exit code after saying so."""
    from runner.cli.crash import write_report
    from runner.policy.exit_codes import Exit

    crash = write_report(error, arguments, manifest=invocation.manifest)
    code = int(Exit.INTERNAL)
    with suppress(OSError):  # where nobody reads any more, the file and the code are left
        told = describe_error("internal_error", crash.message, crash.hint, code)
        _report_error(told, arguments, invocation)
        if crash.report is not None:
            click.echo(crash.report, err=True)
    return code


def _color() -> bool | None:
    """Return whether colours may be used: never with NO_COLOR, else where there is a terminal."""
    return False if os.environ.get("NO_COLOR") else None


def _complain(message: str, hint: str | None, code: int) -> int:
    told = message if hint is None else f"{message}\n{hint}"
    lines = [escape_text(line) for line in told.split("\n")]
    word = style("Error:", fg="red", bold=True)
    click.echo("\n       ".join([f"{word} {lines[0]}", *lines[1:]]), err=True, color=_color())
    return code


def _usage_hint(error: click.UsageError) -> str | None:
    if isinstance(error, click.NoSuchOption) and error.option_name in ("-n", "--dry-run"):
        return (
            "`lookbook plan` shows what a run would do and cost; `--simulate` rehearses it, free."
        )
    if error.ctx is None:
        return None
    return f"See: {error.ctx.command_path} --help"
