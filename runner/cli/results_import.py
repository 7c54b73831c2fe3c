"""What files beside a ledger know and it does not, taken in before anything is decided by it.

results.json: a colleague with this account may have run the campaign meanwhile; the ledger may be
empty here, or an older copy of it was put back. Nothing is bought by it, and what it names is not
bought again. review.json: whoever has the repository has the reviews; they survive a ledger that is
lost, and a colleague's are taken in when they are pulled.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from runner.canonical import parse_json
from runner.cli.decision_queue import import_queued_decisions, read_queued_reviews
from runner.cli.format import warn
from runner.cli.results_news import find_news, load_importable_results, may_have_news
from runner.errors import UsageError
from runner.executor.ports import Entropy
from runner.files import MAX_RESULTS_BYTES, read_file, write_atomic
from runner.ledger.ledger import CampaignLedger
from runner.ledger.state_dirs import StateDir
from runner.model import Campaign
from runner.quantities import pluralize
from runner.results.model import Results
from runner.results.reader import read_doubled, read_prices
from runner.results.reviews import (
    NamedReview,
    find_later_reviews,
    list_reviews,
    merge_reviews,
    read_reviews,
    review_document,
)
from runner.results.videos import read_videos
from runner.takes import Account, Snapshot

REVIEWS = "review.json"


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
    doubled = [look for look in read_doubled(results) if look.look_id not in known]
    if decided or added or doubled:
        ledger.begin(account, campaign.name, {"command": "adopt results.json"})
        await ledger.import_takes([*decided, *added])
        await ledger.note_doubled(doubled)
        for kind, measured in read_prices(results).items():
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


# --- review.json ----------------------------------------------------------------------------------


def read_review_file(folder: Path, account: Account | None = None) -> list[NamedReview]:
    """Return the reviews of a folder's ``review.json``; none where there is no such file.

    Raises UsageError where it cannot be read, or is another account's.
    """
    path = folder / REVIEWS
    if not path.is_file():
        return []
    try:
        document = parse_json(read_file(path, MAX_RESULTS_BYTES, follow=False))
    except (OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or error
        raise UsageError(
            f"{path} cannot be read: {problem}.",
            hint="Where version control left both sides of a conflict in it, keep both entries.",
        ) from error
    reviews = read_reviews(document, source=str(path))
    if account is not None and document["account"] not in (None, account.label):
        raise UsageError(
            f"{path} is about the account {document['account']}, not {account.label}.",
            hint="Move it to that account's folder, or away.",
        )
    return reviews


def write_review_file(results: Results, folder: Path) -> None:
    """Write what was decided beside the results. What only the file knows stays in it.

    Where nobody ever decided, there is no file. Raises UsageError, or StorageError.
    """
    known = read_review_file(folder)
    if not known and "review" not in results["totals"]:
        return
    merged = merge_reviews(list_reviews(results), known)
    document = review_document(results["campaign"], results["account"], merged)
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    write_atomic(folder / REVIEWS, text.encode())


def told_reviews(results: Any, account: Account | None) -> list[NamedReview]:
    """Return the reviews of a results document of this account that was perhaps not checked."""
    try:
        if account is None or results["account"] != account.label:
            return []
        return [*list_reviews(results)]
    except (AttributeError, LookupError, TypeError, ValueError):
        return []


async def import_reviews(
    ledger: CampaignLedger, state: StateDir, told: Sequence[NamedReview]
) -> int:
    """Commit the reviews of files that are later than a ledger's; return how many there are.

    ``told`` are those that a results document has. Raises UsageError for a ``review.json`` that
    cannot be read: it would be written anew without what it holds.
    """
    snapshot = ledger.snapshot()
    named = [*told, *read_review_file(state.folder, snapshot.account)]
    later = find_later_reviews(named, snapshot)
    if later:
        await ledger.record_reviews((take.uid, review) for take, review in later)
        click.echo(f"Took over {pluralize(len(later), 'review')} from files.", err=True)
    return len(later) + await import_queued_decisions(ledger, state)


def add_reviews(snapshot: Snapshot, state: StateDir, told: Sequence[NamedReview] = ()) -> Snapshot:
    """Return a snapshot with the reviews that a run would take in from files beside it.

    A file that cannot be used is said on stderr, and the ledger alone counts.
    """
    named = [*told, *read_queued_reviews(state, snapshot.account_label)]
    try:
        named += read_review_file(state.folder, snapshot.account)
    except UsageError as error:
        warn(error.message)
    later = {take.uid: review for take, review in find_later_reviews(named, snapshot)}
    return replace(snapshot, reviews={**snapshot.reviews, **later}) if later else snapshot
