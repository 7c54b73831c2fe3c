"""``lookbook export``: the results for other programs, from the ledger; offline."""

import json
import sys
from contextlib import nullcontext
from pathlib import Path

import click

from runner.cli.command import Command
from runner.cli.format import name_some, warn
from runner.cli.known_campaign import read_campaign
from runner.cli.options import format_option
from runner.cli.output_file import OutputFile
from runner.cli.readonly import find_state
from runner.cli.request import load_campaign, target_options
from runner.cli.select_options import select_options
from runner.cli.terminal import printing_data
from runner.errors import UsageError
from runner.files import write_output
from runner.ledger.copying import copy_rows
from runner.ledger.database import copy_ledger
from runner.ledger.reading import read_snapshot
from runner.ledger.state_dirs import StateDir
from runner.plan.options import select_looks
from runner.plan.request import Request
from runner.results.videos import ASPECT_RATIOS, VideoDocument, make_video_document
from runner.results.writer import serialize_results


@click.command("export", cls=Command)
@target_options
@select_options
@format_option("json", "jsonl", "csv")
@click.option(
    "--out",
    type=OutputFile(),
    help="Write to this file instead of stdout.",
)
@click.option(
    "--for",
    "purpose",
    type=click.Choice(["video"]),
    help="Instead of results: a request body of HeyGen's video API for each ready look.",
)
@click.option(
    "--aspect-ratio",
    "ratio",
    type=click.Choice(ASPECT_RATIOS),
    help="With --for video: the video's shape; a picture of another shape is warned about. "
    "Default: auto, the picture's own.",
)
@click.option("--script", metavar="TEXT", help="With --for video: what is spoken in each video.")
@click.option("--voice", metavar="ID", help="With --for video: the voice, instead of each look's.")
@click.option(
    "--ledger",
    "backup",
    type=OutputFile(over_backups=True),
    metavar="FILE",
    help="Write a backup of the ledger, one whole file, instead of the results; also beside a run.",
)
def command(
    request: Request,
    *,
    form: str,
    out: Path | None,
    backup: Path | None,
    purpose: str | None,
    ratio: str | None,
    script: str | None,
    voice: str | None,
) -> int:
    """Print the results of MANIFEST's campaign: ids, pictures, takes and money.

    JSON is the whole document (`lookbook schema results`); JSON Lines and CSV have one row for
    each look. Nothing is asked or changed.

    --for video writes what POST /v3/videos takes, for each look that is ready. It sends nothing:
    each video costs money at HeyGen.

    A ledger that is copied by hand lacks what its -wal holds; --ledger makes a whole copy. To put
    one back: move ledger.sqlite, its -wal and its -shm away, and copy it there. With --on it is
    the campaign's ledger of a database: so it comes back to one machine.
    """
    if backup is not None:
        return write_backup(find_state(load_campaign(request), request), backup)
    known = read_campaign(request)
    results = known.make_results(select_looks(known.campaign, known.snapshot, request))
    if purpose is not None:
        if form != "json":
            raise UsageError("Request bodies for videos are JSON.", hint="Leave out --format.")
        document = make_video_document(results, ratio=ratio or "auto", script=script, voice=voice)
        return write_videos(document, out)
    if ratio or script is not None or voice:
        raise UsageError(
            "--aspect-ratio, --script and --voice belong to videos.", hint="Add --for video."
        )
    if form == "json":
        pieces = serialize_results(results, links=False)
    else:
        from runner.catalog import tables

        pieces = tables.to_csv(results) if form == "csv" else tables.to_jsonl(results)
    if out is None:
        with printing_data() if form == "csv" else nullcontext():
            sys.stdout.writelines(pieces)
    else:
        write_output(out, (piece.encode() for piece in pieces))
        click.echo(f"wrote {out}", err=True)
    return 0


def write_videos(document: VideoDocument, out: Path | None) -> int:
    """Write request bodies for videos, and what to know before one is sent."""
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    if out is None:
        sys.stdout.write(text)
    else:
        write_output(out, [text.encode()])
        click.echo(f"wrote {out}", err=True)
    warned: dict[str, list[str]] = {}
    for video in document["videos"]:
        for warning in video.get("warnings", ()):
            warned.setdefault(warning, []).append(video["look"])
    for warning, looks in warned.items():
        warn(f"{name_some(looks)}: {warning}.")
    if document["videos"] and "script" not in document["videos"][0]["request"]:
        click.echo("Each body still needs a script, or an audio: --script TEXT adds one.", err=True)
    if left := document["left_out"]:
        keys = name_some([one["look"] for one in left])
        click.echo(f"Not ready, and left out: {keys}.", err=True)
    return 0


def write_backup(state: StateDir | None, backup: Path) -> int:
    """Write a whole copy of a ledger. Raises UsageError where there is none."""
    if state is not None and state.shared is not None:
        read_snapshot(state.location)  # a damaged ledger is no backup
        if not copy_rows(state.location, backup):
            raise UsageError(f"There is no ledger {state.location} yet.")
        click.echo(f"wrote {backup}", err=True)
        return 0
    if state is None or not state.ledger.is_file():
        raise UsageError("There is no ledger yet: nothing was ever run.")
    files = [state.ledger, *(Path(f"{state.ledger}{suffix}") for suffix in ("-wal", "-shm"))]
    if backup.resolve() in [file.resolve() for file in files]:
        raise UsageError(f"{backup} is the ledger itself.", hint="Name another file.")
    read_snapshot(state.ledger)  # a damaged ledger is no backup
    copy_ledger(state.ledger, backup)
    click.echo(f"wrote {backup}", err=True)
    return 0
