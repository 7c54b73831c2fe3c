"""Where the account and the disk are no longer as the ledger has them, and what it means. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from runner.model import LookKind
from runner.policy.lifecycle import Event
from runner.replies import LookData
from runner.takes import Take, TakeState


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference. ``event`` with ``facts`` is how it would be recorded, where it can be."""

    take: Take
    what: str
    meaning: str
    event: Event | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def find_drift(
    takes: Iterable[Take],
    shown: Mapping[str, LookData],
    *,
    gone: Collection[str],
    missing: Collection[str],
    changed: Collection[str],
) -> list[Drift]:
    """Return every difference, take by take.

    ``shown`` are the account's looks by id, ``gone`` the ids that it says it has not. ``missing``
    and ``changed`` are uids of takes whose pictures on disk are not what was fetched.
    """
    found: list[Drift] = []
    for take in takes:
        if take.avatar_id is None:
            continue
        if take.state in (TakeState.DELETED, TakeState.FAILED) and take.avatar_id in shown:
            found += _note_recovered(take, shown[take.avatar_id])
        if take.state is TakeState.DELETED:
            continue
        if take.avatar_id in gone:
            found.append(_note_deleted(take))
        elif take.avatar_id in shown:
            found += _compare(take, shown[take.avatar_id])
        if take.uid in missing or take.uid in changed:
            found.append(_picture(take, lost=take.uid in missing, gone=take.avatar_id in gone))
    return found


def _note_deleted(take: Take) -> Drift:
    what = "deleted at HeyGen"
    if take.state is TakeState.FAILED:
        return Drift(take, what, "it had failed; nothing is lost", Event.DELETED,
                     {"avatar_id": None})  # fmt: skip
    if take.usable:
        meaning = "it cannot be referenced any more; its picture stays here"
        return Drift(take, what, meaning, Event.DELETED)
    return Drift(take, what, "the next run finds out by itself, and counts it as failed")


def _note_recovered(take: Take, look: LookData) -> list[Drift]:
    if not look.usable:
        return []
    facts = {
        "error_code": None,
        "error_message": None,
        "completed_at": take.completed_at or take.accepted_at,
        "group_id": look.group_id or take.group_id,
    }
    what = f"usable at HeyGen, and {take.state} here"
    meaning = "it was paid for: once recorded, it is there again, and nothing is bought for it"
    return [Drift(take, what, meaning, Event.RECOVERED, facts)]


def _compare(take: Take, look: LookData) -> list[Drift]:
    if take.pending:
        if look.usable or look.status == "failed":
            result = "finished" if look.usable else "failed"
            return [Drift(take, f"{result} at HeyGen", "the next run picks it up, for nothing")]
        return []
    if not take.usable:
        return []
    found: list[Drift] = []
    if look.status == "pending_consent":
        meaning = "it cannot be referenced until a person grants the consent again"
        found.append(Drift(take, "consent lost", meaning))
    elif not look.usable:
        state = look.status or "without a picture"
        found.append(Drift(take, f"{state} at HeyGen", "it cannot be referenced now"))
    if take.kind is not LookKind.EXISTING and take.name != look.name:
        found.append(
            Drift(
                take,
                f"renamed at HeyGen: {take.name} → {look.name}",
                "names are no part of what is paid for; once recorded, the next run renames a "
                "picked take back, for nothing",
                Event.RENAMED,
                {"name": look.name},
            )
        )
    return found


def _picture(take: Take, *, lost: bool, gone: bool) -> Drift:
    what = f"{take.image} is {'missing' if lost else 'changed'} on disk"
    if gone:
        return Drift(take, what, "HeyGen has it no more either: restore it from a backup")
    return Drift(
        take, what, "`lookbook run --fetch-only` gets it again, for nothing", Event.IMAGE_MISSING
    )
