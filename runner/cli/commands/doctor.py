"""``lookbook doctor``: whether everything that a run needs is there; free."""

from functools import partial
from pathlib import Path

import anyio
import click

from runner import __version__
from runner.cli.checks import FAILED, Check, check_surroundings
from runner.cli.command import Command
from runner.cli.context import Context, pass_context
from runner.cli.options import env_file_option, format_option
from runner.cli.terminal import escape_text, print_json, style
from runner.policy.exit_codes import Exit
from runner.quantities import pluralize

COLOURS = {"ok": "green", "warning": "yellow", "failed": "red"}
PRECEDENCE = (Exit.ACCOUNT, Exit.USAGE, Exit.FAILED)
"""Where several things fail, the first of these is the exit code."""


@click.command("doctor", cls=Command)
@click.argument(
    "manifest", metavar="[MANIFEST]", required=False, type=click.Path(exists=True, path_type=Path)
)
@env_file_option
@format_option("text", "json")
@pass_context
def command(context: Context, /, manifest: Path | None, *, form: str) -> int:
    """Check what a run needs: network, key, account, wallet, clock, folder, disk and fonts.

    The folder is MANIFEST's, or this one. HeyGen is asked one question, which is free; nothing is
    bought or changed. Exits with 0 when a run could begin, 3 when key, account or wallet is in the
    way, 2 when a setting is, 1 when HeyGen does not answer or the folder cannot be used.
    """
    place = manifest or Path()
    folder = (place if place.is_dir() else place.parent).absolute()
    found: list[Check] = []

    def tell(check: Check) -> None:
        found.append(check)
        if form == "text":
            click.echo(format_check(check))

    if form == "text":
        click.echo(f"lookbook {__version__}")
    anyio.run(partial(check_surroundings, context, folder, tell))
    failed = [check for check in found if check.status == FAILED]
    if form == "json":
        print_json(describe_checks(found))
    else:
        told = pluralize(len(failed), "problem")
        click.echo(f"\n{told}." if failed else "\nA run could begin.")
    exits = {check.exit for check in failed}
    return int(next((code for code in PRECEDENCE if code in exits), Exit.DONE))


def format_check(check: Check) -> str:
    """Write what was found, and below it what to do."""
    status = style(f"{check.status:8}", fg=COLOURS[check.status])
    lines = [f"{status} {check.name:8} {escape_text(check.message)}"]
    if check.hint is not None:
        lines.append(f"{'':18}{escape_text(check.hint)}")
    return "\n".join(lines)


def describe_checks(found: list[Check]) -> dict[str, object]:
    """Return the checks as other programs read them (``schemas/doctor.schema.json``)."""
    return {
        "version": 1,
        "ready": not any(check.status == FAILED for check in found),
        "checks": [
            {
                "check": check.name,
                "status": check.status,
                "message": check.message,
                "hint": check.hint,
            }
            for check in found
        ],
    }
