"""lookbook from Python: ``from runner.api import load, plan, run``. Everything else is private.

The same code as the command line's, with the same ledger beside the manifest and the same promises.
Nothing is printed, nobody is asked, and nothing ends the process: what a person would read comes as
events, errors are exceptions (``LookbookError``), and what a run came to is in its ``RunResult``.
``docs/python.md`` has examples. Heavy imports happen where they are used.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.api.events import Listener, LooksBlocked, Message, RunEvent, TakeChanged, Waiting, tell
from runner.errors import (
    AccountError,
    ApiTrouble,
    BudgetRefused,
    LedgerDamaged,
    LedgerLocked,
    LedgerQuestion,
    LookbookError,
    ManifestError,
    StorageError,
    UsageError,
)
from runner.model import Campaign
from runner.plan.model import Plan, PlannedLook
from runner.plan.steps import Action
from runner.policy.exit_codes import Exit
from runner.policy.lifecycle import Event as TakeEvent
from runner.results.model import Results
from runner.takes import TakeState

if TYPE_CHECKING:
    from runner.plan.request import Request

__all__ = [
    "AccountError",
    "Action",
    "ApiTrouble",
    "BudgetRefused",
    "Campaign",
    "Exit",
    "LedgerDamaged",
    "LedgerLocked",
    "LedgerQuestion",
    "Listener",
    "LookbookError",
    "LooksBlocked",
    "ManifestError",
    "Message",
    "Plan",
    "PlannedLook",
    "Results",
    "RunEvent",
    "RunResult",
    "StorageError",
    "TakeChanged",
    "TakeEvent",
    "TakeState",
    "UsageError",
    "Waiting",
    "load",
    "plan",
    "run",
    "run_async",
]


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run came to: the exit code of ``lookbook run``, and its results document.

    Paths in ``results`` are relative to ``folder``, where images, ``results.json`` and the catalog
    lie.
    """

    exit: Exit
    results: Results
    folder: Path

    @property
    def done(self) -> bool:
        """Return whether everything that the manifest wants is there."""
        return self.exit is Exit.DONE


def load(manifest: str | Path, *, variables: Mapping[str, str] | None = None) -> Campaign:
    """Read and check a manifest; ``campaign.warnings`` are what to read before money is spent.

    Raises ManifestError, whose ``diagnostics`` hold every mistake with its line.
    """
    from runner.cli.request import load_campaign
    from runner.plan.request import Request

    with _following(None):
        return load_campaign(Request(Path(manifest), tuple((variables or {}).items())))


def plan(
    campaign: Campaign,
    *,
    select: Sequence[str] = (),
    exclude: Sequence[str] = (),
    simulate: bool = False,
    account: str | None = None,
    on: str | None = None,
    on_event: Listener | None = None,
) -> Plan:
    """Return what a run would do with each look, and cost; offline, for nothing, without a key.

    ``select`` and ``exclude`` are the expressions of the command line. ``account`` names the
    account whose ledger is read where the folder has several, ``on`` the PostgreSQL database that
    the ledger lives in; without it ``LOOKBOOK_ON`` counts.
    """
    from runner.cli.known_campaign import plan_offline

    with _following(on_event):
        request = _request(campaign, select, exclude, simulate=simulate, account=account, on=on)
        return plan_offline(campaign, request).plan


def run(
    campaign: Campaign,
    *,
    max_cost: Decimal | float | None = None,
    simulate: bool = False,
    sim: Mapping[str, str] | None = None,
    select: Sequence[str] = (),
    exclude: Sequence[str] = (),
    up_to_budget: bool = False,
    max_concurrency: int = 10,
    on: str | None = None,
    on_event: Listener | None = None,
) -> RunResult:
    """Generate what is not there yet, each look paid for once; the same call again resumes.

    Calling it is the agreement to spend ``max_cost`` USD, which only ``simulate`` does without.
    ``sim`` sets the embedded simulator, as in ``{"latency": "fixed:0.1"}``. ``on`` is the address
    of a PostgreSQL database that the ledger lives in; without it ``LOOKBOOK_ON`` counts. In the
    main thread Ctrl-C stops sending and returns with ``Exit.UNDER_WAY``.

    Raises LookbookError where the run cannot begin or its disk fails: BudgetRefused,
    AccountError, LedgerQuestion (a person has to answer on a terminal), ... Looks that failed raise
    nothing: ``result.exit`` and ``result.results`` say so. Where an event loop runs already, as in
    a notebook, ``await run_async(...)`` instead.
    """
    import threading

    import anyio
    import sniffio

    try:
        sniffio.current_async_library()
    except sniffio.AsyncLibraryNotFoundError:
        pass
    else:
        raise UsageError(
            "An event loop runs here already.", hint="Use `await run_async(...)` instead of run()."
        )
    request = _request(
        *(campaign, select, exclude),
        simulate=simulate,
        sim_settings=tuple((sim or {}).items()),
        max_cost=_ceiling(max_cost, simulate=simulate, sim=sim),
        up_to_budget=up_to_budget,
        concurrency=max_concurrency,
        on=on,
    )
    signals = threading.current_thread() is threading.main_thread()
    return anyio.run(partial(_run, campaign, request, on_event, signals=signals))


