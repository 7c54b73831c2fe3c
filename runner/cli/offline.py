"""What is known of a campaign without asking anybody or changing anything.

That is what the ledger holds, and what results.json names beyond it: a run takes that in before it
decides anything, so a plan that left it out would price what is paid for.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from itertools import count
from typing import Any

from runner.cli import wiring
from runner.cli.intake import (
    decided_by,
    may_tell_more,
    never_known,
    prices_of,
    read_results,
    results_for,
)
from runner.cli.made_from import knows_results
from runner.cli.show import plural
from runner.errors import UsageError
from runner.ledger.file import read_keys, read_ledger
from runner.ledger.places import Places, State, holding
from runner.model import Campaign
from runner.plan import plan as make_plan
from runner.policy.budget import held
from runner.takes import Account, Snapshot, Take

__all__ = ["known", "only_results", "state_of", "warn_of_other_ledgers", "where"]


def state_of(campaign: Campaign, *, account: str | None, simulate: bool) -> State | None:
    """Give the state folder to read without asking anybody; None before the first run.

    The one that was asked for, else the one that was used last, else one with a colleague's
    results. Raises UsageError for an account that has none.
    """
    places = Places(campaign.manifest)
    if simulate:
        return places.simulated()
    if account is None:
        root = State(places.root)
        return places.last_used() or (root if root.results.is_file() else None)
    state = places.named(account)
    if state is None:
        raise UsageError(
            f"No ledger of the account {account} lies in {places.root}.",
            hint="Run without --account to read the one that was used last.",
        )
    return state


def known(campaign: Campaign, state: State | None) -> tuple[Snapshot, Mapping[str, Any] | None]:
    """Give what a run would begin with, and what the wallet showed last.

    Where results.json has takes that the ledger never knew, stderr says so; where it cannot be
    used, stderr says why, and the ledger alone counts.
    """
    if state is None:
        return Snapshot(), None
    snapshot, wallet = read_ledger(state.ledger)
    if not state.results.is_file() or knows_results(state):
        return snapshot, wallet
    try:
        results = read_results(state.results)
        account = snapshot.account or _account_in(results, state)
        if not may_tell_more(results, account, campaign, snapshot):
            return snapshot, wallet
        takes = results_for(
            results, account, campaign, path=state.results, formerly=snapshot.campaign
        )
        names = map("results-{}".format, count())
        added = never_known(takes, snapshot, keys=read_keys(state.ledger), names=names)
        decided = decided_by(takes, snapshot)
    except UsageError as error:
        wiring.warn(error.message)
        return snapshot, wallet
    if not added and not decided:
        return snapshot, wallet
    wiring.warn(
        f"{plural(len(added) + len(decided), 'take')} of {state.results} are not in the ledger "
        "here, or undecided there. A run takes them in first, for nothing; they are counted as if "
        "it had."
    )
    snapshot = replace(snapshot, prices={**prices_of(results), **snapshot.prices})
    return _with(snapshot, account, [*decided, *added]), wallet


def only_results(state: State, campaign: Campaign) -> UsageError:
    """Give the error for a command that needs the ledger or the pictures, where neither is here."""
    simulate = " --simulate" if state == Places(campaign.manifest).simulated() else ""
    return UsageError(
        f"There is no ledger here yet, only {state.results}.",
        hint=f"`lookbook run {campaign.manifest.name}{simulate}` takes it in and fetches the "
        "pictures, for nothing; it shows beforehand what else it would buy.",
    )


def _account_in(results: Any, state: State) -> Account:
    """Give the account that a results document names, for a ledger that has none yet.

    Raises UsageError.
    """
    label = results.get("account") if isinstance(results, dict) else None
    host, _, user = str(label).partition("/")
    account = Account(host, user, simulated=label == "simulator")
    if account.label != label:
        raise UsageError(f"{state.results} is not a results document: it names no account.")
    return account


def _with(snapshot: Snapshot, account: Account, takes: list[tuple[Take, bool]]) -> Snapshot:
    """Give a snapshot as it will be when these takes were taken in, and those picked of them."""
    every = {take.uid: take for of_look in snapshot.takes.values() for take in of_look}
    before = sum((held(every.get(take.uid)) for take, _ in takes), Decimal(0))
    every |= {take.uid: take for take, _ in takes}
    by_look: dict[str, list[Take]] = {}
    for take in every.values():
        by_look.setdefault(take.look, []).append(take)
    return replace(
        snapshot,
        account=account,
        takes={key: tuple(sorted(of, key=lambda t: t.number)) for key, of in by_look.items()},
        picks={**snapshot.picks, **{take.look: take.uid for take, picked in takes if picked}},
        spent=snapshot.spent - before + sum((held(take) for take, _ in takes), Decimal(0)),
    )


def warn_of_other_ledgers(campaign: Campaign, state: State | None, snapshot: Snapshot) -> None:
    """Say what a plan may hide: a rehearsal's ledger, or another one that holds the looks."""
    places = Places(campaign.manifest)
    if snapshot.account is not None and snapshot.account.simulated:
        real, _ = known(campaign, State(places.root))
        buys = make_plan(campaign, real).count
        if buys:
            generations = plural(buys, "generation")
            wiring.warn(
                "This is the simulator's ledger, which was used last. On your HeyGen account the "
                f"same manifest has {generations} to buy."
            )
    elif not snapshot.takes:
        others = holding(campaign.manifest, campaign.name, besides=state or State(places.root))
        if others:
            path, account = others[0]
            wiring.warn(
                f"This ledger is empty, but {path} holds the campaign {campaign.name} on the "
                f"account {account.label}: was the manifest renamed, or is it another key?"
            )


def where(snapshot: Snapshot, *, simulate: bool = False) -> str:
    """Say which account's ledger is meant."""
    if snapshot.account is not None:
        return f"account {snapshot.account.label}"
    return "the simulator, not used yet" if simulate else "no ledger yet: nothing was ever run"
