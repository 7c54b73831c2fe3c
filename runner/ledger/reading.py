"""Reading a results document back: the takes that another copy of this ledger knew.

A colleague's empty ledger, or one that was damaged, learns from ``results.json`` what was paid for.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import jsonschema

from runner.canonical import canonical_json
from runner.errors import UsageError
from runner.model import Billing, LookKind, Take, TakeState
from runner.resources import schema

__all__ = ["takes_in"]

LOST = "the ledger that sent it is gone; only a search can say what became of it"


def takes_in(results: Any, *, source: str) -> list[tuple[Take, bool]]:
    """Give every take of a results document, and whether it is its look's pick.

    A take that was on its way is unknown here: its stored body is not in the document, so it can
    only be searched for. Raises UsageError for what is no results document of ours.
    """
    try:
        jsonschema.validate(results, schema("results"))
    except jsonschema.ValidationError as error:
        place = "/".join(str(part) for part in error.absolute_path) or "the top"
        raise UsageError(
            f"{source} is not a results document: {error.message} (at {place}).",
            hint="It is what `lookbook export --format json` prints.",
        ) from error
    return [
        (_take(look["look"], entry), entry["picked"])
        for look in [*results["looks"], *results["orphans"]]
        for entry in look["takes"]
    ]


def _take(look: str, entry: Mapping[str, Any]) -> Take:
    state = TakeState(entry["state"])
    billing = Billing(entry["billing"])
    error = entry.get("error", {"code": None, "message": None})
    if state is TakeState.SUBMITTING:
        state, billing = TakeState.UNKNOWN, Billing.UNKNOWN
    if state is TakeState.UNKNOWN:
        error = {"code": None, "message": LOST}
    return Take(
        uid=f"{look}#{entry['take']}",
        look=look,
        number=entry["take"],
        kind=LookKind(entry["kind"]),
        identity=entry["identity"],
        ingredients=canonical_json(entry["request"]),
        name=entry["name"],
        state=state,
        billing=billing,
        price=Decimal(str(entry["price_usd"])),
        reference_look=entry["reference_look"],
        reference_id=entry["reference_id"],
        group_wanted=entry["avatar_group_id"] if state is TakeState.UNKNOWN else None,
        sent_at=_seconds(entry["sent_at"]),
        key=entry["idempotency_key"] if state is not TakeState.UNKNOWN else None,
        attempts=1,
        avatar_id=entry["avatar_id"],
        group_id=entry["avatar_group_id"],
        accepted_at=_seconds(entry["accepted_at"]),
        completed_at=_seconds(entry["completed_at"]),
        error_code=error["code"],
        error_message=error["message"],
        request_id=entry["request_id"],
        consent_url=entry.get("consent_url"),
        image=entry["image"],
        sha256=entry["sha256"],
        width=entry["width"],
        height=entry["height"],
    )


def _seconds(text: str | None) -> float | None:
    return datetime.fromisoformat(text).timestamp() if text is not None else None
