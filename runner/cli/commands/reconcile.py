"""``lookbook reconcile``: what became of sends whose outcome is unknown; a person decides."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import click

from runner.cli.account import open_account, run_on_account
from runner.cli.adoptions import Adoptions, ask_for_look, check_adoptions, read_adoptable
from runner.cli.command import Command
from runner.cli.comparison import (
    compare_account,
    describe_differences,
    record_differences,
    wanted_by,
)
from runner.cli.context import Context, pass_context
from runner.cli.format import warn
from runner.cli.nothing_bought import match_takes
from runner.cli.options import KeyValue, manifest_argument
from runner.cli.outputs import note_results
from runner.cli.rebuild import rebuild
from runner.cli.request import account_options, load_campaign
from runner.cli.select_options import comparison_options
from runner.cli.session import OpenSession, explain_stop, open_session
from runner.cli.shared_ledger import ask_before_empty
from runner.cli.stuck_looks import decide_stuck
from runner.cli.unknown_takes import UnknownCase, decide, give_up, list_unresolved
from runner.errors import ApiTrouble, LookbookError, UsageError
from runner.executor.concurrency import RunStopped
from runner.executor.resolve_unknown import UnknownResolver
from runner.ledger.reading import has_takes
from runner.model import Campaign
from runner.plan import plan as make_plan
from runner.plan.drift import Drift
from runner.plan.request import Request
from runner.policy.exit_codes import Exit
from runner.takes import Snapshot, Take


@click.command("reconcile", cls=Command)
@manifest_argument
@click.option(
    "--adopt",
    "adoptions",
    type=KeyValue(),
    multiple=True,
    metavar="LOOK#N=ID",
    help="This take became the look with this id; repeatable.",
)
@click.option(
    "--nothing-bought",
    "absolved",
    multiple=True,
    metavar="LOOK#N",
    help="You are sure (the account's invoices say it) that nothing was bought for this take, or "
    "for those that a pattern names ('look-*'); it may be bought anew. Refused where a look fits, "
    "the key lives, or it was sent minutes ago. Repeatable.",
)
@click.option(
    "--not-ours",
    "strangers",
    multiple=True,
    metavar="ID",
    help="This look fits, and is somebody else's, or left over from a lost ledger: no send that is "
    "unknown here made it. Then --nothing-bought can be said of the take. Repeatable.",
)
@click.option(
    "--trust-keys",
    "trusting",
    is_flag=True,
    help="You are sure (HeyGen says so, or the second look was not yours) that this account "
    "honours idempotency keys: sends may be repeated again, and the second looks no longer count.",
)
@click.option(
    "--rebuild",
    "rebuilding",
    is_flag=True,
    help="Move a damaged ledger aside and make a new one from results.json and the account.",
)
@comparison_options
@account_options
@pass_context
def command(context: Context, request: Request, /, *, rebuilding: bool, **options: Any) -> int:
    """Compare the ledger of MANIFEST with the account, and decide what is unknown.

    A take is unknown when its request left and no answer came back: it may have been bought. The
    account is searched by name; what is certain is adopted, the rest is shown and asked about (on a
    terminal) or decided with the options. A look that has shown a status that nobody knows for a
    day is decided by whether it has a picture. Nothing here ever buys a look.

    Then all else is compared: looks that were deleted or renamed at HeyGen, looks that counted as
    failed and are usable all the same, consents that were lost, pictures that are missing or were
    changed; --record writes that down.

    Exits with 0 when nothing is unknown any more, 1 when ledger and account could not be compared,
    4 when `lookbook run` can still find out by itself, 6 when a person has to decide.
    """
    campaign = load_campaign(request)
    work = rebuild if rebuilding else partial(reconcile, **options)
    return run_on_account(context, campaign, partial(work, campaign=campaign), request)


async def reconcile(
    context: Context,
    campaign: Campaign,
    adoptions: Adoptions = (),
    absolved: Sequence[str] = (),
    *,
    strangers: Sequence[str] = (),
    trusting: bool = False,
    record: bool = False,
    detailed_exitcode: bool = False,
) -> int:
    """Carry out decisions, search for the rest, ask, compare; return the exit code."""
    async with open_account(context) as opened:
        state = opened.make_state(campaign)
        if not has_takes(state.location):
            ask_before_empty(context.console, campaign, state, opened.account)
            click.echo(
                f"Nothing is unknown: {opened.account.label} has no takes of {campaign.name}."
            )
            note_results(context, campaign, Snapshot(opened.account))
            return int(Exit.DONE)
        async with open_session(opened, campaign, state) as work:
            await work.import_results()
            unknown = {take.label: take for take in list_unresolved(work)}
            check_adoptions(adoptions, unknown)
            given_up = match_takes(absolved, unknown)
            work.begin("reconcile")
            case = open_case(work, campaign)
            if trusting and not work.ledger.honours_keys:
                # Then somebody else made them; else the next run would tell of them again.
                doubled = [look.look_id for look in work.ledger.snapshot().doubled]
                await work.ledger.note_strangers(doubled)
                await work.ledger.trust_keys("a person")
                click.echo("Keys are trusted again on this account.")
            await believe(case, adoptions, strangers, unknown)
            await decide_rest(case, given_up)
            stuck = await decide_stuck(work)
            left = [take.label for take in list_unresolved(work)]
            click.echo(f"Still unknown: {', '.join(left)}" if left else "Nothing is unknown.")
            differences, trouble = await compare_as_well(work, record=record)
            code = max(decide_exit(case), Exit.PERSON if stuck else Exit.DONE)
            if trouble is not None and (not code or trouble.exit_code == Exit.ACCOUNT):
                code = Exit(trouble.exit_code)
            work.finish(int(code))
            told = describe_differences(differences, record=record)
            known = work.ledger.snapshot()
            note_results(context, campaign, known, searches=case.found, differences=told)
            if trouble is not None and code == trouble.exit_code:
                raise trouble
            if trouble is not None:
                warn(f"Ledger and account were not compared: {trouble.message}")
    if differences and detailed_exitcode and code is Exit.DONE:
        return int(Exit.CHANGES)
    return int(code)


def open_case(work: OpenSession, campaign: Campaign) -> UnknownCase:
    """Return what decisions about unknown takes need, as the manifest wants things now."""
    plan = make_plan(campaign, work.ledger.snapshot())
    work.context.wanted = wanted_by(plan)
    searcher = UnknownResolver(work.context, plan.unwanted_in_flight)
    return UnknownCase(work, campaign, searcher)


async def believe(
    case: UnknownCase, adoptions: Adoptions, strangers: Sequence[str], unknown: Mapping[str, Take]
) -> None:
    """Commit which looks unknown takes became, as a person says, and which are somebody else's."""
    found = [
        (unknown[label], await read_adoptable(case.work, unknown[label], look_id))
        for label, look_id in adoptions
    ]
    await disown(case.work, strangers, unknown.values())
    for take, look in found:  # all of them could be read: now they are believed
        await case.searcher.adopt(take, look)