async def run_async(
    campaign: Campaign,
    *,
    max_cost: Decimal | float | None = None,
    simulate: bool = False,
    sim: Mapping[str, str] | None = None,
    select: Sequence[str] = (),
    exclude: Sequence[str] = (),
    up_to_budget: bool = False,
    max_concurrency: int = 10,
    on: str | None = None,
    on_event: Listener | None = None,
) -> RunResult:
    """Do what ``run`` does, in an event loop of yours (asyncio or trio).

    Signals are left to you. Cancelling it is like ending the process: nothing is lost, and the next
    run resumes.
    """
    request = _request(
        *(campaign, select, exclude),
        simulate=simulate,
        sim_settings=tuple((sim or {}).items()),
        max_cost=_ceiling(max_cost, simulate=simulate, sim=sim),
        up_to_budget=up_to_budget,
        concurrency=max_concurrency,
        on=on,
    )
    return await _run(campaign, request, on_event, signals=False)


async def _run(
    campaign: Campaign, request: "Request", on_event: Listener | None, *, signals: bool
) -> RunResult:
    from runner.api.follower import make_context
    from runner.cli.account import use_account
    from runner.cli.run_attempt import execute
    from runner.plan.options import apply_options

    context = make_context(on_event, signals=signals)
    wanted = apply_options(campaign, request)
    with _following(on_event), use_account(context, campaign, request) as placed:
        code = await execute(placed, wanted, request)
    invocation = context.invocation
    if invocation is None or invocation.results is None or invocation.folder is None:
        raise RuntimeError("a run ended without results")
    found = invocation.results
    looks, orphans = list(found["looks"]), list(found["orphans"])
    return RunResult(Exit(code), {**found, "looks": looks, "orphans": orphans}, invocation.folder)


def _ceiling(
    max_cost: Decimal | float | None, *, simulate: bool, sim: Mapping[str, str] | None
) -> Decimal | None:
    """Return the ceiling in USD. Raises UsageError where real money has none."""
    if sim and not simulate:
        raise UsageError("`sim` sets the embedded simulator.", hint="Add simulate=True.")
    if max_cost is None:
        if simulate:
            return None
        raise UsageError(
            "A run that spends money needs max_cost, the most that it may spend in USD.",
            hint="plan(campaign).cost says what it would cost; simulate=True rehearses it, free.",
        )
    ceiling = Decimal(str(max_cost))
    if not ceiling.is_finite() or ceiling < 0:
        raise UsageError(f"max_cost is an amount in USD, not {max_cost}.")
    return ceiling


def _request(
    campaign: Campaign,
    select: Sequence[str],
    exclude: Sequence[str],
    *,
    on: str | None,
    simulate: bool,
    **options: Any,
) -> "Request":
    import os

    from runner.cli.shared_options import find_database, refuse_rehearsal
    from runner.plan.request import Request

    if isinstance(select, str) or isinstance(exclude, str):
        raise UsageError("`select` and `exclude` are lists of expressions.", hint='As in ["a*"].')
    named = on is not None or not simulate  # what the environment names is never a rehearsal's
    request = Request(
        *(campaign.manifest, campaign.given),
        select=tuple(select),
        exclude=tuple(exclude),
        yes=True,
        simulate=simulate,
        on=find_database(on, os.environ, named="on=") if named else None,
        **options,
    )
    return refuse_rehearsal(request)


def _following(on_event: Listener | None) -> AbstractContextManager[None]:
    """Turn into events what the commands' parts would write for a person."""
    from runner.cli.captured import capture_output

    return capture_output(lambda line: tell(on_event, Message(line)))
