"""``-v`` and ``--log FILE``: of every command, before its name and after it."""

import click

from runner.errors import UsageError

_STARTED = "runner.cli.log_options.started"


def log_options() -> list[click.Option]:
    """Return the options, which start the log themselves and hand nothing to the command."""
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
            type=click.Path(dir_okay=False),
            is_eager=True,
            expose_value=False,
            callback=_log_to_file,
            help="Append the same log to FILE; the API key is never in it.",
        ),
    ]


def _log_on_stderr(ctx: click.Context, _param: click.Parameter, value: object) -> None:
    if value:
        _start(ctx, None)


def _log_to_file(ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    if value is not None:
        _start(ctx, value)


def _start(ctx: click.Context, path: str | None) -> None:
    """Log to a file or to stderr until the command ends, once for each. Raises UsageError."""
    root = ctx.find_root()
    started = root.meta.setdefault(_STARTED, set())
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
