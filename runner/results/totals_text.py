"""A summary of results as people read it: states, money, and what left the wallet. Pure."""

from collections.abc import Mapping
from decimal import Decimal

from runner.quantities import format_usd, pluralize
from runner.results.model import Summary, Totals, WalletEntry
from runner.words import STATE_WORDS


def format_totals(results: Summary) -> str:
    """Write the summary: how many looks in each state, and the money by what is known of it."""
    totals = results["totals"]
    states = count_states(totals["states"])
    simulated = " of simulated money" if results["account"] == "simulator" else ""
    parts = [f"spent {format_usd(totals['cost_usd'])}{simulated} so far"]
    for amount, words in (
        (totals["assumed_billed_usd"], "of which {} charged? (failed, or found without an answer)"),
        (totals["unknown_usd"], "of which {} of unknown outcome"),
        (totals["reserved_usd"], "of which {} reserved"),
        (totals.get("doubled_usd"), "and {} for looks that were made twice"),
    ):
        if amount:
            parts.append(words.format(format_usd(amount)))
    if totals["refunded_usd"]:
        parts.append(f"{format_usd(totals['refunded_usd'])} refunded")
    lines = [f"{pluralize(totals['looks'], 'look')}: {states}", "; ".join(parts)]
    return "\n".join([*lines, *describe_wallet(totals)])


def describe_wallet(totals: Totals) -> list[str]:
    """Return what left the wallet in the last run that bought, where the ledger knows otherwise."""
    wallet = totals["wallet"]
    return [] if wallet is None or wallet["before"] is None else _difference(wallet)


def count_states(states: Mapping[str, int]) -> str:
    """Write how many looks are in each state, in the order of a life: ``3 ready, 1 failed``."""
    return ", ".join(
        f"{states[state]} {word.lower()}"
        for state, (word, _) in STATE_WORDS.items()
        if states.get(state)
    )


def _difference(wallet: WalletEntry) -> list[str]:
    """Return what left the wallet beside what the ledger knows, and what that may mean."""
    difference = Decimal(str(wallet.get("difference_usd") or 0))
    if not difference:
        return []
    left = Decimal(str(wallet["before"])) - Decimal(str(wallet["after"]))
    known = format_usd(wallet["known_usd"])
    told = f"in that run {format_usd(left)} left the wallet, and the ledger knows of {known}"
    if difference > 0:
        unsure = left - Decimal(str(wallet["known_usd"])) - difference
        if unsure > 0:
            told += f" and of {format_usd(unsure)} that may have been charged"
        means = (
            f"{format_usd(difference)} more. Somebody else may have bought on this account, a "
            "price may "
            "be higher than planned, or earlier work was charged now"
        )
    else:
        means = (
            f"{format_usd(-difference)} less. The wallet may be late or was filled up "
            "meanwhile, a price "
            "may be lower than planned, or a charge was given back"
        )
    return [f"{told}: {means}; HeyGen's billing page tells."]
