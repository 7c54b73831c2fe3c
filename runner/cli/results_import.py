"""What results.json knows and a ledger does not, taken in before anything is decided by the ledger.

A colleague with this account may have run the campaign meanwhile; the ledger may be empty here, or
an older copy of it was put back. Nothing is bought by it, and what it names is not bought again.
"""

from pathlib import Path
from typing import Any

import click

from runner.canonical import parse_json
from runner.cli.format import pluralize
from runner.cli.results_news import find_news, load_importable_results, may_have_news
from runner.cli.review_file import import_reviews, told_reviews
from runner.errors import UsageError
from runner.executor.ports import Entropy
from runner.files import MAX_RESULTS_BYTES, read_file
from runner.ledger.ledger import CampaignLedger
from runner.ledger.state_dirs import StateDir
from runner.model import Campaign
from runner.results.reader import read_doubled, read_prices
from runner.results.videos import read_videos
from runner.takes import Account


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
