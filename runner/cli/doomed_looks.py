"""Which looks ``lookbook prune`` deletes at HeyGen, and why others are spared."""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from runner.cli.format import format_table
from runner.cli.session import OpenSession
from runner.cli.terminal import terminal_width
from runner.errors import ApiTrouble, UsageError
from runner.executor.lists import list_group_looks
from runner.files import read_file
from runner.ledger.reading import read_variables
from runner.ledger.state_dirs import StateDir
from runner.manifest.yaml.source import MAX_TEXT_BYTES
from runner.model import Campaign
from runner.plan import plan as make_plan
from runner.plan.options import select_looks
from runner.plan.pruning import find_group_deletions, find_prunable
from runner.plan.renames import apply_renames
from runner.plan.request import Request
from runner.policy.budget import reserved_amount
from runner.quantities import format_usd
from runner.replies import LookData
from runner.takes import Neighbours, Snapshot, Take


@dataclass(frozen=True, slots=True)
class PruneScope:
    """What may be deleted at HeyGen beyond looks that the manifest no longer has."""

    old_takes: bool = False
    with_groups: bool = False
    from_results: bool = False
    found: bool = False


@dataclass(frozen=True, slots=True)
class Doomed:
    """A take to delete, and the look as the account shows it; None where it shows none."""

    take: Take
    shown: LookData | None


async def find_doomed(
    work: OpenSession, campaign: Campaign, request: Request, scope: PruneScope
) -> list[Doomed]:
    """Return what is to be deleted; what is spared is said."""
    held = work.ledger.snapshot()
    plan = make_plan(campaign, held)
    selected = select_looks(campaign, held, request)
    snapshot = apply_renames(held, plan.moves)
    prunable = find_prunable(
        campaign,
        snapshot,
        plan,
        selected=selected,
        old_takes=scope.old_takes,
        claims=claims_on(
            campaign, work.state, snapshot, work.context.neighbours(), named=bool(request.select)
        ),
    )
    spared = [f"{take.label} is spared: {reason}" for take, reason in prunable.spared]
    groups = await _groups(work, prunable.takes)
    doomed = []
    for take in prunable.takes:
        shown = groups.get(take.group_id or "", {}).get(take.avatar_id or "")
        why = _unproven(work, take, shown, request, scope)
        if why is None:
            doomed.append(Doomed(take, shown))
        else:
            spared.append(f"{take.label} is spared: {why}")
    if not scope.with_groups:
        ids = {group_id: list(looks) for group_id, looks in groups.items()}
        last = find_group_deletions([one.take for one in doomed], ids)
        spared += [
            f"{one.take.label} is spared: it is the last look of group {last[one.take.uid]}, which "
            "HeyGen deletes with it (--with-groups)"
            for one in doomed
            if one.take.uid in last
        ]
        doomed = [one for one in doomed if one.take.uid not in last]
    for line in spared:
        click.echo(line, err=True)
    return doomed


def _unproven(
    work: OpenSession, take: Take, shown: LookData | None, request: Request, scope: PruneScope
) -> str | None:
    """Return why a look is not deleted of which no answer says that this campaign made it.

    Anybody can write a look's id into a results file, and what a search found after an answer was
    lost, or a rebuild by the name alone, may be a look of that name which somebody else made.
    """
    if work.ledger.is_imported(take.uid) and take.key is not None:
        told, vouched = "only a results file tells of it", scope.from_results
        option = "--from-results"
    elif work.ledger.is_found(take.uid) or take.key is None:
        told, vouched = "a search found it, and no answer names it", scope.found
        option = "--found"
    else:
        return None
    if shown is None:
        return f"{told}, and HeyGen shows no look {take.avatar_id} in the group {take.group_id}"
    if shown.name != take.name:
        return f"{told}, as {take.name!r}; HeyGen shows {take.avatar_id} as {shown.name!r}"
    if vouched or (not request.yes and work.outside.console.can_answer()):
        return None
    return f"{told}, and --yes does not vouch for it: answer on a terminal, or add {option}"


