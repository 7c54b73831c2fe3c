"""The two ways to ask a person: for a yes, and for the campaign's name where a yes is too easy."""

import click

from runner.cli.environment import Console
from runner.errors import LedgerQuestion, UsageError
from runner.model import Campaign


def confirm_or_refuse(console: Console, question: str, *, yes: bool, undone: str) -> None:
    """Ask for a yes, unless ``--yes`` gave it. Raises UsageError where nobody did.

    ``undone`` is what the error says of what would have been done.
    """
    if yes:
        return
    if not console.can_answer():
        raise UsageError(
            f"There is nobody to ask here, so {undone}.", hint="Add --yes to go ahead."
        )
    if not click.confirm(question, err=True):
        raise UsageError(f"Declined; {undone}.")


def ask_for_name(
    console: Console, campaign: Campaign, question: str, *, prompt: str, hint: str, show: str = ""
) -> None:
    """Ask a person to type the campaign's name; ``--yes`` is no answer.

    ``hint`` says what to do where nobody can be asked, ``show`` is text that follows the question
    where somebody can. Raises LedgerQuestion where the name was not typed.
    """
    if not console.can_answer():
        raise LedgerQuestion(question, hint=hint)
    click.echo(f"{question}\n{show}" if show else question, err=True)
    if click.prompt(prompt, default="", show_default=False, err=True) != campaign.name:
        raise LedgerQuestion("Nothing was sent.")
    console.note_answer()
