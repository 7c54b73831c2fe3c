"""``reconcile --nothing-bought``: a person's word, taken only where nothing speaks against it.

Who says that nothing was bought lets the look be bought again. So the account is searched first, a
send whose key lives is left to `lookbook run`, and one that is younger than a list may lag waits.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from fnmatch import fnmatchcase

from runner.errors import UsageError
from runner.executor.findings import Finding
from runner.executor.refunds import usd_balance
from runner.ledger.reading import WalletReading
from runner.policy.budget import reserved_amount
from runner.policy.retry import ASKABLE_AFTER, KEY_LIFE, KEY_MARGIN
from runner.quantities import format_usd, pluralize
from runner.replies import UserData
from runner.takes import Take


def match_takes(patterns: Sequence[str], unknown: Mapping[str, Take]) -> list[Take]:
    """Return the unknown takes that labels or patterns name, each once. Raises UsageError."""
    found: dict[str, Take] = {}
    for pattern in patterns:
        fits = {
            label: take
            for label, take in unknown.items()
            if fnmatchcase(label, pattern) or fnmatchcase(take.look, pattern)
        }
        if not fits:
            raise UsageError(
                f"{pattern}: no take of this name is unknown.",
                hint=f"Unknown are: {', '.join(unknown) or 'none'}.",
            )
        found |= fits
    return list(found.values())


def objection_to(finding: Finding, *, alive: bool, now: float, command: str) -> str | None:
    """Return why it cannot be said that nothing was bought for a take; None where it can.

    ``now`` is the time at the server in Unix seconds, ``command`` ends what can be copied.
    """
    take = finding.take
    if finding.problem is not None and not finding.needs_person:
        return f"the account could not be searched: {finding.problem}"
    if finding.fits:
        ids = ", ".join(look.id for look in finding.fits)
        others = f"; where it is another's ({', '.join(finding.rivals)}), decide that first"
        return (
            f"the account has what fits: {ids} (--adopt '{take.label}=ID', or "
            f"--not-ours ID where it is somebody else's or left over)"
            f"{others if finding.rivals else ''}"
        )
    if alive:
        until = moment((take.sent_at or 0.0) + KEY_LIFE - KEY_MARGIN)
        return (
            f"`lookbook run {command}` finds out by itself, at no second price, until {until}: it "
            "sends it again under its own key"
        )
    return too_young(take, now)


def too_young(take: Take, now: float) -> str | None:
    """Return why an absence from a list says nothing yet; None where the send is old enough."""
    sent = take.resent_at or take.sent_at
    if sent is None or now - sent >= ASKABLE_AFTER:
        return None
    age = max(0.0, now - sent)
    ago = pluralize(round(age), "second") if age < 100 else pluralize(round(age / 60), "minute")
    return (
        f"it was sent {ago} ago, and HeyGen's lists may lag: that it is not listed says something "
        f"from {moment(sent + ASKABLE_AFTER)} on"
    )


def evidence_of(
    take: Take,
    readings: Sequence[WalletReading],
    takes: Iterable[Take],
    user: UserData,
    *,
    sent: float | None = None,
) -> str:
    """Return in words what the wallet shows of a send: before it, after it, and now.

    ``takes`` are all of the ledger: what is known to have been bought since explains a fall.
    ``sent`` is when it was sent by the clock of the readings; the take has the server's time.
    """
    balance = usd_balance(user)
    sent = sent if sent is not None else take.sent_at or 0.0
    before = [reading for reading in readings if reading.at <= sent]
    after = [reading for reading in readings if reading.at > sent]
    if balance is None or not before:
        now = "" if balance is None else f"; now it shows {format_usd(balance)}"
        return f"the wallet was not read before it was sent{now}"
    shown = [f"{format_usd(before[-1].balance)} before it was sent"]
    if after:
        shown.append(f"{format_usd(after[0].balance)} at {moment(after[0].at)}")
    shown.append(f"{format_usd(balance)} now")
    fell = before[-1].balance - balance
    known = sum(
        (
            reserved_amount(other)
            for other in takes
            if other.uid != take.uid and other.accepted_at and other.accepted_at > before[-1].at
        ),
        Decimal(0),
    )
    told = f"the wallet showed {', '.join(shown)}"
    if fell < 0:
        return f"{told}: it was filled up meanwhile, and says nothing"
    explained = (
        f"it fell by {format_usd(fell)}, and this ledger knows what {format_usd(known)} "
        "of it bought"
    )
    if fell >= known + take.price:
        return f"{told}: {explained}. This send may have been charged"
    return f"{told}: {explained}"


def moment(seconds: float) -> str:
    """Return a time as people read it, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
