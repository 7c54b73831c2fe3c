"""``lookbook reconcile --rebuild``: a new ledger from results.json and the account.

Made beside the damaged one and put in its place by one rename: a rebuild that is interrupted leaves
the damaged ledger, which is refused, and never one that knows half of what was paid for.
"""

import os
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import click

from runner.cli.account import open_account
from runner.cli.context import Context
from runner.cli.outputs import make_results, write_results
from runner.cli.results_import import import_reviews, read_results, told_reviews
from runner.cli.results_news import find_unknown_takes, load_importable_results, resolve_by
from runner.cli.session import OpenSession, lock_state, open_session
from runner.cli.unrecorded_looks import bought_since, snapshot_of
from runner.errors import ApiTrouble, LedgerDamaged, LedgerQuestion, StorageError, UsageError
from runner.executor.group_search import list_all_looks
from runner.ledger.database import checkpoint_wal, write_whole
from runner.ledger.other_ledgers import OtherLedger, find_other_ledgers
from runner.ledger.reading import has_sent
from runner.ledger.salvage import salvage_state
from runner.ledger.state_dirs import StateDir
from runner.model import Campaign
from runner.policy.exit_codes import Exit
from runner.quantities import pluralize
from runner.replies import LookData
from runner.results.reader import read_doubled, read_prices
from runner.results.reviews import name_reviews
from runner.results.times import format_stamp
from runner.results.videos import read_videos
from runner.takes import Billing, Take, TakeState


async def rebuild(context: Context, campaign: Campaign) -> int:
    """Make a new ledger in the place of a damaged one; return the exit code.

    Takes come from results.json, and from what can still be read of the damaged ledger's events. A
    look of the campaign that the account has and neither knows was bought later: it is adopted if
    it lies where the campaign's looks lie, no other ledger or results file in the folder knows it
    or has a send of its name of which it does not know what became, and no more looks bear its name
    than takes of it are missing, failures apart; where more do, those takes are unknown until a
    person decides.
    """
    async with open_account(context) as opened:
        state = opened.make_state(campaign, damaged=True)
        if state.shared is not None:
            raise UsageError(
                f"The ledger {state.shared} lives in a database: there is no file to rebuild.",
                hint="A damaged database is restored from its backup.",
            )
        with lock_state(context, state):
            check_damaged(state)
            new = state.folder / "ledger.rebuilding.sqlite"
            remove(new)
            async with open_session(opened, campaign, state, beside=new) as work:
                work.begin("reconcile --rebuild")
                looks = await looks_of_account(work)
                takes = tell_from_files(campaign, work, looks)
                if not takes:
                    refuse_beside_another(campaign, work)
                newer = await bought_since(work, campaign, takes, looks)
                await work.ledger.import_takes([*takes, *newer])
                known = {take.avatar_id for take, _ in [*takes, *newer]}
                await import_account_facts(work, known)
                await import_decisions(work)
                doubtful = [t for t, _ in [*takes, *newer] if t.state is TakeState.UNKNOWN]
                code = Exit.PERSON if doubtful else Exit.DONE
                work.ledger.end({"exit": int(code), "stopped": None})
                results = make_results(campaign, work.ledger.snapshot(), None)
            swap(context, state, new)
            write_results(results, state.folder, context.failpoint)
    click.echo("Next: `lookbook plan` shows what a run would buy; compare it with your invoices.")
    return int(code)


def check_damaged(state: StateDir) -> None:
    """Raise UsageError for a ledger that is sound: it is not touched.

    One that nothing was ever sent from may be replaced. It is made one file: without its log it
    would look damaged where the rebuild is interrupted between moving the two.
    """
    try:
        if has_sent(state.ledger):
            checkpoint_wal(state.ledger)  # raises where the log beside it is another copy's
            raise UsageError(
                f"The ledger {state.ledger} can be read: there is nothing to rebuild.",
                hint="`lookbook status` shows what it holds.",
            )
        if state.ledger.is_file():
            checkpoint_wal(state.ledger)
    except LedgerDamaged as error:
        click.echo(error.message, err=True)


def refuse_beside_another(campaign: Campaign, work: OpenSession) -> None:
    """Raise LedgerQuestion where another ledger of the folder holds what this one lost.

    Its looks are never adopted, and a ledger that holds only what it lacks would be asked nothing.
    """
    others: list[OtherLedger] = []
    with suppress(LedgerDamaged):  # another damaged ledger must not stand in this one's way
        others = find_other_ledgers(campaign.manifest, campaign.name, besides=work.state)
    for other in others:
        if other.account == work.account.label:
            raise LedgerQuestion(
                f"There is nothing here to rebuild {work.state.ledger} from, but {other.name} "
                f"holds the campaign {campaign.name} on the same account.",
                hint="If the manifest was renamed, put its .lookbook folder in the place of this "
                "one. Nothing was changed.",
            )


def remove(ledger: Path) -> None:
    """Remove what an interrupted rebuild left."""
    for suffix in ("", "-wal", "-shm"):
        Path(f"{ledger}{suffix}").unlink(missing_ok=True)


