"""What results.json knows and a ledger does not, taken in before anything is decided by the ledger.

A colleague with this account may have run the campaign meanwhile; the ledger may be empty here, or
an older copy of it was put back. Nothing is bought by it, and what it names is not bought again.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from runner.canonical import parse_json
from runner.cli.format import pluralize
from runner.cli.review_file import import_reviews, told_reviews
from runner.errors import UsageError
from runner.executor.ports import Entropy
from runner.files import MAX_RESULTS_BYTES, read_file
from runner.ledger.events import highest_numbers
from runner.ledger.ledger import CampaignLedger
from runner.ledger.state_dirs import StateDir
from runner.model import Campaign, LookKind
from runner.policy.picking import becomes_pick
from runner.results.videos import read_videos
from runner.takes import Account, Billing, Doubled, MeasuredPrice, Snapshot, Take, TakeState

OUTCOME = (
    "state",
    "billing",
    "avatar_id",
    "accepted_at",
    "completed_at",
    "error_code",
    "error_message",
    "request_id",
    "consent_url",
)
PICTURE = ("image", "sha256", "width", "height")


def load_importable_results(
    results: Any,
    account: Account,
    campaign: Campaign,
    *,
    path: Path,
    formerly: str | None = None,
) -> list[tuple[Take, bool]]:
    """Return the takes of a results document of this account and campaign, and which are picked.

    ``path`` is where it was read, ``formerly`` the campaign's name in the ledger. Raises UsageError
    where the document is not ours, or another account's or campaign's.
    """
    from runner.results.reader import read_takes  # jsonschema is slow to import

    if not isinstance(results, dict):
        raise UsageError(f"{path} is not a results document.")
    if results.get("account") != account.label:
        raise UsageError(
            f"{path} is the account {results.get('account')}'s, not {account.label}'s: "
            "the looks in it cannot be used here, and would be bought again.",
            hint="Use the other account's key. To buy everything again: --new-ledger.",
        )
    if results.get("campaign") not in (campaign.name, formerly):
        raise UsageError(
            f"{path} is the campaign {results.get('campaign')}'s, not {campaign.name}'s.",
            hint="Was it renamed? Then run it once under its old `campaign:`, and rename it again.",
        )
    return read_takes(results, source=str(path))


def prices_of(results: Any) -> dict[LookKind, MeasuredPrice]:
    """Return the prices that the account's wallet showed, from a document of this account."""
    from runner.results.reader import prices_in  # jsonschema is slow to import

    return prices_in(results)


def doubled_of(results: Any) -> list[Doubled]:
    """Return the looks that keys made twice, from a document that was read already."""
    from runner.results.reader import doubled_in  # jsonschema is slow to import

    return doubled_in(results)


async def import_results(
    ledger: CampaignLedger, entropy: Entropy, account: Account, campaign: Campaign, state: StateDir
) -> int:
    """Import what results.json knows and the ledger never did; print and return how many takes.

    That the account ignores keys is imported as well, and what people decided, also by review.json.
    All takes or none are committed. Raises UsageError where a file cannot be read, and for an empty
    ledger beside a document that cannot be used.
    """
    path = state.results
    results = read_results(path) if path.is_file() else None
    count = 0
    if results is not None:
        count = await _import_takes(ledger, entropy, account, campaign, results, path=path)
    await import_reviews(ledger, state, told_reviews(results, account))
    return count


