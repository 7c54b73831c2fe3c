"""``lookbook faces``: how alike the faces of a campaign are; measured here, free, offline."""

import sys
from collections.abc import Sequence

import anyio
import click

from runner.cli.command import Command
from runner.cli.context import Context, pass_context
from runner.cli.face_report import format_faces, list_held
from runner.cli.format import format_link
from runner.cli.known_campaign import name_ledger
from runner.cli.options import format_option
from runner.cli.outputs import make_results
from runner.cli.readonly import require_state
from runner.cli.request import load_campaign, target_options
from runner.cli.session import OpenLedger, open_ledger
from runner.cli.terminal import terminal_width
from runner.errors import UsageError
from runner.executor.face_measuring import find_unmeasured
from runner.executor.ports import Faces
from runner.ledger.ledger import CampaignLedger
from runner.plan.request import Request
from runner.quantities import format_estimate, pluralize
from runner.results.writer import serialize_results
from runner.shell import quote_command
from runner.takes import Take


@click.command("faces", cls=Command)
@target_options
@click.option(
    "--forget",
    is_flag=True,
    help="Erase every measure of this campaign's ledger, for good; pictures stay.",
)
@format_option("text", "json")
@pass_context
def command(context: Context, /, request: Request, *, forget: bool, form: str) -> int:
    """Measure how alike the faces of MANIFEST's looks are, and list the least alike first.

    A distance is a hint, not a verdict: 0 is the same picture, and faces in profile, behind
    sunglasses, made up, of children, or drawn are measured badly. Pictures stay on this machine.
    Each is measured once; a run measures its own. Needs the extra `faces`; costs nothing.

    \b
    Examples:
      lookbook faces spring.yaml
      lookbook faces spring.yaml --simulate --format json
      lookbook review spring.yaml --approve navy-office#2   a face that may stay
    """
    campaign = load_campaign(request)
    with open_ledger(context, campaign, require_state(campaign, request), "faces") as opened:
        missing = "" if forget else _measure_missing(context, opened)
        if forget:
            forgotten = anyio.run(opened.ledger.forget_faces)
            told = f"{pluralize(forgotten, 'measure')} erased from the ledger"
            click.echo(f"{told}; copies of it and backups are yours to erase.", err=True)
        page = opened.write_outputs()
        results = make_results(campaign, opened.snapshot(), opened.ledger.wallet)
    if form == "json":
        sys.stdout.writelines(serialize_results(results))
    else:
        click.echo(format_faces(results, width=terminal_width(sys.stdout)))
        click.echo(f"catalog: {format_link(page)}")
        if waiting := list_held(results):
            again = quote_command(request.manifest, *name_ledger(request))
            approve = " ".join(f"--approve {label}" for label in waiting)
            click.echo(
                f"`lookbook review {again} {approve}` lets what references them go on; "
                f"`lookbook reroll {again} face:held` buys other takes, after saying the price."
            )
    if missing:
        click.echo(missing, err=True)
    return 0


def _measure_missing(context: Context, opened: OpenLedger) -> str:
    """Measure the pictures that were not measured; return in a line what is left, or nothing.

    Raises UsageError where nothing was ever measured, and nothing can be.
    """
    from runner.faces.models import explain_missing
    from runner.faces.pool import SECONDS_PER_PICTURE, count_workers

    snapshot = opened.snapshot()
    takes = snapshot.all_takes
    missing = find_unmeasured(takes, snapshot.faces.values())
    if not missing:
        return ""
    workers = count_workers()
    faces = context.faces(opened.state.folder, workers)
    if faces is None:
        if not snapshot.faces:
            raise UsageError(explain_missing())
        return f"{pluralize(len(missing), 'picture')} not measured. {explain_missing()}"
    seconds = 1 + len(missing) * SECONDS_PER_PICTURE / workers
    told = f"Measuring {pluralize(len(missing), 'picture')}, {format_estimate(seconds)}"
    click.echo(f"{told}; processes at work: {workers}", err=True)
    left = anyio.run(measure_takes, opened.ledger, faces, missing, workers)
    if not left:
        return ""
    named = ", ".join(take.label for take in left[:3])
    more = f" and {len(left) - 3} more" if len(left) > 3 else ""
    return (
        f"Not measured, because the file is gone or was changed: {named}{more}. "
        "`lookbook run --fetch-only` gets them again, for nothing."
    )


async def measure_takes(
    ledger: CampaignLedger, faces: Faces, takes: Sequence[Take], workers: int
) -> list[Take]:
    """Measure pictures, so many at once, and commit each; return those that could not be."""
    waiting, left = iter(takes), list[Take]()

    async def work() -> None:
        for take in waiting:
            found = await faces.measure(take.image or "", take.sha256 or "")
            if found is None:
                left.append(take)
            else:
                await ledger.note_face(found)

    async with anyio.create_task_group() as tasks:
        for _ in range(workers):
            tasks.start_soon(work)
    return left
