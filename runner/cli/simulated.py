"""The embedded simulator: its account lies beside the manifest and outlives the command."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TypeVar

import anyio

from runner.cli.context import Context
from runner.errors import LedgerLocked, StorageError, UsageError
from runner.ledger.state_dirs import StateDir, StateDirs, make_state_folder
from runner.model import Campaign
from runner.plan.request import Request
from runner.shell import quote_command

Sim = Sequence[tuple[str, str]]
T = TypeVar("T")


def run_on_account(
    context: Context, campaign: Campaign, work: Callable[[Context], Awaitable[T]], request: Request
) -> T:
    """Carry out work at the real account, or at the embedded simulator's where it is asked for.

    Raises UsageError for settings of a simulator that is not used.
    """
    if request.sim_settings and not request.simulate:
        raise UsageError("--sim sets the embedded simulator.", hint="Add --simulate.")
    state = StateDirs(campaign.manifest).simulated()
    here = simulator(state, request.sim_settings) if request.simulate else nullcontext(None)
    with here as url:
        named = {"shared": request.on, "store": request.store}
        return anyio.run(work, context._replace(simulated_at=url, **named))


@contextmanager
def simulator(state: StateDir, settings: Sim) -> Iterator[str]:
    """Run the embedded simulator, whose account outlives the command; return its URL.

    Raises LedgerLocked when another run uses it, StorageError when its folder cannot be written.
    """
    from runner.simulator.journal import StateError
    from runner.simulator.server import Embedded

    path = state.folder / "simulator.state"
    with ExitStack() as stack:
        make_state_folder(state)
        try:
            embedded = stack.enter_context(Embedded(simulator_settings(settings, path)))
        except StateError as error:
            raise LedgerLocked(
                f"The embedded simulator cannot start: {error}.",
                hint="Wait for the other run to end.",
            ) from error
        except OSError as error:
            raise StorageError(
                f"The folder {state.folder} cannot be written: {error.strerror or error}.",
                hint="The folder beside the manifest must be writable.",
            ) from error
        yield embedded.url


def simulator_settings(settings: Sim, state: Path) -> Any:
    """Read ``--sim KEY=VALUE``. Raises UsageError for what is no setting."""
    from runner.simulator.behaviour import Behaviour
    from runner.simulator.settings import Fault, Latency, SimulatorSettings

    values: dict[str, Any] = {"state": state, "latency": Latency.parse("lognormal:2.5,0.35")}
    readers: dict[str, Callable[[str], Any]] = {
        "latency": Latency.parse,
        "concurrency": int,
        "balance": Decimal,
        "seed": int,
        "pictures": lambda text: {"on": True, "off": False}[text],
    }
    try:
        values["faults"] = tuple(Fault.parse(text) for key, text in settings if key == "fault")
        values["behaviour"] = Behaviour.parse(text for key, text in settings if key == "behave")
        for key, text in settings:
            if key not in ("fault", "behave"):
                values[key] = readers[key](text)
        return SimulatorSettings(**values)
    except (ValueError, KeyError, InvalidOperation) as error:
        known = ", ".join([*readers, "fault", "behave"])
        raise UsageError(
            f"--sim cannot be read: {error}", hint=f"It sets one of {known}, as in latency=fixed:2."
        ) from error


def serve_command(state: StateDir) -> str:
    """Return the command that serves the simulated account of a state folder."""
    return quote_command("lookbook", "simulator", "--state", state.folder / "simulator.state")