async def _import_takes(
    ledger: CampaignLedger,
    entropy: Entropy,
    account: Account,
    campaign: Campaign,
    results: Any,
    *,
    path: Path,
) -> int:
    """Import the takes of a results document; return how many."""
    snapshot = ledger.snapshot()
    known = ledger.ever_doubled() if _names_doubled(results) else frozenset[str]()
    if not may_have_news(results, account, campaign, snapshot, doubled=known):
        return 0
    takes = load_importable_results(
        results, account, campaign, path=path, formerly=snapshot.campaign
    )
    names = iter(entropy.uid, None)
    decided, added = find_news(takes, snapshot, keys=ledger.keys(), names=names)
    known |= {take.avatar_id or "" for take in snapshot.all_takes}
    doubled = [look for look in doubled_of(results) if look.look_id not in known]
    if decided or added or doubled:
        ledger.begin(account, campaign.name, {"command": "adopt results.json"})
        await ledger.import_takes([*decided, *added])
        await ledger.note_doubled(doubled)
        for kind, measured in prices_of(results).items():
            if kind not in ledger.snapshot().prices:
                await ledger.note_price(kind, measured)
        await ledger.note_videos(read_videos(results))
    if added:
        count = pluralize(len(added), "take")
        click.echo(f"Took over {count} from {path}; nothing was bought.", err=True)
    for take, _ in decided:
        click.echo(f"{take.label}: {path} tells what it became: {take.avatar_id}.", err=True)
    if doubled:
        ids = ", ".join(look.look_id for look in doubled)
        click.echo(
            f"{path} tells that HeyGen does not honour idempotency keys on this account: {ids} was "
            "made although its key had made a look. It counts against every ceiling, and nothing "
            "is sent a second time.",
            err=True,
        )
    return len(decided) + len(added)


def _names_doubled(results: Any) -> bool:
    return isinstance(results, dict) and bool(results.get("doubled"))


def may_have_news(
    results: Any,
    account: Account,
    campaign: Campaign,
    snapshot: Snapshot,
    *,
    doubled: AbstractSet[str] | None = None,
) -> bool:
    """Return whether a document of this account and campaign seems to have takes unknown here.

    Or looks that keys made twice, beside those that ``doubled`` says were ever known here; None:
    that is not asked. A glance without reading all of it: the answer is no after nearly every
    command. Beside a ledger from which nothing was ever sent it is yes for any document: that has
    to be read, or refused.
    """
    every = snapshot.all_takes
    if all(take.state is TakeState.PLANNED for take in every):
        return True
    ids = {take.avatar_id for take in every}
    keys = {take.key for take in every}
    try:
        names = (campaign.name, snapshot.campaign)
        mine = results["account"] == account.label and results["campaign"] in names
        if mine and doubled is not None:
            told = {entry["avatar_id"] for entry in results.get("doubled", ())}
            if not told <= doubled:
                return True
        return mine and any(
            take["idempotency_key"] is None or take["idempotency_key"] not in keys
            if take["avatar_id"] is None
            else take["avatar_id"] not in ids
            for take in _takes_of(results)
        )
    except (KeyError, TypeError):
        return False


def _takes_of(results: Any) -> Iterator[Any]:
    for look in (*results["looks"], *results["orphans"]):
        yield from look["takes"]


def find_news(
    takes: list[tuple[Take, bool]],
    snapshot: Snapshot,
    *,
    keys: AbstractSet[str],
    names: Iterator[str],
) -> tuple[list[tuple[Take, bool]], list[tuple[Take, bool]]]:
    """Return what a results document decides of a ledger's takes, and the takes that are new in it.

    With each whether it is to be picked. See ``decided_by`` and ``find_unknown_takes``.
    """
    decided = decided_by(takes, snapshot)
    told = {take.avatar_id for take, _ in decided}
    rest = [one for one in takes if one[0].avatar_id not in told]
    return decided, find_unknown_takes(rest, snapshot, keys=keys, names=names)


