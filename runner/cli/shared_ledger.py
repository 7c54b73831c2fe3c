"""A ledger that lives in a database: what a person is asked before one is used, or is not.

A state folder remembers where its campaign's ledger lives. That, and a campaign of the same name
that another team has there, are questions to which ``--yes`` is no answer: each may mean that
everything is bought a second time.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from runner.cli.context import Console
from runner.cli.format import warn
from runner.cli.results_import import read_results
from runner.cli.shared_options import ON_VAR
from runner.errors import UsageError
from runner.ledger.reading import read_snapshot
from runner.ledger.shared import SharedLedgers
from runner.ledger.state_dirs import SharedNote, StateDir, StateDirs
from runner.model import Campaign
from runner.plan import plan as make_plan
from runner.quantities import pluralize
from runner.takes import Account, Billing, Snapshot, Take, TakeState


def share_state(shared: SharedLedgers, campaign: Campaign, account: Account) -> StateDir:
    """Return an account's folder beside the manifest, whose ledger lives in the database."""
    state = StateDirs(campaign.manifest).of(account)
    return replace(state, shared=shared.database.find_ledger(account, campaign.name))


def find_shared_state(
    shared: SharedLedgers, campaign: Campaign, label: str | None
) -> StateDir | None:
    """Return the folder of the account that has the campaign in the database; None for none.

    Where nobody has, it is the one whose results a run would take in, with an empty ledger there.

    Raises UsageError where ``label`` names an account that has none, or several have one.
    """
    accounts = shared.database.find_accounts(campaign.name)
    meant = [account for account in accounts if label in (None, account.label)]
    if len(meant) > 1:
        raise UsageError(
            f"Several accounts have a campaign {campaign.name} on {shared.database.name}: "
            f"{', '.join(account.label for account in meant)}.",
            hint="Name one with --account.",
        )
    if meant:
        return share_state(shared, campaign, meant[0])
    if label is not None:
        raise UsageError(
            f"{shared.database.name} has nothing of {campaign.name} on the account {label}."
        )
    root = StateDirs(campaign.manifest).first()
    owner = _account_in_results(root.results)
    if owner is None:
        return None
    return replace(root, shared=shared.database.find_ledger(owner, campaign.name))


def _account_in_results(path: Path) -> Account | None:
    """Return the account that a results document is about, if there is one that can be read."""
    if not path.is_file():
        return None
    try:
        host, slash, user = str(read_results(path)["account"]).partition("/")
    except (UsageError, LookupError, TypeError):
        return None
    return Account(host, user) if slash else None


# --- what a folder remembers ----------------------------------------------------------------------


def mention_shared(state: StateDir) -> None:
    """Mention on stderr that a campaign's ledger lives elsewhere than what is read here."""
    note = state.find_left_ledger()
    if note is not None:
        warn(
            f"The ledger of this campaign is {note.ledger}: add --on, or set {ON_VAR}. What is "
            f"told here is what lies in {state.folder}."
        )


def ask_before_file(
    console: Console, campaign: Campaign, state: StateDir, left: SharedNote
) -> None:
    """Ask a person before the file is used of a folder whose ledger lives in a database.

    ``left`` is that ledger. ``--yes`` is no answer. Raises LedgerQuestion where nobody gave one.
    """
    _ask_about_leaving(console, campaign, left.ledger, str(state.location))
    state.forget_shared()


def ask_before_empty(
    console: Console, campaign: Campaign, state: StateDir, account: Account
) -> None:
    """Ask a person before it is said of an empty ledger that it is, where another may be meant.

    ``--yes`` is no answer. Raises LedgerQuestion where nobody gave one.
    """
    if (left := state.find_left_ledger()) is not None:
        ask_before_file(console, campaign, state, left)
    if state.shared is not None and state.read_shared_note() is not None:
        check_shared(console, campaign, state, account, Snapshot())


