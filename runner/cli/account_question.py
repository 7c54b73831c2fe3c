"""Before anything new is bought: what the account holds of it already is a question to a person.

``--yes`` is no answer. A listing that cannot be finished buys nothing new.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import click

from runner.cli.format import pluralize, warn
from runner.cli.session import OpenSession
from runner.executor.lists import Unlisted
from runner.ledger.reading import has_sent
from runner.model import Campaign
from runner.plan import Plan
from runner.plan.namesakes import (
    Listing,
    count_unresolved,
    find_namesakes,
    find_own_groups,
    find_unlisted,
)
from runner.replies import LookData
from runner.takes import Take

MOST_NAMES = 8
"""So many names are shown; the count says how many there are."""

Accepted = frozenset[str]
"""Ids of looks of which a person said that they are not this campaign's."""


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
