"""Takes and prices as the facts of events and the values of rows, written and read."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields
from decimal import Decimal
from functools import lru_cache
from operator import attrgetter
from typing import Any

from runner.model import LookKind
from runner.plan.identity import current_identity
from runner.takes import Billing, MeasuredPrice, PriceState, Take, TakeState

MAX_PRICE = 1_000_000
"""USD that one generation may cost in a ledger; what is beyond is no price."""

_TAKE_FIELDS = {field.name: number for number, field in enumerate(fields(Take))}
_CONVERTED_FIELDS = ("kind", "state", "billing", "price")
"""Fields whose values are not exactly of a type that SQLite and JSON know."""

_values_of = attrgetter(*_TAKE_FIELDS)


def _once(text: str | None) -> str | None:
    """Keep a text once that nearly all takes have: every answer brings a copy of its own."""
    return text if text is None else sys.intern(text)


@lru_cache(100)
def _read_price(text: str) -> Decimal:
    """Return an amount in USD. Raises ValueError, or what Decimal raises, for what is none."""
    price = Decimal(text)
    if not 0 <= price <= MAX_PRICE:  # NaN raises here
        raise ValueError(f"{text[:40]} is no price")
    return price


_READERS: dict[str, Any] = {
    "kind": LookKind,
    "state": TakeState,
    "billing": Billing,
    "price": _read_price,
    "reroll": bool,
    "group_id": _once,
}
_READERS_AT = [(_TAKE_FIELDS[name], read) for name, read in _READERS.items()]
_SHARED = ("look", "name", "run", "group_wanted", "reference_look", "reference_id")
_SHARED_AT = [_TAKE_FIELDS[name] for name in _SHARED]
_IDENTITY_AT, _INGREDIENTS_AT = _TAKE_FIELDS["identity"], _TAKE_FIELDS["ingredients"]


def to_facts(take: Take) -> dict[str, Any]:
    """Return all of a take as JSON values (and as the values of its row), in the fields' order."""
    facts = dict(zip(_TAKE_FIELDS, _values_of(take), strict=True))
    for name in _CONVERTED_FIELDS:
        facts[name] = str(facts[name])
    return facts


def changed_fields(before: Take, after: Take) -> dict[str, Any]:
    """Return the fields of a take that an event may have changed, as the values of its row."""
    old, new = _values_of(before), _values_of(after)
    return {
        name: str(value) if name in _CONVERTED_FIELDS else value
        for name, was, value in zip(_TAKE_FIELDS, old, new, strict=True)
        if value is not was
    }


def from_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Read fields of a take from JSON or row values. Raises ValueError for what is no field."""
    if not facts.keys() <= _TAKE_FIELDS.keys():
        raise ValueError(f"not fields of a take: {sorted(facts.keys() - _TAKE_FIELDS.keys())}")
    read = {
        name: _READERS[name](value) if name in _READERS else value for name, value in facts.items()
    }
    if facts.get("identity") and facts.get("ingredients"):
        read["identity"] = current_identity(facts["identity"], facts["ingredients"])
    return read


def row_to_take(row: Sequence[Any]) -> Take:
    """Read a take from its row, whose values stand in the order of a take's fields.

    SQLite gives every row texts of its own; those that many takes have are kept once.
    """
    values = list(row)
    for position in _SHARED_AT:
        if values[position] is not None:
            values[position] = sys.intern(values[position])
    for position, read in _READERS_AT:
        values[position] = read(values[position])
    values[_IDENTITY_AT] = current_identity(values[_IDENTITY_AT], values[_INGREDIENTS_AT])
    return Take(*values)


def with_changes(take: Take, changes: Mapping[str, Any]) -> Take:
    """Return a take with other values in some fields: ``dataclasses.replace`` at half its cost.

    Every event of a ledger passes here, and a take has many fields.
    """
    values = list(_values_of(take))
    for name, value in changes.items():
        values[_TAKE_FIELDS[name]] = value
    return Take(*values)


def price_facts(kind: LookKind, measured: MeasuredPrice) -> dict[str, Any]:
    """Return what the wallet showed that a generation costs, as JSON values."""
    facts = {
        "kind": str(kind),
        "usd": str(measured.usd),
        "state": str(measured.state),
        "planned": str(measured.planned),
        "sends": measured.sends,
    }
    return facts if measured.take is None else {**facts, "take": measured.take}


def price_of(facts: Mapping[str, Any]) -> tuple[LookKind, MeasuredPrice]:
    """Read what ``price_facts`` wrote. Raises ValueError for what is no price."""
    usd, planned = Decimal(facts["usd"]), Decimal(facts["planned"])
    state, take = PriceState(facts["state"]), facts.get("take")
    return LookKind(facts["kind"]), MeasuredPrice(usd, state, planned, facts["sends"], take)
