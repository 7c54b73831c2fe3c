"""``lookbook adopt``: what the account has, and a manifest made from it; free."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import anyio
import click

from runner.cli.account import ask_account, open_account
from runner.cli.command import Command
from runner.cli.commands.looks import all_looks, print_looks
from runner.cli.commands.run import start
from runner.cli.context import Context, pass_context
from runner.cli.editor_schema import write_schema
from runner.cli.format import warn
from runner.cli.invocation import refuse_undecodable
from runner.cli.options import env_file_option, format_option, hidden_sim_option, simulate_option
from runner.cli.request import as_request, load_campaign
from runner.cli.shared_options import on_option
from runner.errors import UsageError
from runner.files import write_atomic
from runner.manifest.starter import manifest_head, scalar, slug
from runner.model import BASE
from runner.plan.request import Request
from runner.quantities import pluralize
from runner.replies import GroupData, LookData


@click.command("adopt", cls=Command)
@click.argument(
    "manifest",
    metavar="[MANIFEST]",
    required=False,
    type=click.Path(dir_okay=False, path_type=Path),
)
@click.option("--group", "group_id", metavar="ID", help="The group to take over, or to list.")
@click.option(
    "--base",
    "base_id",
    metavar="ID",
    help="The look that is the base; the default is the one that bears the group's name, else the "
    "first.",
)
@click.option("--campaign", metavar="NAME", help="The campaign's name; the default is the file's.")
@simulate_option
@hidden_sim_option
@on_option
@env_file_option
@format_option("text", "json")
@pass_context
@as_request
def command(
    context: Context,
    request: Request,
    /,
    manifest: Path | None,
    *,
    group_id: str | None,
    base_id: str | None,
    campaign: str | None,
    form: str,
) -> int:
    """List the looks that the account has, or write a new MANIFEST from those of a group.

    Without --group the looks of the account are listed: each id can be an `avatar_id` in a
    manifest. With a MANIFEST that exists, looks that its ledger knows are named by key and take.

    With a new MANIFEST and --group each look of the group becomes an `existing:` entry, recorded
    in the ledger as paid by nobody here, and its picture is fetched: nothing is generated. From
    then on looks can be added that reference them.

    \b
    Examples:
      lookbook adopt                                   what the account has
      lookbook adopt sarah.yaml --group group_1a2b3c   a manifest from a group
    """
    if manifest is None or (group_id is None and manifest.exists()):
        return print_looks(context, request, manifest, group_id=group_id, form=form)
    refuse_undecodable(manifest)
    if group_id is None:
        raise UsageError(
            f"{manifest} is not there, and no --group says what to write it from.",
            hint="`lookbook adopt` lists the looks of the account with their groups.",
        )
    if os.path.lexists(manifest):
        raise UsageError(f"{manifest} exists already; nothing was written.")
    if request.simulate:
        raise UsageError("A new manifest has no simulated account to take over from.")
    group, looks = anyio.run(members, context, group_id)
    write_manifest(manifest, campaign or slug(manifest.stem) or "campaign", group, looks, base_id)
    request = Request(manifest, form=form, on=request.on)
    return start(context, load_campaign(request), request)


def write_manifest(
    manifest: Path, campaign: str, group: GroupData, looks: Sequence[LookData], base_id: str | None
) -> None:
    """Write a manifest of a group's looks, without those that cannot be used; say which."""
    usable = [look for look in looks if look.usable]
    for look in looks:
        if not look.usable:
            warn(f"{look.id} ({look.name}) is left out: it cannot be used now.")
    base = _base_of(usable, group, base_id)
    text = manifest_text(campaign, manifest.name, name=group.name, base=base, looks=usable)
    write_atomic(manifest, text.encode())
    write_schema(manifest.parent)
    click.echo(f"wrote {manifest} with {pluralize(len(usable), 'look')}", err=True)


async def members(context: Context, group_id: str) -> tuple[GroupData, list[LookData]]:
    """Return a group and its looks. Raises AccountError or ApiTrouble."""
    async with open_account(context) as opened:
        group = await ask_account(context, lambda: opened.api.group(group_id), opened.retry_limits)
        return group, await all_looks(opened, group_id)


def _base_of(usable: Sequence[LookData], group: GroupData, base_id: str | None) -> LookData:
    if not usable:
        raise UsageError(f"The group {group.id} has no look that can be used.")
    if base_id is None:
        return next((look for look in usable if look.name == group.name), usable[0])
    for look in usable:
        if look.id == base_id:
            return look
    ids = ", ".join(look.id for look in usable)
    raise UsageError(f"{base_id} is no look of this group that can be used.", hint=f"It has {ids}.")


def manifest_text(
    campaign: str, file: str, *, name: str, base: LookData, looks: Sequence[LookData]
) -> str:
    """Write the manifest: the base, and an ``existing`` entry for each other look."""
    others = [look for look in looks if look.id != base.id]
    lines = [
        *manifest_head(campaign, file),
        "base:",
        f"  name: {scalar(name or 'Presenter')}",
        f"  avatar_id: {scalar(base.id)}",
        "",
        "looks:" if others else "looks: {}",
    ]
    for key, look in _keyed(others, prefix=name):
        lines += [
            f"  {key}:",
            f"    title: {scalar((look.name or key).replace('${', '$${'))}",
            f"    existing: {scalar(look.id)}",
        ]
    return "\n".join([*lines, ""])


def _keyed(looks: Sequence[LookData], *, prefix: str) -> Iterator[tuple[str, LookData]]:
    """Return each look a key made from its name: without the character's, and never twice."""
    taken = {BASE}
    for look in looks:
        wish = slug(look.name.removeprefix(prefix)) or "look"
        key, number = wish, 1
        while key in taken:
            number += 1
            key = f"{wish[:60]}-{number}"
        taken.add(key)
        yield key, look
