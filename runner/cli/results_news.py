"""What a results document knows and a ledger does not. Pure: values in, takes out."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from pathlib import Path
from typing import Any

from runner.errors import UsageError
from runner.ledger.events import find_highest_numbers
from runner.model import Campaign
from runner.policy.picking import becomes_pick
from runner.results.reader import read_takes
from runner.takes import Account, Billing, Snapshot, Take, TakeState

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
    results: Any, account: Account, campaign: Campaign, *, path: Path, formerly: str | None = None
) -> list[tuple[Take, bool]]:
    """Return the takes of a results document of this account and campaign, and which are picked.

    ``path`` is where it was read, ``formerly`` the campaign's name in the ledger. Raises UsageError
    where the document is not ours, or another account's or campaign's.
    """
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
    used = find_highest_numbers(every)
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
        if number != take.number or take.image in pictures:
            mine = _unfetched(mine)  # its picture's name is another take's, now or once it is there
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
