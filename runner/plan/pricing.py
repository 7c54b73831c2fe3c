"""Which price a plan counts: what a person says, what the manifest says, what the wallet showed.

``--price`` is the operator's word and stands. Else what the account's wallet showed counts, and
``prices:`` of the manifest, or the list, where nothing was measured. The ceiling is the operator's
as well: a price below the list counts at list price against it until it is confirmed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from runner.model import Campaign, LookKind, Prices
from runner.plan.model import Plan
from runner.takes import MeasuredPrice, PriceState, Snapshot

BOUGHT = (LookKind.PHOTO, LookKind.PROMPT)


@dataclass(frozen=True, slots=True)
class Quote:
    """What one generation of a kind is planned to cost; USD.

    ``stated`` is what ``--price``, the manifest or the list says, ``counts_at`` what is counted
    against ``--max-cost`` and ceilings by month. ``is_settled``: the wallet has shown just this
    price. ``is_refused``: it showed another, and nobody has said that one yet.
    """

    kind: LookKind
    price: Decimal
    stated: Decimal
    counts_at: Decimal
    measured: MeasuredPrice | None = None
    is_settled: bool = False
    is_refused: bool = False


def quote_prices(
    campaign: Campaign, snapshot: Snapshot, prices: Iterable[tuple[str, Decimal]] = ()
) -> Mapping[LookKind, Quote]:
    """Return the price of each kind. ``campaign`` has the ``prices`` that ``--price`` said."""
    said = {kind for kind, _ in prices}
    return {
        kind: _quote(
            kind,
            campaign.prices.of(kind),
            snapshot.prices.get(kind),
            said=kind in said,
        )
        for kind in BOUGHT
    }


def _quote(kind: LookKind, stated: Decimal, measured: MeasuredPrice | None, *, said: bool) -> Quote:
    listed = Prices().of(kind)
    settled = measured is not None and measured.is_settled
    if said:
        same = settled and measured is not None and measured.usd == stated
        return Quote(kind, stated, stated, stated, measured, is_settled=same)
    if measured is None or measured.state is PriceState.SUSPECTED:
        return Quote(kind, stated, stated, max(stated, listed), measured)
    price = measured.usd
    counts_at = price if settled else max(price, listed)
    other = price != stated
    refused = other and (price > stated or measured.state is PriceState.CONTRADICTED)
    return Quote(
        kind,
        price,
        stated,
        counts_at,
        measured,
        is_settled=settled and not other,
        is_refused=refused,
    )


def apply_quotes(campaign: Campaign, quotes: Mapping[LookKind, Quote]) -> Campaign:
    """Return the campaign with the prices that are planned with."""
    photo, prompt = (quotes[kind].price for kind in BOUGHT)
    return replace(campaign, prices=campaign.prices._replace(photo=photo, prompt=prompt))


def find_below_list(quotes: Iterable[Quote]) -> Mapping[LookKind, Decimal]:
    """Return what counts instead of each price that is below the list and not confirmed; USD."""
    return {quote.kind: quote.counts_at for quote in quotes if quote.counts_at > quote.price}


def cost_at(plan: Plan, prices: Mapping[LookKind, Decimal]) -> Decimal:
    """Return what the generations of a plan cost where ``prices`` are above its own, in USD."""
    return sum(
        (
            action.takes * max(action.price, prices.get(action.look.kind, Decimal(0)))
            for action in plan.actions
            if action.takes and action.look is not None
        ),
        Decimal(0),
    )
