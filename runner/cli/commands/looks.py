"""``lookbook looks``: what the account has, with the ids to use as ``avatar_id``."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import anyio
import click

from runner.cli.account import OpenAccount, ask_account, open_account, run_on_account
from runner.cli.command import Command
from runner.cli.context import Context, pass_context
from runner.cli.format import format_table
from runner.cli.options import env_file_option, format_option, hidden_sim_option, simulate_option
from runner.cli.request import as_request, load_campaign
from runner.cli.shared_options import on_option
from runner.cli.terminal import escape_text, print_json, terminal_width
from runner.errors import ApiTrouble, UsageError
from runner.executor.lists import PageCall, Unlisted, read_every_page
from runner.ledger.reading import read_snapshot
from runner.model import Campaign
from runner.plan.request import Request
from runner.quantities import pluralize
from runner.replies import Answer, GroupData, ListPage, LookData

T = TypeVar("T")

MOST = 50_000
"""The most entries of a list that are read."""


@click.command("looks", cls=Command)
@click.argument(
    "manifest",
    metavar="[MANIFEST]",
    required=False,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option("--group", "group_id", metavar="ID", help="Only the looks of this group.")
@simulate_option
@hidden_sim_option
@on_option
@env_file_option
@format_option("text", "json")
@pass_context
@as_request
def command(
    context: Context, request: Request, /, manifest: Path | None, *, group_id: str | None, form: str
) -> int:
    """List the looks of the account: each id can be an `avatar_id` in a manifest.

    `lookbook adopt` without a group does the same. With MANIFEST each look that its ledger knows is
    named by its key and take. Costs nothing.
    """
    return print_looks(context, request, manifest, group_id=group_id, form=form)


def print_looks(
    context: Context, request: Request, manifest: Path | None, *, group_id: str | None, form: str
) -> int:
    """Print the looks of the account, or of one group; return the exit code."""
    if manifest is None:
        if request.simulate:
            raise UsageError(
                "Each manifest has a simulated account of its own.", hint="Name the MANIFEST."
            )
        return anyio.run(look_around, context, None, group_id, form)
    campaign = load_campaign(replace(request, manifest=manifest))
    work = partial(look_around, campaign=campaign, group_id=group_id, form=form)
    return run_on_account(context, campaign, work, request)


async def look_around(
    context: Context, campaign: Campaign | None, group_id: str | None, form: str
) -> int:
    """List; return the exit code."""
    async with open_account(context) as opened:
        groups = {group.id: group for group in await all_groups(opened)}
        looks = await all_looks(opened, group_id)
        known = _known(campaign, opened) if campaign is not None else {}
        account = opened.account.label
    if form == "json":
        print_json(_document(looks, known, account))
    else:
        click.echo(_text(looks, groups, known, account))
    return 0


async def all_looks(opened: OpenAccount, group_id: str | None) -> list[LookData]:
    """Return every look of the account, or of one group. Raises AccountError or ApiTrouble."""
    return await _read_list(
        opened, lambda token: opened.api.looks(group_id=group_id, token=token), "looks"
    )


async def all_groups(opened: OpenAccount) -> list[GroupData]:
    """Return every group of the account. Raises AccountError or ApiTrouble."""
    return await _read_list(opened, lambda token: opened.api.groups(token=token), "groups")


async def _read_list(opened: OpenAccount, call: PageCall[T], what: str) -> list[T]:
    async def ask(token: str | None) -> Answer[ListPage[T]]:
        return Answer(await ask_account(opened.context, partial(call, token), opened.retry_limits))

    found = await read_every_page(ask, f"the account's {what}", most=MOST)
    if isinstance(found, Unlisted):
        raise ApiTrouble(f"{found[0].upper()}{found[1:]}.", hint="Give a --group.")
    return found


def _known(campaign: Campaign, opened: OpenAccount) -> Mapping[str, str]:
    """Return the takes that the ledger of this account knows, by the look's id."""
    snapshot = read_snapshot(opened.make_state(campaign).location)
    return {take.avatar_id: take.label for take in snapshot.all_takes if take.avatar_id is not None}


def _state(look: LookData) -> str:
    if look.usable:
        return "usable"
    return look.status if look.status not in (None, "completed") else "without a picture"


def _text(
    looks: Sequence[LookData],
    groups: Mapping[str, GroupData],
    known: Mapping[str, str],
    account: str,
) -> str:
    if not looks:
        return f"account {account} · no looks"
    lines = [f"account {account} · {pluralize(len(looks), 'look')}"]
    width = terminal_width(sys.stdout)
    by_group: dict[str | None, list[LookData]] = {}
    for look in looks:
        by_group.setdefault(look.group_id, []).append(look)
    for group_id, members in by_group.items():
        group = groups.get(group_id or "")
        name = f"{group.name} · " if group is not None else ""
        consent = f" · consent {group.consent_status}" if group and group.consent_status else ""
        lines += ["", escape_text(f"{name}group {group_id or 'none'}{consent}")]
        rows = [
            (f"  {look.id}", _state(look), known.get(look.id, ""), look.avatar_type, look.name)
            for look in members
        ]
        lines.append(format_table(rows, width=width, drop=(3,), flow=True, whole=(0,)))
    return "\n".join(lines)


def _document(looks: Sequence[LookData], known: Mapping[str, str], account: str) -> dict[str, Any]:
    """Return the list as other programs read it (``schemas/looks.schema.json``)."""
    return {
        "version": 1,
        "account": account,
        "looks": [
            {
                "avatar_id": look.id,
                "name": look.name,
                "avatar_group_id": look.group_id,
                "avatar_type": look.avatar_type,
                "status": look.status,
                "usable": look.usable,
                "take": known.get(look.id),
            }
            for look in looks
        ],
    }
