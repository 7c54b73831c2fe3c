"""The one boundary of the command: every error that a person may meet becomes words and a code.

Results go to stdout, messages and progress to stderr.
"""

import errno
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, cast

import click

from runner.cli.context import Context
from runner.cli.invocation import Invocation
from runner.cli.terminal import (
    discard_output,
    escape_text,
    guard_streams,
    open_missing_streams,
    style,
    write_utf8,
)
from runner.errors import ErrorDocument, LookbookError, ManifestError, describe_error, shorten

if TYPE_CHECKING:  # `--help` needs no manifest
    from runner.manifest.diagnostics import Diagnostic
    from runner.results.model import Results


def run_command(group: click.Group, given: list[str]) -> int:
    """Run what was ``given`` to a group of commands; return its exit code."""
    open_missing_streams()
    with guard_streams():
        return _check_output(_guarded(group, given))


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


def _guarded(group: click.Group, given: list[str]) -> int:
    """Run the command, with stdout and stderr guarded."""
    invocation = Invocation()
    context = Context(invocation=invocation)
    try:
        return _invoke(group, given, context, invocation)
    except BrokenPipeError:
        discard_output(sys.stdout)  # whoever read our output has seen enough
        return 1
    except Exception as error:  # noqa: BLE001  # whatever is not foreseen is an error of ours
        return _report_crash(error, given, invocation)


def _invoke(
    group: click.Group, arguments: list[str], context: Context, invocation: Invocation
) -> int:
    """Run the command; errors that are foreseen become words here."""
    color = _color()
    try:
        code = group.main(
            args=arguments, prog_name="lookbook", standalone_mode=False, color=color, obj=context
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
        if "--follow" in arguments:
            return _report_unfollowed()
        told = _describe_stop(arguments, began=invocation.began)
        return _report_error(told, arguments, invocation)
    except OSError as error:
        if error.errno not in _PATH_ERRORS or invocation.began:
            raise
        told = describe_error("usage", *_describe_path(error), 2)
        return _report_error(told, arguments, invocation)
    if invocation.results is not None and invocation.awaits_results:
        _print_results(invocation)
    return code if isinstance(code, int) else 0


def _describe_stop(arguments: Sequence[str], *, began: bool) -> ErrorDocument:
    """Return how a command ended that a person stopped: while it asked, or after a run."""
    from runner.cli.crash import name_resuming
    from runner.policy.exit_codes import Exit

    if not began:
        return describe_error("stopped", "Stopped before anything was sent.", None, 2)
    return describe_error(
        "stopped",
        "Stopped after the run: what it bought is in the ledger, and results may lack it.",
        f"{name_resuming(arguments)} writes what is missing, and buys nothing twice.",
        int(Exit.UNDER_WAY),
    )


_PATH_ERRORS = frozenset({errno.ENAMETOOLONG, errno.EACCES, errno.ENOTDIR})
"""What the system says of a path, typed or made from a manifest's, that leads nowhere."""


def _describe_path(error: OSError) -> tuple[str, str]:
    """Return in words what is wrong with a path, and a hint."""
    path = shorten(str(error.filename or "a path"), 80)
    if error.errno == errno.ENAMETOOLONG:
        return (
            f"No file can have a name as long as {path}.",
            "Name the file, or the manifest that it belongs to, more shortly.",
        )
    return f"{path}: {error.strerror}.", "Name a path that you may read."


def _report_unfollowed() -> int:
    """Report that only the following was stopped; return the exit code."""
    from runner.policy.exit_codes import Exit

    click.echo(
        "\nOnly the following was stopped: a run that is queued goes on. The same command follows "
        "it again; with --cancel in place of --follow the run ends.",
        err=True,
    )
    return int(Exit.UNDER_WAY)


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
        from runner.cli.run_summary import format_error_summary
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