def swap(context: Context, state: StateDir, new: Path) -> None:
    """Put the new ledger in the place of the damaged one, which is kept. Raises StorageError."""
    stamp = format_stamp(context.clock.now())
    aside = state.folder / f"ledger.damaged-{stamp}.sqlite"
    try:
        if state.ledger.exists():
            context.failpoint("swap:before-link")
            _keep(state.ledger, aside)
            context.failpoint("swap:after-link")
        # The damaged ledger's own log as well: the new one must never be read with it.
        for suffix in ("-wal", "-shm"):
            log = Path(f"{state.ledger}{suffix}")
            if log.exists():
                log.rename(f"{aside}{suffix}")
        new.replace(state.ledger)
    except OSError as error:
        raise StorageError(
            f"The new ledger could not be put in place: {error.strerror or error}.",
            hint="Nothing was bought and nothing is lost: run the same command again.",
        ) from error


def _keep(ledger: Path, aside: Path) -> None:
    """Add a second name for a file, or a copy where a disk knows one name.

    Raises OSError or StorageError.
    """
    try:
        os.link(ledger, aside)
    except FileExistsError:
        raise
    except OSError:
        write_whole(ledger, aside)


async def looks_of_account(work: OpenSession) -> dict[str, LookData]:
    """Return every look that the account has, by id. Raises ApiTrouble."""
    looks = await list_all_looks(work.context)
    if isinstance(looks, str):
        raise ApiTrouble(
            f"The account could not be read: {looks}.", hint="Nothing was changed; try again."
        )
    return {look.id: look for look in looks}


def tell_from_files(
    campaign: Campaign, work: OpenSession, looks: Mapping[str, LookData]
) -> list[tuple[Take, bool]]:
    """Return the takes that results.json and the damaged ledger's events know, and the picks.

    What only the events know is believed as far as the account has the look.
    """
    state, told = work.state, list[tuple[Take, bool]]()
    if state.results.is_file():
        results = read_results(state.results)
        told = load_importable_results(results, work.account, campaign, path=state.results)
        click.echo(f"{pluralize(len(told), 'take')} taken from {state.results}")
    salvaged = salvage_state(state.ledger)
    readable = {
        uid: _as_it_is(take, looks)
        for uid, take in salvaged.takes.items()
        if take.state is not TakeState.PLANNED
    }
    by_key = {take.key: take for take in readable.values() if take.key and take.avatar_id}
    told = [(resolve_by(take, by_key), picked) for take, picked in told]
    more = [(take, salvaged.picks.get(take.look) == uid) for uid, take in readable.items()]
    snapshot = snapshot_of(told)
    names = iter(work.context.entropy.uid, None)
    keys = {take.key for take, _ in told if take.key}
    added = find_unknown_takes(more, snapshot, keys=keys, names=names)
    if added:
        click.echo(f"{pluralize(len(added), 'take')} taken from what is readable of {state.ledger}")
    if not told and not added:
        click.echo("Neither results.json nor the damaged ledger tells of a take.")
    return [*told, *added]


def _as_it_is(take: Take, looks: Mapping[str, LookData]) -> Take:
    """Return a take that only a damaged ledger tells of; unknown where the account denies it."""
    take = replace(take, body_sha256=None)
    if take.state in (TakeState.FAILED, TakeState.DELETED) or take.avatar_id in looks:
        return take
    return replace(
        take,
        state=TakeState.UNKNOWN,
        billing=Billing.UNKNOWN,
        avatar_id=None,
        group_wanted=take.group_wanted or take.group_id,
        error_code=None,
        error_message="the ledger that sent it was damaged; only a search can say what it became",
    )


async def import_account_facts(work: OpenSession, known: Collection[str | None]) -> None:
    """Commit what results.json and the damaged ledger's events tell of the account itself.

    That it ignores keys, with what that cost beside the ``known`` looks of takes, and what its
    wallet takes for a look. The results file was checked when its takes were read.
    """
    salvaged = salvage_state(work.state.ledger)
    doubled, prices = dict(salvaged.doubled), dict(salvaged.prices)
    videos = dict(salvaged.videos)
    if work.state.results.is_file():
        results = read_results(work.state.results)
        doubled |= {look.look_id: look for look in read_doubled(results)}
        prices |= read_prices(results)
        videos = read_videos(results) | videos
    await work.ledger.note_doubled([d for d in doubled.values() if d.look_id not in known])
    for kind, measured in prices.items():
        await work.ledger.note_price(kind, measured)
    await work.ledger.note_videos(videos)


async def import_decisions(work: OpenSession) -> None:
    """Commit what people decided, as both files and the damaged ledger's events tell."""
    salvaged = salvage_state(work.state.ledger)
    told = name_reviews(salvaged.takes.values(), salvaged.reviews)
    if work.state.results.is_file():
        told += told_reviews(read_results(work.state.results), work.account)
    await import_reviews(work.ledger, work.state, told)
