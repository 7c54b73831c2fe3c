"""Why takes may not be this campaign's alone to delete: what its manifest's folder says."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from runner.errors import UsageError
from runner.files import read_file
from runner.ledger.reading import read_variables
from runner.ledger.state_dirs import StateDir
from runner.manifest.yaml.source import MAX_BYTES
from runner.model import Campaign
from runner.takes import Neighbours, Snapshot, Take

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
            text = read_file(path, MAX_BYTES).decode("utf-8", "replace")
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
