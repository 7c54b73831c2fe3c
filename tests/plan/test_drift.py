"""What differs between ledger, account and disk, and what it means."""

from collections.abc import Collection
from dataclasses import replace

import pytest

from runner.model import LookKind
from runner.plan.drift import Drift, find_drift
from runner.policy.lifecycle import TABLE, Event
from runner.replies import LookData
from runner.takes import Take, TakeState
from tests.executor.harness import campaign, look
from tests.plan.made import take

SPRING = campaign(look("navy"))
NAVY = take(SPRING, "navy")
AT_HEYGEN = LookData("id-navy-1", "Sarah — navy", "photo_avatar", "group", "completed",
                     preview_image_url="https://x/1")  # fmt: skip


def found(
    one: Take = NAVY,
    shown: LookData | None = AT_HEYGEN,
    *,
    gone: Collection[str] = (),
    missing: Collection[str] = (),
    changed: Collection[str] = (),
) -> list[Drift]:
    looks = {shown.id: shown} if shown else {}
    return find_drift([one], looks, gone=gone, missing=missing, changed=changed)


def test_nothing_differs_when_everything_is_as_it_was() -> None:
    assert found() == []


def test_a_deleted_look_can_be_recorded() -> None:
    (drift,) = found(shown=None, gone={"id-navy-1"})
    assert (drift.what, drift.event) == ("deleted at HeyGen", Event.DELETED)


def test_a_look_that_could_not_be_seen_is_not_called_deleted() -> None:
    assert found(shown=None) == []


def test_a_deleted_failure_stays_a_failure() -> None:
    failed = replace(NAVY, state=TakeState.FAILED)
    (drift,) = found(failed, shown=None, gone={"id-navy-1"})
    assert drift.facts == {"avatar_id": None}
    assert TABLE[TakeState.FAILED][Event.DELETED] is TakeState.FAILED


def test_a_rename_is_recorded_with_the_name_that_heygen_shows() -> None:
    (drift,) = found(shown=replace(AT_HEYGEN, name="Bob"))
    assert (drift.event, drift.facts) == (Event.RENAMED, {"name": "Bob"})


def test_the_name_of_a_look_that_existed_before_is_nobodys_business() -> None:
    assert found(replace(NAVY, kind=LookKind.EXISTING), replace(AT_HEYGEN, name="Bob")) == []


@pytest.mark.parametrize(
    ("status", "says"),
    [("pending_consent", "consent lost"), ("failed", "failed at HeyGen")],
)
def test_a_look_that_cannot_be_referenced_any_more_is_said(status: str, says: str) -> None:
    (drift,) = found(shown=replace(AT_HEYGEN, status=status))
    assert (drift.what, drift.event) == (says, None)


def test_what_is_finished_at_heygen_is_left_to_the_next_run() -> None:
    (drift,) = found(replace(NAVY, state=TakeState.PROCESSING))
    assert (drift.what, drift.event) == ("finished at HeyGen", None)
    assert found(replace(NAVY, state=TakeState.PROCESSING), replace(AT_HEYGEN, status=None,
                 preview_image_url=None)) == []  # fmt: skip


def test_a_picture_that_is_not_what_was_fetched_is_fetched_again() -> None:
    (missing,) = found(missing={"navy-1"})
    (changed,) = found(changed={"navy-1"})
    assert missing.what == "images/navy.1.png is missing on disk"
    assert changed.what == "images/navy.1.png is changed on disk"
    assert missing.event is changed.event is Event.IMAGE_MISSING


def test_a_picture_that_nobody_has_any_more_is_said() -> None:
    deleted, picture = found(shown=None, gone={"id-navy-1"}, missing={"navy-1"})
    assert deleted.event is Event.DELETED
    assert picture.event is None
    assert "backup" in picture.meaning


def test_what_was_deleted_before_is_no_difference() -> None:
    assert found(replace(NAVY, state=TakeState.DELETED), shown=None, gone={"id-navy-1"}) == []


def test_what_counted_as_failed_or_deleted_and_is_usable_can_be_recovered() -> None:
    for state in (TakeState.FAILED, TakeState.DELETED):
        lost = replace(NAVY, state=state, error_code="not_found", error_message="gone")
        (drift,) = found(lost)
        assert drift.event is Event.RECOVERED
        assert TABLE[state][Event.RECOVERED] is TakeState.COMPLETED
        assert (drift.facts["error_code"], drift.facts["group_id"]) == (None, "group")
        assert found(lost, replace(AT_HEYGEN, status="failed", preview_image_url=None)) == []
        assert found(lost, replace(AT_HEYGEN, preview_image_url=None)) == []
