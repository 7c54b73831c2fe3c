"""Before anything new is bought: what the account or another ledger holds of it is a question.

Which ledger a run begins with (an empty one beside others, a new one, another's copy), and looks of
the account that none here knows. ``--yes`` is no answer. A listing that cannot be finished buys
nothing new.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import click

from runner.cli.context import Console
from runner.cli.format import warn
from runner.cli.results_import import read_results, tells_of_takes
from runner.cli.session import OpenSession
from runner.cli.shared_options import ON_VAR
from runner.errors import LookbookError
from runner.executor.lists import Unlisted
from runner.ledger.neighbours import find_copies
from runner.ledger.other_ledgers import OtherLedger, find_elsewhere, find_other_ledgers
from runner.ledger.reading import has_sent, has_takes
from runner.ledger.state_dirs import StateDir, remove_empty_folder
from runner.model import Campaign
from runner.plan import Plan
from runner.plan.namesakes import (
    Listing,
    count_unresolved,
    find_namesakes,
    find_own_groups,
    find_unlisted,
)
from runner.plan.request import Request
from runner.quantities import pluralize
from runner.replies import LookData
from runner.takes import Account, Snapshot, Take

MOST_NAMES = 8
"""So many names are shown; the count says how many there are."""

Accepted = frozenset[str]
"""Ids of looks of which a person said that they are not this campaign's."""


# --- which ledger ---------------------------------------------------------------------------------


def ask_how_to_begin(
    console: Console, campaign: Campaign, account: Account, state: StateDir, request: Request
) -> bool:
    """Return whether an empty ledger is begun on purpose (``--new-ledger``).

    Ask a person who may not mean to begin one. Raises LedgerQuestion where nobody answers.
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
    return f"Add --on with that database's address, or set {ON_VAR}. "


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


# --- what the account holds -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Question:
    """A question in words, the ways on, and what of the account a yes is about."""

    text: str
    hint: str
    ids: Accepted = frozenset()


def ask_about_account(
    campaign: Campaign, work: OpenSession, plan: Plan, listing: Listing | None, *, anew: bool
) -> Accepted:
    """Ask a person about what a plan would buy although the account seems to hold it.

    ``anew``: a ledger is begun on purpose (``--new-ledger``). Return the looks that were answered
    for. Raises LedgerQuestion where nobody gave an answer.
    """
    if listing is None:
        return frozenset()
    snapshot, neighbours = work.ledger.snapshot(), work.context.neighbours()
    for path in neighbours.unreadable:
        warn(f"{path} cannot be read, so what it knows of the account is not known here.")
    every = snapshot.all_takes
    known = {take.avatar_id for take in every if take.avatar_id}
    known |= neighbours.made | work.ledger.accepted
    known |= {look.look_id for look in snapshot.doubled}
    there = find_namesakes(plan, listing, known=known, unresolved=count_unresolved(snapshot))
    missing = find_unlisted(snapshot, listing, now=work.context.clock.now())
    questions = []
    if missing:
        questions.append(_about_missing(work, missing))
    if there:
        questions.append(_about_namesakes(work, there, begun=bool(snapshot.takes)))
    for question in questions:
        if work.account.simulated or anew:
            click.echo(question.text, err=True)
        else:
            work.outside.console.ask_for_name(
                campaign,
                question.text,
                prompt="Type the campaign's name to go on all the same",
                hint=question.hint,
                show=question.hint,
            )
    return frozenset(one for question in questions for one in question.ids)


def _about_namesakes(
    work: OpenSession, there: Mapping[str, Collection[LookData]], *, begun: bool
) -> _Question:
    looks = {look.id: look for of_look in there.values() for look in of_look}
    names = sorted({look.name for look in looks.values()})
    shown = ", ".join(names[:MOST_NAMES]) + (", …" if len(names) > MOST_NAMES else "")
    text = (
        f"{work.account.label} already holds {pluralize(len(looks), 'look')} with the name of "
        f"something that this run would buy, and no ledger or results file here knows "
        f"{'it' if len(looks) == 1 else 'them'}: {shown}. They may have been paid for already."
    )
    group = next((look.group_id for look in looks.values() if look.group_id), "ID")
    hint = (
        f"If this campaign ran elsewhere, bring back its results.json to {work.state.folder}. "
        "To use these looks as they are, take them over: "
        f"`lookbook adopt NEW.yaml --group {group}` writes a manifest of them. "
    )
    if begun and not has_sent(work.state.location):
        hint += (
            "If its ledger got lost: `lookbook reconcile MANIFEST --rebuild` takes in what bears "
            "its names. "
        )
    hint += (
        "To buy them all the same, run this on a terminal and answer there."
        if begun
        else "To buy them all the same: --new-ledger."
    )
    return _Question(text, hint, frozenset(looks))


def _about_missing(work: OpenSession, missing: Collection[Take]) -> _Question:
    example = next(iter(missing))
    text = (
        f"{work.account.label} lists none of the {pluralize(len(missing), 'look')} that the "
        f"ledger {work.state.location} knows here, {example.label} for one. The key may be of "
        "another workspace of the same user, where everything would be bought again."
    )
    hint = (
        "Use the key of the workspace that has them. If they were deleted at HeyGen: "
        "`lookbook reconcile MANIFEST --record`. Otherwise run this on a terminal and answer there."
    )
    return _Question(text, hint)


def refuse_unlisted(work: OpenSession, listing: Listing, *, anew: bool) -> dict[str, str]:
    """Return the looks that are not bought because the account could not be listed, and why.

    A group that this ledger's own sends made needs no listing. On a terminal a person may say to
    buy them all the same; where a ledger is begun on purpose (``anew``, which ``--new-ledger`` says
    once), a list that no try can read whole is answered for as well.
    """
    own = find_own_groups(work.ledger.snapshot())
    problems = {
        key: listing.problems[home]
        for key, home in listing.homes.items()
        if home in listing.problems and home.group not in own
    }
    if not problems:
        return {}
    why = next(iter(problems.values()))
    said = f"What the account holds is not known: {why}."
    if work.account.simulated or (anew and all(map(_is_endless, problems.values()))):
        click.echo(said, err=True)
        return {}
    if work.outside.console.can_answer():
        click.echo(f"{said} What is bought now may be there already.", err=True)
        if click.confirm(f"Buy {pluralize(len(problems), 'look')} all the same?", err=True):
            work.outside.console.note_answer()
            return {}
    return {key: _explain_unlisted(problem) for key, problem in problems.items()}


def _explain_unlisted(problem: str) -> str:
    """Return why nothing is bought where a list could not be read, and what to do."""
    helps = "run the same command again"
    if _is_endless(problem):
        helps = (
            "run it once on a terminal, which asks, or, where nothing of this campaign was ever "
            "bought, with --new-ledger; the groups that it makes need no list later"
        )
    return (
        "nothing new is bought while it is not known what the account holds: "
        f"{problem.rstrip('.')}; {helps}"
    )


def _is_endless(problem: str) -> bool:
    return isinstance(problem, Unlisted) and problem.final