def find_unknown_takes(
    takes: list[tuple[Take, bool]],
    snapshot: Snapshot,
    *,
    keys: AbstractSet[str],
    names: Iterator[str],
) -> list[tuple[Take, bool]]:
    """Return the takes of a results document that a ledger never knew, and which to pick.

    Those that were paid for, or may have been, under numbers that are free: a failure and an
    unknown outcome hold their money here as well. ``keys`` are all that the ledger ever had: one of
    them says nothing new (``decided_by`` uses what it says of an undecided take), unless the take
    was sent anew under another key since and this one became a look after all. Where a take has no
    key, its number must be new. ``names`` are new uids.
    """
    if not snapshot.takes:
        return takes
    every = snapshot.all_takes
    ours = {take.avatar_id for take in every if take.avatar_id is not None}
    current = {take.key for take in every}
    pictures = {take.image for take in every} - {None}
    used = highest_numbers(every)
    numbers = dict(used)
    added: list[tuple[Take, bool]] = []
    for take, picked in takes:
        over = take.key in keys and take.key not in current
        known = take.avatar_id in ours or (take.key in keys and not (over and take.avatar_id))
        if take.avatar_id is None and take.key is None:
            known = take.number <= used.get(take.look, 0)
        if known or (take.avatar_id is None and take.billing is Billing.NONE):
            continue
        number = max(take.number, numbers.get(take.look, 0) + 1)
        numbers[take.look] = number
        mine = replace(take, uid=next(names), number=number)
        if take.image in pictures:
            mine = _unfetched(mine)
        added.append((mine, picked and snapshot.pick(take.look) is None))
    return added


def decided_by(takes: Sequence[tuple[Take, bool]], snapshot: Snapshot) -> list[tuple[Take, bool]]:
    """Return undecided takes of a ledger as a results document tells what they became.

    With each whether it is to be picked. A take whose send a person called in vain is among them
    while nothing was sent for it since: the document names the look that it became.
    """
    told = {take.key: take for take, _ in takes if take.key is not None}
    picked = {take.avatar_id for take, is_pick in takes if is_pick}
    every = snapshot.all_takes
    ours = {take.avatar_id for take in every}
    found = [take for take, _ in takes if take.key is None and take.avatar_id not in ours]
    decided = []
    for take in every:
        now = resolve_by(take, told)
        if now == take and take.unresolved and take.key not in told:
            now = _resolve_by_rebuilt(take, found)
        if now != take and now.avatar_id not in ours:
            decided.append(now)
    return [
        (now, now.avatar_id in picked and now.usable and becomes_pick(now, snapshot.pick(now.look)))
        for now in decided
    ]


def _resolve_by_rebuilt(take: Take, found: list[Take]) -> Take:
    """Return a take of unknown outcome as a look without a key tells it, which is then used up.

    A rebuild elsewhere found that look by its name, for the same identity: it knows no key. If it
    was taken in as another take, the send here would become the same look a second time.
    """
    for number, other in enumerate(found):
        if (other.look, other.identity) == (take.look, take.identity) and other.avatar_id:
            del found[number]
            return resolve_by(take, {take.key or "": other})
    return take


def resolve_by(take: Take, told: Mapping[str, Take]) -> Take:
    """Return an undecided take as another file tells which look it became; else the take itself.

    ``told`` are takes by idempotency key. Only what became of it is taken over: the rest of a take
    is better known where it was sent.
    """
    other = told.get(take.key or "")
    decided = not take.unresolved and take.state is not TakeState.PLANNED
    if decided or other is None or other.avatar_id is None:
        return take
    image = other if other.image is not None else take
    outcome = {name: getattr(other, name) for name in OUTCOME}
    picture = {name: getattr(image, name) for name in PICTURE}
    return replace(take, **outcome, **picture, group_id=other.group_id or take.group_id)


def _unfetched(take: Take) -> Take:
    """Return a take without its picture's name, which is another take's in the ledger."""
    state = TakeState.COMPLETED if take.state is TakeState.FETCHED else take.state
    return replace(take, state=state, image=None, sha256=None, width=None, height=None)


def tells_of_takes(path: Path) -> bool:
    """Return whether a results file is there that names a take, or that cannot be read as one.

    A rebuild that found nothing writes one that names none.
    """
    if not path.is_file():
        return False
    try:
        document = read_results(path)
        looks = [*document["looks"], *document.get("orphans", ())]
        return any(look["takes"] for look in looks)
    except (UsageError, KeyError, TypeError):
        return True  # whoever reads it next says what is wrong with it


def read_results(path: Path) -> Any:
    """Read a JSON file. Raises UsageError."""
    try:
        return parse_json(read_file(path, MAX_RESULTS_BYTES, follow=False))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.") from error
    except ValueError as error:
        raise UsageError(f"{path} cannot be read: {error}.") from error
