"""``lookbook worker``: carry out the runs that are queued in a database."""

import os
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import click

from runner.cli.command import Command
from runner.cli.context import Context, pass_context
from runner.cli.format import name_some
from runner.cli.shared_options import ON_VAR, STORE_VAR, on_option, store_option
from runner.errors import StorageError, UsageError
from runner.extras import install_command
from runner.files import make_folder
from runner.ledger.shared import SharedLedgers
from runner.queue.port import BegunRun
from runner.store.port import NamedStore
from runner.takes import Account


class MetricsAddress(click.ParamType[tuple[str, int]]):
    """A port of this machine's own, or ``HOST:PORT`` for others; port 0 is any that is free."""

    name = "address"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, int]:
        """Read it, or fail with what one looks like."""
        if isinstance(value, tuple):
            return value
        host, colon, port = str(value).rpartition(":")
        is_port = port.isascii() and port.isdecimal() and int(port) < 65_536
        if not is_port or (colon and not host):
            self.fail(f"{value!r} is not PORT, such as 9464, or HOST:PORT", param, ctx)
        return host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port)


@click.command("worker", cls=Command)
@on_option
@click.option(
    "--account",
    "names",
    multiple=True,
    metavar="NAME",
    help="Serve the account of this name, repeatable: its key is in HEYGEN_API_KEY_NAME (capitals, "
    "- is _) or in the file ~/.heygen/accounts/NAME, mode 0600. Without it: the account whose "
    "key this environment has.",
)
@click.option(
    "--slots",
    type=click.IntRange(1, 1000),
    default=8,
    show_default=True,
    metavar="N",
    help="How many runs of one account a worker carries out at once; what the last worker that "
    "started said counts for all.",
)
@store_option
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Where runs are unpacked, and their pictures lie; the default is lookbook/worker in "
    "$XDG_STATE_HOME, or in ~/.local/state.",
)
@click.option(
    "--metrics",
    type=MetricsAddress(),
    metavar="[HOST:]PORT",
    help="Serve metrics of the database as Prometheus reads them, to this machine alone unless a "
    "HOST is named: 0.0.0.0:9464 is for everybody who can reach it.",
)
@pass_context
def command(
    context: Context,
    /,
    *,
    on: SharedLedgers | None,
    names: tuple[str, ...],
    slots: int,
    store: NamedStore | None,
    folder: Path | None,
    metrics: tuple[str, int] | None,
) -> int:
    """Carry out the runs that `lookbook run --on` puts into the database's queue.

    Serves until it is ended. Any number of workers may serve an account, on any machines; what one
    that dies had begun is carried on by the others within seconds, and nothing is paid twice.
    Ctrl-C or SIGTERM: nothing more is sent, what was sent is answered, and the runs are handed on.
    The API key is the worker's own and never leaves it.

    \b
    Examples:
      lookbook worker --on postgresql://lookbook@db.example/studio
      lookbook worker --account studio-a --account studio-b --slots 4
    """
    if on is None:
        raise UsageError(
            "A worker needs the database that the runs are queued in.",
            hint=f"Add --on with its address, or set {ON_VAR}.",
        )
    place = find_folder(context, folder)
    if not place.exists():
        make_folder(place)
        place.chmod(0o700)
    environments = _prepare(context, on, names, store)
    if metrics is not None:
        _serve_metrics(on.database.address, *metrics)
    return _serve(on, environments, slots=slots, place=place)


def _prepare(
    context: Context, on: SharedLedgers, names: Sequence[str], store: NamedStore | None
) -> dict[Account, dict[str, str]]:
    """Check store, accounts and database; return the environment of each account's runs."""
    from runner.cli.store_sync import check_store
    from runner.cli.worker_accounts import find_accounts_to_serve, note_names
    from runner.queue.opening import open_queue

    if store is not None:
        check_store(store)
    served = find_accounts_to_serve(context, names)
    with closing(open_queue(on.database.address)) as queue:
        queue.migrate()
        note_names(queue, served)
    more = {ON_VAR: on.database.address, **name_store(store)}
    return {one.account: {**one.environment, **more} for one in served}


def _serve_metrics(address: str, host: str, port: int) -> None:
    """Serve metrics from a thread, as long as this process lives. Raises UsageError."""
    try:
        from runner.queue.metrics import serve_metrics
    except ImportError:
        raise UsageError(
            "Metrics need prometheus-client, which the extra `distributed` brings.",
            hint=f"Install it: {install_command('distributed')}",
        ) from None
    from runner.queue.postgres.health import read_health

    _, port = serve_metrics(host, port, partial(read_health, address))
    shown = f"[{host}]" if ":" in host else host
    click.echo(f"Metrics: http://{shown}:{port}/metrics", err=True)


def _serve(
    on: SharedLedgers, environments: Mapping[Account, Mapping[str, str]], *, slots: int, place: Path
) -> NoReturn:
    """Serve until this process is told to end, and end it: threads may wait for what is over."""
    from runner.cli.run_process import StartedRun, open_forks
    from runner.queue.opening import open_engine, open_queue
    from runner.queue.worker import Worker

    forks = open_forks()

    def start_run(begun: BegunRun) -> StartedRun:
        return StartedRun(begun, place, environments[begun.run.account], forks)

    address = on.database.address
    name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
    worker = Worker(
        name,
        [*environments],
        slots=slots,
        open_queue=partial(open_queue, address),
        engine=open_engine(address),
        start_run=start_run,
        leave_at_once=lambda: os._exit(1),
    )

    def leave_at_once() -> None:
        worker.stop_at_once()
        os._exit(1)  # others notice within seconds that it beats no more

    _answer_signals(worker.stop, leave_at_once)
    labels = name_some([account.label for account in environments])
    told = f"Worker {name} serves {labels} on {on.database.name}. Ctrl-C ends it."
    worker.serve(lambda: click.echo(told, err=True))
    if worker.trouble is not None:
        click.echo(f"{worker.trouble} Start this worker again.", err=True)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0 if worker.trouble is None else 1)


def name_store(store: NamedStore | None) -> dict[str, str]:
    """Return what names the same store to a process in another folder."""
    if store is None:
        return {}
    is_folder = "://" not in store.name
    return {STORE_VAR: str(Path(store.name).absolute()) if is_folder else store.name}


def find_folder(context: Context, folder: Path | None) -> Path:
    """Return where runs are unpacked. Raises StorageError for a user without a home."""
    if folder is not None:
        return folder.absolute()
    state = context.environment.get("XDG_STATE_HOME", "")
    if not state and context.home is None:
        raise StorageError("This user has no home folder.", hint="Name a folder: --folder FOLDER")
    base = Path(state) if state else Path(context.home or "", ".local", "state")
    return base / "lookbook" / "worker"


def _answer_signals(*steps: Callable[[], None]) -> None:
    """Stop at the first signal; at the second one end the runs at once."""
    left: Sequence[Callable[[], None]] = steps

    def answer(_number: int, _frame: object) -> None:
        nonlocal left
        if len(left) == len(steps):
            told = "Ending: nothing more is sent, what was sent is answered, runs are handed on."
            click.echo(f"{told} Once more to end at once.", err=True)
        if left:
            step, *left = left
            step()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, answer)
