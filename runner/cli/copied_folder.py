"""A ledger that was another campaign's: renamed by its owner, or copied with its folder."""

import click

from runner.cli.environment import Console
from runner.cli.questions import ask_for_name
from runner.ledger.neighbours import find_copies
from runner.ledger.state_dirs import StateDir
from runner.model import Campaign
from runner.takes import Snapshot


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
    ask_for_name(
        console,
        campaign,
        question,
        prompt=f"Type the campaign's name if {copies[0].parent.name} is given up",
        hint=f"Remove {state.folder} to let {campaign.name} begin with nothing (name looks of "
        f"{formerly} with `existing:` to use them), or move the other folder away.",
    )
