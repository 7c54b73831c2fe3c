"""Every charge of a campaign, with the reason for it, and sums by month and by reason. Pure.

The ledger keeps no reason; what was bought before a take, and what it was made from, tells it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from runner.plan.change_text import describe_change
from runner.policy.budget import reserved_amount
from runner.results.times import format_time
from runner.takes import Snapshot, Take, TakeState

VERSION = 1


class Cause(StrEnum):
    """Why a take was bought; the value is what people and programs read."""

    NEW = "new"
    EDITED = "edited"
    RENEWED = "renewed"
    """Its reference had another pick."""
    AGAIN = "failed before"
    ANOTHER = "another take"
    DELETED = "deleted at HeyGen"
    TWICE = "made twice"
    """The account did not honour the idempotency key."""


@dataclass(frozen=True, slots=True)
class Charge:
    """One charge. ``at`` is when it was sent, in Unix seconds; ``billing`` how sure it is."""

    at: float | None
    look: str
    take: str
    cause: Cause
    reason: str
    usd: Decimal
    billing: str
    request_id: str | None
    run: str | None

    @property
    def month(self) -> str:
        """Its month in UTC, as ``2026-11``."""
        return "unknown" if self.at is None else f"{datetime.fromtimestamp(self.at, UTC):%Y-%m}"


class CauseFinder:
    """Finds why takes were bought; what all looks share is looked up once."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._takes = {take.uid: take for take in snapshot.all_takes}
        self._labels = {
            take.avatar_id: take.label for take in self._takes.values() if take.avatar_id
        }

    def find(self, look: str) -> Iterator[tuple[Take, Cause, str]]:
        """Yield the takes of a look that cost, or may have, with cause and reason in words."""
        earlier: list[Take] = []
        for take in sorted(self._snapshot.takes.get(look, ()), key=lambda take: take.number):
            if reserved_amount(take):
                yield take, *_find_cause(take, earlier, self._takes, self._labels)
            earlier.append(take)


def list_charges(snapshot: Snapshot) -> list[Charge]:
    """Return everything that was charged, or may have been, by time; free takes have no row."""
    causes = CauseFinder(snapshot)
    charges = [_charge(*found) for look in snapshot.takes for found in causes.find(look)]
    sends = {take.label: take for take in snapshot.all_takes}
    for look in snapshot.doubled:
        sent = sends.get(look.take)
        charges.append(
            Charge(
                at=sent.sent_at if sent else None,
                look=sent.look if sent else look.name,
                take=look.take,
                cause=Cause.TWICE,
                reason=f"made twice: HeyGen made {look.look_id} as well under one key",
                usd=look.price,
                billing="assumed_billed",
                request_id=None,
                run=look.run,
            )
        )
    return sorted(charges, key=lambda charge: (charge.at or 0.0, charge.take))


def _charge(take: Take, cause: Cause, reason: str) -> Charge:
    return Charge(
        at=take.sent_at,
        look=take.look,
        take=take.label,
        cause=cause,
        reason=reason,
        usd=take.price,
        billing=str(take.billing),
        request_id=take.request_id,
        run=take.run,
    )


def _find_cause(
    take: Take, earlier: Sequence[Take], takes: Mapping[str, Take], labels: Mapping[str, str]
) -> tuple[Cause, str]:
    """Return why a take was bought, from what there was of its look before."""
    sent = [other for other in earlier if other.state is not TakeState.PLANNED]
    replaced = takes.get(take.replaces or "")
    if take.reroll:
        return Cause.ANOTHER, "another take"
    if replaced is not None and replaced.identity == take.identity:
        if replaced.reference_id == take.reference_id:
            return Cause.AGAIN, f"the face of {replaced.label} counted as a failure"
        was, now = (_name(one.reference_id, labels) for one in (replaced, take))
        return Cause.RENEWED, f"reference regenerated: {was} → {now}"
    same = [other for other in sent if other.identity == take.identity]
    before = same[-1] if same else replaced or (sent[-1] if sent else None)
    if before is None:
        return Cause.NEW, "new"
    if before.identity != take.identity:
        return Cause.EDITED, describe_change(before.ingredients, take.ingredients)
    if before.failed:
        why = before.error_message or before.error_code or "no reason given"
        return Cause.AGAIN, f"{before.label} failed: {why}"
    if before.state is TakeState.DELETED:
        return Cause.DELETED, f"{before.label} was deleted at HeyGen"
    return Cause.ANOTHER, "another take"


def _name(look_id: str | None, labels: Mapping[str, str]) -> str:
    return labels.get(look_id or "", look_id or "none")


def sum_charges(charges: Iterable[Charge], *, by: str) -> list[tuple[str, int, Decimal]]:
    """Sum charges by ``month`` or ``cause``: the key, how many, USD; in the order of the keys."""
    sums: dict[str, tuple[int, Decimal]] = {}
    for charge in charges:
        key = str(getattr(charge, by))
        count, usd = sums.get(key, (0, Decimal(0)))
        sums[key] = count + 1, usd + charge.usd
    return [(key, *sums[key]) for key in sorted(sums)]


def charges_document(snapshot: Snapshot, campaign: str) -> dict[str, Any]:
    """Return the charges as ``schemas/money.schema.json`` describes them."""
    charges = list_charges(snapshot)
    return {
        "version": VERSION,
        "campaign": campaign,
        "account": snapshot.account_label,
        "charges": [
            {
                "date": format_time(charge.at, to="seconds"),
                "look": charge.look,
                "take": charge.take,
                "cause": str(charge.cause),
                "reason": charge.reason,
                "usd": float(charge.usd),
                "certainty": charge.billing,
                "request_id": charge.request_id,
                "run": charge.run,
            }
            for charge in charges
        ],
        "months": [
            {"month": key, "charges": count, "usd": float(usd)}
            for key, count, usd in sum_charges(charges, by="month")
        ],
        "causes": [
            {"cause": key, "charges": count, "usd": float(usd)}
            for key, count, usd in sum_charges(charges, by="cause")
        ],
        "total_usd": float(sum((charge.usd for charge in charges), Decimal(0))),
    }
