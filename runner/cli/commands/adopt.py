"""``lookbook adopt``: a manifest from looks that the account has; free."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import anyio
import click

from runner.cli.account import ask_account, open_account
from runner.cli.campaign import load_campaign
from runner.cli.commands.looks import all_looks
from runner.cli.commands.run import Request, start
from runner.cli.context import Context, pass_context
from runner.cli.format import pluralize, warn
from runner.cli.invocation import refuse_undecodable
from runner.errors import UsageError
from runner.files import write_atomic
from runner.manifest.starter import manifest_head, scalar, slug
from runner.model import BASE
from runner.replies import GroupData, LookData

__all__ = ["command"]


@click.command("adopt")
@click.argument("manifest", metavar="MANIFEST", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--group", "group_id", metavar="ID", required=True, help="The group to adopt.")
@click.option(
    "--base",
    "base_id",
    metavar="ID",
    help="The look that is the base; the default is the one that bears the group's name, else the "
    "first.",
)
@click.option("--campaign", metavar="NAME", help="The campaign's name; the default is the file's.")
@pass_context
def command(
    context: Context,
    /,
    manifest: Path,
    *,
    group_id: str,
    base_id: str | None,
    campaign: str | None,
) -> int:
    """Write MANIFEST from the looks of a group that the account has, and fetch their pictures.

    Each look becomes an `existing:` entry, recorded in the ledger as paid by nobody here: nothing
    is generated. From then on looks can be added that reference them. `lookbook looks` lists the
    groups.

    \b
    Example:
      lookbook adopt sarah.yaml --group group_1a2b3c
    """
    refuse_undecodable(manifest)
    if manifest.exists():
        raise UsageError(f"{manifest} exists already; nothing was written.")
    group, looks = anyio.run(members, context, group_id)
    usable = [look for look in looks if look.usable]
    for look in looks:
        if not look.usable:
            warn(f"{look.id} ({look.name}) is left out: it cannot be used now.")
    text = manifest_text(
        campaign or slug(manifest.stem) or "campaign",
        manifest.name,
        name=group.name,
        base=_base_of(usable, group, base_id),
        looks=usable,
    )
    write_atomic(manifest, text.encode())
    click.echo(f"wrote {manifest} with {pluralize(len(usable), 'look')}", err=True)
    return start(context, load_campaign(manifest, ()), Request())


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