async def _groups(work: OpenSession, doomed: Sequence[Take]) -> dict[str, dict[str, LookData]]:
    """Return the looks that the account shows in each group that something is deleted from."""
    groups: dict[str, dict[str, LookData]] = {}
    for group_id in dict.fromkeys(take.group_id for take in doomed):
        if group_id is not None:
            looks = await list_group_looks(work.context, group_id)
            if isinstance(looks, str):
                raise ApiTrouble(looks, hint="Nothing was deleted.")
            groups[group_id] = {look.id: look for look in looks}
    return groups


def list_doomed(doomed: Sequence[Doomed]) -> str:
    """Return what is to be deleted as a table, with what was paid for it."""
    rows = [("take", "name at HeyGen", "avatar id", "group", "paid")]
    rows += [
        (
            one.take.label,
            (one.shown.name if one.shown is not None else one.take.name) or "—",
            one.take.avatar_id or "—",
            one.take.group_id or "—",
            format_usd(reserved_amount(one.take)),
        )
        for one in doomed
    ]
    return f"{format_table(rows, right=(4,), width=terminal_width(sys.stderr), drop=(3,))}\n"


MANIFESTS = ("*.yaml", "*.yml")
_WORD = re.compile(r"[A-Za-z0-9_-]{6,}")

SAME_VALUES = "prune in the same way"
BY_NAME = "name the look to delete it"

Values = Mapping[str, str]


def claims_on(
    campaign: Campaign, state: StateDir, snapshot: Snapshot, neighbours: Neighbours, *, named: bool
) -> dict[str, str]:
    """Return why takes must stay, by uid: somebody else has them, or they may still be wanted.

    ``neighbours`` is what other ledgers and results files know; ``named`` says that a person named
    the looks that are meant. Raises UsageError where a ledger or results file beside this one
    cannot be read: nobody knows what it holds.
    """
    if neighbours.unreadable:
        raise UsageError(
            f"{', '.join(neighbours.unreadable)} cannot be read, and may hold looks of another "
            "campaign. Nothing was deleted.",
            hint="Mend it (`lookbook reconcile --rebuild`) or move it away, and try again.",
        )
    takes = [take for take in snapshot.all_takes if take.avatar_id]
    named_in = find_ids(campaign.manifest, {take.avatar_id or "" for take in takes})
    runs = read_variables(state.location)
    wanted = {look.key for look in campaign.looks}
    claims: dict[str, str] = {}
    for take in takes:
        if take.avatar_id in neighbours.ids:
            claims[take.uid] = "another ledger or results file in the folder knows it"
        elif take.avatar_id in named_in:
            claims[take.uid] = f"{named_in[take.avatar_id]} names its id"
        elif take.look in wanted and named:
            continue  # --old-takes of a look that a person named
        elif why := _other_values(campaign, take, runs, named=named):
            claims[take.uid] = why.replace(SAME_VALUES, BY_NAME) if take.look in wanted else why
    return claims


def _other_values(
    campaign: Campaign, take: Take, runs: Mapping[str, Values], *, named: bool
) -> str | None:
    """Return why a take that is not wanted now may be wanted under other ``--var`` values."""
    values = runs.get(take.run or "")
    if values is None:
        if not campaign.has_variables or named:
            return None
        return "it may be wanted with other --var values: name the look to delete it"
    if dict(values) == dict(campaign.given):
        return None
    told = " ".join(f"--var {name}={value}" for name, value in sorted(values.items()))
    return f"it was bought {f'with {told}' if told else 'without --var'}: {SAME_VALUES}"


def find_ids(manifest: Path, ids: set[str]) -> dict[str, str]:
    """Return which of some ids stand in another manifest beside this one, and in which.

    Whatever the file says: one that is not valid at the moment may still mean what it names. Raises
    UsageError where one cannot be read, or is too large to be a manifest.
    """
    found: dict[str, str] = {}
    for path in _others(manifest):
        try:
            text = read_file(path, MAX_TEXT_BYTES).decode("utf-8", "replace")
        except OSError as error:
            raise UsageError(
                f"{path} cannot be read ({error.strerror or error}), and may name looks by id.",
                hint="Mend it or move it away, and try again. Nothing was deleted.",
            ) from error
        words = set(_WORD.findall(text))
        found |= {one: path.name for one in ids & words if one not in found}
    return found


def _others(manifest: Path) -> Iterator[Path]:
    for pattern in MANIFESTS:
        for path in sorted(manifest.parent.glob(pattern)):
            if path.is_file() and path.resolve() != manifest.resolve():
                yield path
