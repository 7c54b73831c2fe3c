"""What is known of a campaign without asking anybody or changing anything.

That is what the ledger holds, and what results.json names beyond it: a run takes that in before it
decides anything, so a plan that left it out would price what is paid for.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from functools import partial
from itertools import count
from typing import Any

import click

from runner.cli.format import warn
from runner.cli.results_import import add_reviews, read_results, told_reviews
from runner.cli.results_news import find_news, load_importable_results, may_have_news
from runner.cli.shared_ledger import find_shared_state, mention_shared
from runner.cli.shared_options import name_database
from runner.errors import LedgerDamaged, UsageError
from runner.ledger.neighbours import read_account_facts
from runner.ledger.other_ledgers import find_other_ledgers
from runner.ledger.reading import has_been_at, has_takes, read_keys, read_ledger
from runner.ledger.state_dirs import StateDir, StateDirs
from runner.model import Campaign
from runner.plan.request import Request
from runner.policy.budget import reserved_amount
from runner.quantities import pluralize
from runner.results.fingerprint import is_own_results
from runner.results.reader import read_prices
from runner.results.videos import read_videos
from runner.shell import quote_command
from runner.takes import Account, Snapshot, Take


def find_state(campaign: Campaign, request: Request) -> StateDir | None:
    """Return the state folder to read without asking anybody; None before the first run.

    The one that was asked for, else that of the real account that was used last, else one with a
    colleague's results; or what a database has, where one was named. Raises UsageError for an
    account that has none.
    """
    places = StateDirs(campaign.manifest)
    if request.simulate:
        return places.simulated()
    if request.on is not None:
        return find_shared_state(request.on, campaign, request.account)
    if request.account is None:
        root = places.first()
        return places.last_used() or (root if root.results.is_file() else None)
    state = places.named(request.account)
    if state is None:
        raise UsageError(
            f"No ledger of the account {request.account} lies in {places.root}.",
            hint="Run without --account to read the one that was used last.",
        )
    return state


def require_state(campaign: Campaign, request: Request) -> StateDir:
    """Return the folder whose ledger is meant. Raises UsageError where nothing was ever run."""
    state = find_state(campaign, request)
    refuse_results_alone(campaign, request, state)
    if state is not None and has_takes(state.location):
        return state
    if request.on is not None:
        raise UsageError(
            f"{request.on.database.name} has nothing of {campaign.name} yet.",
            hint="Check the address, or generate it there: "
            + quote_command("lookbook", "run", campaign.manifest, *name_database(request)),
        )
    if not request.simulate and has_rehearsal(campaign):
        raise UsageError(
            f"There is nothing of {campaign.name} on a HeyGen account yet: it was only rehearsed.",
            hint="Add --simulate to mean the rehearsal.",
        )
    raise UsageError(
        f"There is nothing of {campaign.name} yet: it was never run.",
        hint="Rehearse it for nothing: "
        + quote_command("lookbook", "run", campaign.manifest, "--simulate"),
    )


def has_rehearsal(campaign: Campaign) -> bool:
    """Return whether the embedded simulator has made anything of this campaign."""
    try:
        return has_takes(StateDirs(campaign.manifest).simulated().ledger)
    except LedgerDamaged:
        return False


def load_known(
    campaign: Campaign, state: StateDir | None
) -> tuple[Snapshot, Mapping[str, Any] | None]:
    """Return what a run would begin with, and what the wallet showed last.

    Where results.json has takes that the ledger never knew, stderr says so; where it cannot be
    used, stderr says why, and the ledger alone counts. So it is with decisions in review.json.
    """
    if state is None:
        return Snapshot(), None
    mention_shared(state)
    snapshot, wallet, results = _load_takes(campaign, state)
    return add_reviews(snapshot, state, told_reviews(results, snapshot.account)), wallet


def _load_takes(
    campaign: Campaign, state: StateDir
) -> tuple[Snapshot, Mapping[str, Any] | None, Any]:
    """Return snapshot and wallet, and the results document where it was read."""
    snapshot, wallet = read_ledger(state.location)
    if snapshot.account is not None:
        learned = read_account_facts(state, snapshot.account)
        snapshot = replace(snapshot, prices={**learned.prices, **snapshot.prices})
    if not state.results.is_file() or is_own_results(
        state.folder, partial(has_been_at, state.location)
    ):
        return snapshot, wallet, None
    try:
        results = read_results(state.results)
        account = snapshot.account or _account_in(results, state)
        if not may_have_news(results, account, campaign, snapshot):
            return snapshot, wallet, results
        takes = load_importable_results(
            results, account, campaign, path=state.results, formerly=snapshot.campaign
        )
        names = map("results-{}".format, count())
        keys = read_keys(state.location)
        decided, added = find_news(takes, snapshot, keys=keys, names=names)
    except UsageError as error:
        warn(error.message)
        return snapshot, wallet, None
    if not added and not decided:
        return snapshot, wallet, results
    warn(
        f"{pluralize(len(added) + len(decided), 'take')} of {state.results} are not in the ledger "
        "here, or undecided there. A run takes them in first, for nothing; they are counted as if "
        "it had."
    )
    prices = {**read_prices(results), **snapshot.prices}
    videos = {**read_videos(results), **snapshot.videos}
    snapshot = replace(snapshot, prices=prices, videos=videos)
    return _with(snapshot, account, [*decided, *added]), wallet, results


def refuse_results_alone(campaign: Campaign, request: Request, state: StateDir | None) -> None:
    """Raise UsageError where results lie without the ledger and the pictures that they tell of."""
    if state is None or not state.results.is_file():
        return
    if state.ledger.is_file() if state.shared is None else has_takes(state.shared):
        return
    mention_shared(state)
    command = quote_command("lookbook", "run", campaign.manifest, *name_database(request))
    place = "here" if request.on is None else f"on {request.on.database.name}"
    raise UsageError(
        f"There is no ledger {place} yet, only {state.results}.",
        hint=f"`{command}` takes it in and fetches the "
        "pictures, for nothing; it shows beforehand what else it would buy.",
    )


def _account_in(results: Any, state: StateDir) -> Account:
    """Return the account that a results document names, for a ledger that has none yet.

    Raises UsageError.
    """
    label = results.get("account") if isinstance(results, dict) else None
    host, _, user = str(label).partition("/")
    account = Account(host, user, simulated=label == "simulator")
    if account.label != label:
        raise UsageError(f"{state.results} is not a results document: it names no account.")
    return account


def _with(snapshot: Snapshot, account: Account, takes: list[tuple[Take, bool]]) -> Snapshot:
    """Return a snapshot as it will be when these takes were taken in, and those picked of them."""
    every = {take.uid: take for take in snapshot.all_takes}
    before = sum((reserved_amount(every.get(take.uid)) for take, _ in takes), Decimal(0))
    every |= {take.uid: take for take, _ in takes}
    by_look: dict[str, list[Take]] = {}
    for take in every.values():
        by_look.setdefault(take.look, []).append(take)
    return replace(
        snapshot,
        account=account,
        takes={key: tuple(sorted(of, key=lambda t: t.number)) for key, of in by_look.items()},
        picks={**snapshot.picks, **{take.look: take.uid for take, picked in takes if picked}},
        spent=snapshot.spent
        - before
        + sum((reserved_amount(take) for take, _ in takes), Decimal(0)),
    )


def mention_other_ledgers(campaign: Campaign, state: StateDir | None, snapshot: Snapshot) -> None:
    """Mention on stderr what an empty ledger may hide: a rehearsal, or one that holds the looks."""
    if snapshot.takes:
        return
    if has_rehearsal(campaign):
        click.echo("A rehearsal is there as well: add --simulate to see it.", err=True)
    places = StateDirs(campaign.manifest)
    others = find_other_ledgers(campaign.manifest, campaign.name, besides=state or places.first())
    if others:
        warn(
            f"This ledger is empty, but {others[0].name} holds the campaign {campaign.name} on the "
            f"account {others[0].account}: was the manifest renamed, or is it another key?"
        )
