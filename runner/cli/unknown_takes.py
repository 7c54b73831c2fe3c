"""Takes whose outcome is unknown: what a search found of each, and what a person says of it."""

from dataclasses import dataclass, field
from typing import Any

import click

from runner.cli.adoptions import read_adoptable
from runner.cli.next_steps import resume_command
from runner.cli.nothing_bought import evidence_of, moment, objection_to
from runner.cli.session import OpenSession
from runner.cli.terminal import join_lines, style
from runner.executor.findings import Finding
from runner.executor.resolve_unknown import UnknownResolver
from runner.ledger.reading import read_send_time, read_wallet_readings
from runner.model import Campaign
from runner.policy.lifecycle import Event
from runner.quantities import format_usd, pluralize
from runner.replies import LookData
from runner.shell import quote_command
from runner.takes import Take


@dataclass(frozen=True, slots=True)
class UnknownCase:
    """What every decision about an unknown take needs.

    What was wanted when the command began, and no longer is after others were adopted, counts as
    wanted until the end: nobody is believed too early. ``findings`` are what the searches found, by
    uid.
    """

    work: OpenSession
    campaign: Campaign
    searcher: UnknownResolver
    found: list[dict[str, Any]] = field(default_factory=list)
    """What the searches found, as programs read it."""
    findings: dict[str, Finding] = field(default_factory=dict)

    async def search(self, take: Take) -> Finding:
        """Search the account for a take, and note what was found."""
        finding = self.findings[take.uid] = await self.searcher.search(take)
        self.found.append(
            {
                "take": take.label,
                "candidates": [look.id for look in finding.fits],
                "rivals": list(finding.rivals),
                "problem": finding.problem,
                "replayable": self.is_alive(take),
            }
        )
        return finding

    def is_alive(self, take: Take) -> bool:
        """Return whether `lookbook run` may still send a take again under its own key.

        A take that the manifest no longer wants is never sent again, nor one beside looks that may
        be its own.
        """
        return self.why_not_again(take) is None

    def why_not_again(self, take: Take) -> str | None:
        """Return in words why no run sends a take again; None where one may."""
        finding = self.findings.get(take.uid)
        if take.uid in self.searcher.unwanted:
            return "the manifest does not want it any more"
        if finding is not None and finding.needs_person:
            return "a search cannot tell what it made"
        if self.work.context.key_is_alive(take):
            return None
        if not self.work.ledger.honours_keys:
            return "this account does not honour idempotency keys"
        if take.is_too_slow:
            return "it took HeyGen too long (504), and it was sent again once"
        return "its idempotency key tells nothing any more"

    def object_to_absence(self, finding: Finding) -> str | None:
        """Return why nobody can say that nothing was bought for a take."""
        return objection_to(
            finding,
            alive=self.is_alive(finding.take),
            now=self.work.context.now_at_server(),
            command=resume_command(self.campaign, self.work),
        )


async def give_up(case: UnknownCase, take: Take) -> None:
    """Record that nothing was bought for a take, unless something speaks against it."""
    finding = await case.search(take)
    click.echo(finding_text(case, finding))
    why_not = case.object_to_absence(finding)
    if why_not is not None:
        click.echo(f"  → it stays unknown: {why_not}\n")
        return
    await case.work.context.record(take.uid, Event.NOT_BOUGHT)
    click.echo("  → nothing was bought, as you say: it may be bought anew\n")


def list_unresolved(work: OpenSession) -> list[Take]:
    """Return every take whose outcome is unknown, by look and number."""
    takes = (take for take in work.ledger.snapshot().all_takes if take.unresolved)
    return sorted(takes, key=lambda take: (take.look, take.number))


async def decide(case: UnknownCase, take: Take) -> None:
    """Search for one take, show what is known, and ask where somebody can answer."""
    work, searcher = case.work, case.searcher
    finding = await case.search(take)
    click.echo(finding_text(case, finding))
    certain = finding.certain
    if certain is not None:
        await searcher.adopt(take, certain)
        click.echo(f"  → taken over: {certain.id}, nothing else fits\n")
        return
    why_not = case.object_to_absence(finding)
    if not work.outside.console.can_choose():
        ways = [quote_command("--adopt", f"{take.label}=ID")]
        ways += ["--not-ours ID"] if finding.fits else []
        ways += [quote_command("--nothing-bought", take.label)] if why_not is None else []
        note = "" if finding.fits or why_not is None else f"  {why_not}\n"
        click.echo(f"{note}  → decide with {' or '.join(ways)}\n")
        return
    choices = [look.id for look in finding.fits]
    if why_not is None:
        choices.append("nothing")
    elif not choices:
        click.echo(f"  → it stays unknown: {why_not}\n")
        return
    nothing = ", `nothing` if nothing was bought" if why_not is None else ""
    if finding.fits:
        choices.append("none")
        nothing += ", `none` if all of them are somebody else's"
    typed = click.prompt(
        f"  Which look did it become? (an id{nothing}, `skip`)",
        type=click.Choice([*choices, "skip"]),
        default="skip",
    )
    if typed == "nothing":
        await work.context.record(take.uid, Event.NOT_BOUGHT)
    elif typed == "none":
        await work.ledger.note_strangers([look.id for look in finding.fits])
        await decide(case, take)
    elif typed != "skip":
        await searcher.adopt(take, await read_adoptable(work, take, typed))


def finding_text(case: UnknownCase, finding: Finding) -> str:
    """Return all that is known of one take, as text."""
    work, take = case.work, finding.take
    sent = moment(take.sent_at or 0)
    lines = [
        f"{style(take.label, bold=True)} “{take.name}”, {format_usd(take.price)} reserved",
        f"  sent {pluralize(take.attempts, 'time')}, first at {sent}; {take.error_message or ''}",
    ]
    every = work.ledger.snapshot().all_takes
    readings = read_wallet_readings(work.state.location)
    sent_at = read_send_time(work.state.location, take.uid)
    lines.append(f"  {evidence_of(take, readings, every, work.user, sent=sent_at)}")
    if finding.problem is not None:
        lines.append(f"  the search could not be finished: {finding.problem}")
    if finding.rivals:
        lines.append(f"  other unknown takes have the same name: {', '.join(finding.rivals)}")
    lines += [_candidate(look) for look in finding.candidates]
    lines += [
        f"{_candidate(look)}; another campaign here took it over, and did not make it"
        for look in finding.taken_over
    ]
    if not finding.fits and finding.problem is None:
        lines.append("  the account has no look of this name that is not in the ledger")
        why_not = case.why_not_again(take)
        lines += [f"  no run sends it again: {why_not}"] if why_not else []
    return join_lines(lines)


def _candidate(look: LookData) -> str:
    return f"  fits: {look.id} in group {look.group_id}, {look.status or 'ready'}"