def check_shared(
    console: Console, campaign: Campaign, state: StateDir, account: Account, snapshot: Snapshot
) -> None:
    """Ask a person where a ledger in a database may not be the one that is meant.

    ``snapshot`` is what it holds. ``--yes`` is no answer. Raises LedgerQuestion where nobody gave
    one. The folder remembers it.
    """
    if state.shared is None:
        return
    begun, note = bool(snapshot.takes), state.read_shared_note()
    here = SharedNote(str(state.shared), account.label, campaign.name, begun=begun)
    if note is not None and note.ledger == here.ledger:
        if note.begun and not begun:
            _ask_about_emptied(console, campaign, here.ledger)
        if note != here:
            state.remember_shared(here)
        return
    if note is not None:
        _ask_about_leaving(console, campaign, note.ledger, here.ledger)
    _ask_about_base(console, campaign, here.ledger, snapshot)
    _ask_about_file(console, campaign, state, account, snapshot)
    state.remember_shared(here)


def remember_takes(state: StateDir, snapshot: Snapshot) -> None:
    """Note that the ledger in the database is not empty any more: an empty one is another then."""
    note = state.read_shared_note()
    if state.shared is not None and note is not None and snapshot.takes and not note.begun:
        state.remember_shared(note._replace(begun=True))


def _ask_about_emptied(console: Console, campaign: Campaign, ledger: str) -> None:
    console.ask_for_name(
        campaign,
        f"{ledger} had takes when this folder used it last, and has none now: it is another "
        "database of this name, or was made anew. What it does not know is bought again.",
        prompt="Type the campaign's name to begin with an empty ledger",
        hint=f"Check the address (--on, or {ON_VAR}), or restore the database. To begin with an "
        "empty ledger, run this on a terminal and type the campaign's name.",
    )


def _ask_about_leaving(console: Console, campaign: Campaign, known: str, now: str) -> None:
    console.ask_for_name(
        campaign,
        f"The ledger of this campaign is {known}; this command would use {now}. What a ledger does "
        "not know is bought again.",
        prompt="Type the campaign's name to leave that ledger",
        hint=f"Add --on with that database's address, or set {ON_VAR}. To leave it, run this on "
        "a terminal and type the campaign's name.",
    )


def _ask_about_base(console: Console, campaign: Campaign, ledger: str, snapshot: Snapshot) -> None:
    """Ask where a campaign of this name is there already, and was made from another base."""
    base = make_plan(campaign, snapshot).actions[0]
    if not snapshot.takes or any(take.identity == base.identity for take in snapshot.all_takes):
        return
    console.ask_for_name(
        campaign,
        f"The campaign {ledger} was made from another base. If it is another team's, this "
        "one needs another name in its manifest (`campaign:`).",
        prompt="Type the campaign's name if it is the same campaign, with a new base",
        hint="Give this campaign another name. If it is the same one, run it once on a terminal "
        "and type its name.",
    )


def _ask_about_file(
    console: Console, campaign: Campaign, state: StateDir, account: Account, snapshot: Snapshot
) -> None:
    """Ask where the folder's own ledger holds what neither the database nor results.json knows."""
    known = {one for take in snapshot.all_takes for one in (take.key, take.avatar_id)}
    known |= {*_ids_in_results(state.results, campaign, account)}
    missing = [
        take
        for take in read_snapshot(state.ledger).all_takes
        if _is_worth_money(take) and known.isdisjoint({take.key, take.avatar_id} - {None})
    ]
    if not missing:
        return
    console.ask_for_name(
        campaign,
        f"{state.ledger} holds {pluralize(len(missing), 'take')} that the shared ledger would not "
        f"know, {missing[0].label} for one: they would be bought again.",
        prompt="Type the campaign's name to do without them",
        hint="Run it once more without --on: results.json then tells of them, and the shared "
        "ledger takes them in.",
    )


def _is_worth_money(take: Take) -> bool:
    return take.state is not TakeState.PLANNED and (
        take.avatar_id is not None or take.billing is not Billing.NONE
    )


def _ids_in_results(path: Path, campaign: Campaign, account: Account) -> Iterator[Any]:
    """Yield the look ids and the keys that a results document of the campaign names."""
    try:
        results = read_results(path)
        if (results["account"], results["campaign"]) != (account.label, campaign.name):
            return  # a run takes nothing in from it
        for look in (*results["looks"], *results["orphans"]):
            for take in look["takes"]:
                yield from (take["avatar_id"], take["idempotency_key"])
    except (UsageError, LookupError, TypeError):
        return  # what cannot be read tells nothing; whoever imports it says so
