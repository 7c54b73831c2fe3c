"""Reading a results document back: the takes that another copy of this ledger knew.

A colleague's empty ledger, or one that was damaged, learns from ``results.json`` what was paid for.
"""

from decimal import Decimal
from typing import Any

from runner.canonical import canonical_json
from runner.errors import UsageError, shorten
from runner.model import LookKind
from runner.plan.identity import current_identity
from runner.resources import WrongForm, check_document
from runner.results.model import Results, TakeEntry
from runner.results.times import parse_time
from runner.takes import (
    PENDING,
    UNRESOLVED,
    USABLE,
    Billing,
    Doubled,
    MeasuredPrice,
    PriceState,
    Take,
    TakeState,
)

LOST = "the ledger that sent it is gone; only a search can say what became of it"

EXISTING = PENDING | USABLE
"""States of takes that exist at HeyGen: each of them has an id."""


def read_takes(results: Any, *, source: str) -> list[tuple[Take, bool]]:
    """Return every take of a results document, and whether it is its look's pick.

    A take that was on its way is unknown here: its stored body is not in the document, so it can
    only be searched for. Raises UsageError for what is no results document of ours.
    """
    try:
        check_document(results, "results")
        document: Results = results
        takes = [
            (_take(look["look"], entry), entry["picked"])
            for look in [*document["looks"], *document["orphans"]]
            for entry in look["takes"]
        ]
        _check(takes)
    except WrongForm as error:
        raise _refusal(source, str(error)) from error
    except (ValueError, RecursionError) as error:
        raise _refusal(source, shorten(str(error))) from error
    return takes


def read_prices(results: Results) -> dict[LookKind, MeasuredPrice]:
    """Return the prices that a results document's wallet showed; ``read_takes`` has checked it."""
    measured = results["prices"].get("measured", {})
    return {
        LookKind(kind): MeasuredPrice(
            usd=Decimal(str(entry["usd"])),
            state=PriceState(entry["state"]),
            planned=Decimal(str(entry["planned_usd"])),
            sends=int(entry["sends"]),
        )
        for kind, entry in measured.items()
    }


def read_doubled(results: Results) -> list[Doubled]:
    """Return the looks that keys made twice; ``read_takes`` has checked the document."""
    return [
        Doubled(entry["avatar_id"], entry["name"], entry["take"], Decimal(str(entry["usd"])))
        for entry in results.get("doubled", ())
    ]


def _refusal(source: str, problem: str) -> UsageError:
    return UsageError(
        f"{source} is not a results document: {problem}.",
        hint="It is what `lookbook export --format json` prints.",
    )


def _check(takes: list[tuple[Take, bool]]) -> None:
    """Raise ValueError where two takes would be one, or one exists that has no id.

    The first would hide what one of them cost, or count one look twice; the second could never be
    asked for. Several looks may name one that existed before.
    """
    seen: set[str] = set()
    bought: set[str] = set()
    picked: set[str] = set()
    for take, is_pick in takes:
        if take.state in EXISTING and not take.avatar_id:
            raise ValueError(f"{take.look} has a take that is {take.state} and has no avatar_id")
        if take.uid in seen:
            raise ValueError(f"{take.look} has two takes {take.number}")
        if is_pick and take.look in picked:
            raise ValueError(f"{take.look} has two picked takes")
        own = take.avatar_id if take.kind is not LookKind.EXISTING else None
        for one in filter(None, (own, take.key)):
            if one in bought:
                raise ValueError(f"{one} is two takes'")
            bought.add(one)
        seen.add(take.uid)
        if is_pick:
            picked.add(take.look)


def _take(look: str, entry: TakeEntry) -> Take:
    state = TakeState(entry["state"])
    billing = Billing(entry["billing"])
    error = entry.get("error")
    code, message = (error["code"], error["message"]) if error else (None, None)
    if state in UNRESOLVED:
        state, billing = TakeState.UNKNOWN, Billing.UNKNOWN
        code, message = None, LOST
    ingredients = canonical_json(entry["request"])
    return Take(
        uid=f"{look}#{int(entry['take'])}",
        look=look,
        number=int(entry["take"]),
        kind=LookKind(entry["kind"]),
        identity=current_identity(entry["identity"], ingredients),
        ingredients=ingredients,
        name=entry["name"],
        state=state,
        billing=billing,
        price=Decimal(str(entry["price_usd"])),
        reference_look=entry["reference_look"],
        reference_id=entry["reference_id"],
        group_wanted=entry["avatar_group_id"] if state is TakeState.UNKNOWN else None,
        sent_at=parse_time(entry["sent_at"]),
        resent_at=parse_time(entry.get("resent_at")),
        key=entry["idempotency_key"],
        attempts=1,
        avatar_id=entry["avatar_id"],
        group_id=entry["avatar_group_id"],
        accepted_at=parse_time(entry["accepted_at"]),
        completed_at=parse_time(entry["completed_at"]),
        error_code=code,
        error_message=message,
        request_id=entry["request_id"],
        consent_url=entry.get("consent_url"),
        image=entry["image"],
        sha256=entry["sha256"],
        width=_whole(entry["width"]),
        height=_whole(entry["height"]),
    )


def _whole(number: float | None) -> int | None:
    """Return a whole number as one: 1024.0 is an integer to JSON Schema, and not to the ledger."""
    return None if number is None else int(number)