async def decide_rest(case: UnknownCase, given_up: Sequence[Take]) -> None:
    """Record that nothing was bought for some takes; decide the others one by one."""
    for take in given_up:
        if case.work.ledger.take(take.uid).unresolved:
            await give_up(case, take)
    seen = {take.uid for take in given_up}
    for take in list_unresolved(case.work):
        if take.uid not in seen:
            await decide(case, take)


async def compare_as_well(
    work: OpenSession, *, record: bool
) -> tuple[list[Drift], LookbookError | None]:
    """Compare ledger and account; return the differences, or why that is impossible.

    What was decided before stands all the same.
    """
    try:
        found = await compare_account(work, record=record)
        if record:
            await record_differences(work, found)
    except (ApiTrouble, RunStopped) as error:
        trouble = error if isinstance(error, ApiTrouble) else explain_stop(work.context)
        trouble.hint = "Ledger and account were not compared; what was decided before stands."
        return [], trouble
    return found, None


async def disown(work: OpenSession, ids: Sequence[str], unknown: Iterable[Take]) -> None:
    """Commit that looks are somebody else's. Raises UsageError for one that fits nothing."""
    names = {take.name for take in unknown}
    for look_id in ids:
        look = await ask_for_look(work, look_id)
        if look.name not in names:
            raise UsageError(
                f"The look {look_id} is called {look.name!r}: it fits no take whose outcome is "
                "unknown.",
                hint="`lookbook reconcile` without options shows what fits.",
            )
    await work.ledger.note_strangers(ids)


def decide_exit(case: UnknownCase) -> Exit:
    """Return the exit code for what is left: 0, 4 where a run can still find out, or 6."""
    left = list_unresolved(case.work)
    if not left:
        return Exit.DONE
    plan = make_plan(case.campaign, case.work.ledger.snapshot())
    is_alive = case.work.context.key_is_alive
    for_person = any(
        case.findings[take.uid].is_left_to_person(
            alive=take.uid not in plan.unwanted_in_flight and is_alive(take)
        )
        for take in left
    )
    return Exit.PERSON if for_person else Exit.UNDER_WAY
