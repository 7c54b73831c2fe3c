"""How to go on after a run: a command that can be copied and buys nothing twice. Pure."""

from runner.cli.session import OpenSession
from runner.cli.shared_ledger import options_of
from runner.errors import LookbookError
from runner.model import Campaign
from runner.plan.request import Request
from runner.shell import quote_command


def resume_command(campaign: Campaign, work: OpenSession) -> str:
    """Return the end of a command about this campaign and its ledger, to be copied."""
    ledger = ["--simulate"] if work.account.simulated else options_of(work.outside.shared)
    return quote_command(campaign.manifest, *ledger, *list_given(campaign))


def list_given(campaign: Campaign) -> list[str]:
    """Return the ``--var`` options that a campaign was read with."""
    return [text for name, value in campaign.given for text in ("--var", f"{name}={value}")]


def is_repeatable(request: Request) -> bool:
    """Return whether the same command resumes, and neither buys more nor refuses what has moved."""
    return not (request.reroll or request.retry or request.cascade or request.saved)


def resuming(request: Request, command: str, *, bought: bool = True) -> str:
    """Return in words how to go on with what is under way; ``command`` ends what can be copied.

    What is not repeatable is no way to resume, unless the run ``bought`` nothing at all.
    """
    if is_repeatable(request) or not bought:
        return "run the same command again to resume."
    limits = [quote_command("--select", text) for text in request.select]
    limits += [quote_command("--exclude", text) for text in request.exclude]
    store = [quote_command(*request.store.option)] if request.store is not None else []
    resume = " ".join(["lookbook run", command, *filter(None, store), *limits])
    return f"`{resume}` resumes it, and buys none of it again."


def advise_to_resume(error: LookbookError, request: Request, command: str) -> None:
    """Put a command that buys nothing twice into the hint of what ended a run."""
    if is_repeatable(request):
        return
    error.hint = (
        "Nothing that was paid for is lost. When that is mended, do not run the same command "
        f"again: {resuming(request, command)}"
    )
