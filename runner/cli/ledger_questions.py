"""Which ledger a run begins with: an empty one beside others, a new one, or another's copy."""

from collections.abc import Sequence

import click

from runner.cli.context import Console
from runner.cli.format import warn
from runner.cli.results_import import read_results, tells_of_takes
from runner.cli.shared_ledger import VARIABLE
from runner.errors import LookbookError
from runner.ledger.neighbours import find_copies
from runner.ledger.other_ledgers import OtherLedger, find_elsewhere, find_other_ledgers
from runner.ledger.reading import has_takes
from runner.ledger.state_dirs import StateDir, remove_empty_folder
from runner.model import Campaign
from runner.plan.request import Request
from runner.takes import Account, Snapshot


def begins_anew(
    console: Console, campaign: Campaign, account: Account, state: StateDir, request: Request
) -> bool:
    """Return whether a person begins an empty ledger on purpose (``--new-ledger``).

    Asks one who may not mean to. Raises LedgerQuestion where nobody answers.
    """
    if request.new_ledger:
        return not _refuse_new_ledger(campaign, account, state)
    if not (request.simulate or has_takes(state.location) or tells_of_takes(state.results)):
        others = find_other_ledgers(campaign.manifest, campaign.name, besides=state)
        if request.on is not None:
            others += find_elsewhere(request.on.database, campaign.name, account)
        ask_about_other_ledgers(console, campaign, account, state, others)
    return False


def _refuse_new_ledger(campaign: Campaign, account: Account, state: StateDir) -> bool:
    """Return whether ``--new-ledger`` is no answer here, which is said: there are takes already.

    It answers once, so that it can stand in no nightly line.
    """
    begun = has_takes(state.location)
    try:
        results = read_results(state.results)
        ours = (results["account"], results["campaign"]) == (account.label, campaign.name)
        begun = begun or (ours and any(look["takes"] for look in results["looks"]))
    except (LookbookError, LookupError, TypeError):
        pass  # what cannot be read is nothing of ours; a new ledger keeps it under another name
    if begun:
        warn(f"--new-ledger is ignored: {state.folder} has takes of this campaign.")
    return begun


def ask_about_other_ledgers(
    console: Console,
    campaign: Campaign,
    account: Account,
    state: StateDir,
    others: Sequence[OtherLedger],
) -> None:
    """Ask a person before an empty ledger is used beside one that holds this campaign.

    ``--yes`` is no answer to it. Raises LedgerQuestion where nobody gave one.
    """
    if not others:
        return
    # Empty, it would be in the way of the folder that is renamed to it; a run makes it anew.
    remove_empty_folder(state)
    other = min(others, key=lambda other: other.account != account.label)  # our own first
    question = (
        f"The ledger of {account.label} is empty, but {other.name} holds the campaign "
        f"{campaign.name} on the account {other.account}. A run here would buy everything again."
    )
    console.ask_for_name(
        campaign,
        question,
        prompt="Type the campaign's name to buy everything again",
        hint=f"{_name_database(other, state)}If the manifest was renamed, rename its .lookbook "
        "folder as well. If it is another account's key, use the other key. To buy everything "
        "again: --new-ledger.",
    )


def _name_database(other: OtherLedger, state: StateDir) -> str:
    """Return how to mean the ledger that lives in a database, where the command named none."""
    if not other.shared or state.shared is not None:
        return ""
    return f"Add --on with that database's address, or set {VARIABLE}. "


def ask_about_copy(
    console: Console, campaign: Campaign, state: StateDir, snapshot: Snapshot
) -> None:
    """Note that a campaign has another name now; ask where another ledger holds its takes as well.

    Two campaigns of one past would both send what is undecided, and delete each other's looks.
    ``--yes`` is no answer. Raises LedgerQuestion where nobody gave one.
    """
    formerly = snapshot.campaign
    if formerly in (None, campaign.name) or not snapshot.takes:
        return
    uids = (take.uid for take in snapshot.all_takes)
    copies = [path for path, name in find_copies(state, uids) if name != campaign.name]
    if not copies:
        click.echo(f"The campaign {formerly} is called {campaign.name} now.", err=True)
        return
    question = (
        f"{state.ledger} is a copy: {copies[0]} holds the same takes for the campaign {formerly}. "
        f"Two campaigns cannot go on with the same takes."
    )
    console.ask_for_name(
        campaign,
        question,
        prompt=f"Type the campaign's name if {copies[0].parent.name} is given up",
        hint=f"Remove {state.folder} to let {campaign.name} begin with nothing (name looks of "
        f"{formerly} with `existing:` to use them), or move the other folder away.",
    )
