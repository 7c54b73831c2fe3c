"""What one generation costs in USD, by type: a table with the dates on which it was looked up.

The API has no call that tells a price. A manifest's ``prices`` or ``--price`` says what a contract
or a reseller charges instead; the results always say which price was assumed.
"""

from datetime import date
from decimal import Decimal
from typing import NamedTuple


class Listed(NamedTuple):
    """The list prices as they were on one day: USD for one call of each type.

    ``source`` is where they were read.
    """

    on: date
    photo: Decimal
    prompt: Decimal
    source: str


TABLE: tuple[Listed, ...] = (
    Listed(
        date(2026, 11, 22),
        photo=Decimal("1.00"),
        # The page lists no price of its own for prompt avatars; the one for photos is assumed.
        prompt=Decimal("1.00"),
        source="HeyGen's pricing page: USD 1 a call for photo avatars and digital twins",
    ),
)
"""Oldest first. A change of price is a new entry, never an edit: old results name theirs."""

LATEST = TABLE[-1]
"""The prices that are assumed where nobody says otherwise."""
