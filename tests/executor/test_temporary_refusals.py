"""Which refusals of a first send may pass, for how long, and what they are about."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from runner.executor.ports import Intent
from runner.executor.temporary_refusals import (
    Concern,
    TemporaryRefusals,
    find_concern,
)
from runner.model import LookKind
from runner.policy.decisions import Purchase
from runner.replies import Refusal

UNKNOWN = Refusal(404, "avatar_not_found", "no such avatar", "avatar_id")
OF_THE_GROUP = Refusal(404, "avatar_group_not_found", "no such group", "avatar_group_id")
UPLOAD_GONE = Refusal(404, "asset_not_found", "no such asset", "file.asset_id")
BUSY = Refusal(429, "rate_limited", "too many")


def intent(**more: Any) -> Intent:
    known: Any = {"identity": "i", "ingredients": "", "name": "A", "body": b"{}", "key": "k"}
    return Intent("a", LookKind.PROMPT, price=Decimal(1), **known, **more)


def take(completed_at: float | None, avatar: str = "base-1", group: str = "group-1") -> Any:
    return SimpleNamespace(completed_at=completed_at, avatar_id=avatar, group_id=group)


class Scene:
    """What judges the sends of one look, with a clock that a test moves, and a ledger's takes."""

    def __init__(self, *takes: Any, renew: Any = None) -> None:
        self.now = 1_000.0
        snapshot = SimpleNamespace(all_takes=takes)
        context: Any = SimpleNamespace(
            ticks=lambda: self.now,
            clock=SimpleNamespace(now=lambda: self.now),
            delay=lambda attempt, _reply: float(attempt),
            ledger=SimpleNamespace(snapshot=lambda: snapshot),
        )
        self.refusals = TemporaryRefusals(context, renew)

    def judge(self, reply: Refusal, **more: Any) -> Purchase:
        known = {"reference_look": "base", "reference_id": "base-1", **more}
        return self.refusals.judge(intent(**known), reply)


def test_a_reference_is_waited_for_until_a_minute_is_over() -> None:
    scene = Scene(take(999.0))
    assert scene.judge(UNKNOWN) is Purchase.LATER
    assert scene.refusals.waiting
    scene.now += 59.9
    assert scene.judge(UNKNOWN) is Purchase.LATER
    scene.now += 0.1
    assert scene.judge(UNKNOWN) is Purchase.REFUSED
    assert not scene.refusals.waiting


def test_another_answer_in_between_begins_the_minute_anew() -> None:
    scene = Scene(take(999.0))
    scene.judge(UNKNOWN)
    scene.now += 59
    assert scene.judge(BUSY) is Purchase.PACED
    assert not scene.refusals.waiting
    scene.now += 2
    assert scene.judge(UNKNOWN) is Purchase.LATER


def test_sends_that_wait_for_a_reference_are_further_apart() -> None:
    scene = Scene(take(999.0))
    assert scene.refusals.delay(1, UNKNOWN) == 1.0
    scene.judge(UNKNOWN)
    assert scene.refusals.delay(1, UNKNOWN) == 10.0
    assert scene.refusals.delay(30, UNKNOWN) == 30.0


def test_an_upload_that_is_gone_is_renewed_once_and_nothing_else_is() -> None:
    renew = object()
    scene = Scene(renew=renew)
    assert scene.judge(Refusal(400, "content_moderation_failed", "no")) is Purchase.REFUSED
    assert scene.refusals.take_renewal() is None
    assert scene.judge(UPLOAD_GONE) is Purchase.LATER
    assert scene.refusals.take_renewal() is renew
    assert scene.refusals.take_renewal() is None
    assert scene.judge(UPLOAD_GONE) is Purchase.REFUSED


@pytest.mark.parametrize(
    ("completed_at", "decision"),
    [
        (None, Purchase.REFUSED),
        (400.0, Purchase.REFUSED),
        (400.1, Purchase.LATER),
        (1_000.0, Purchase.LATER),
    ],
    ids=["never", "ten minutes ago", "lately", "now"],
)
def test_only_a_reference_that_was_completed_lately_is_waited_for(
    completed_at: float | None, decision: Purchase
) -> None:
    assert Scene(take(completed_at)).judge(UNKNOWN) is decision


def test_a_refusal_that_names_something_else_is_not_waited_for() -> None:
    named = Refusal(400, "invalid_parameter", "no", "body.prompt")
    assert Scene(take(999.0)).judge(named) is Purchase.REFUSED


def test_a_group_is_new_where_a_take_in_it_is() -> None:
    scene = Scene(take(999.0, avatar="another"))
    wanted = {"reference_look": None, "reference_id": None}
    assert scene.judge(OF_THE_GROUP, **wanted, group_wanted="group-1") is Purchase.LATER
    assert scene.judge(OF_THE_GROUP, **wanted, group_wanted="group-2") is Purchase.REFUSED


def test_a_literal_reference_was_asked_for_by_this_run_and_is_waited_for() -> None:
    assert Scene().judge(UNKNOWN, reference_look=None) is Purchase.LATER
    assert Scene().judge(UNKNOWN) is Purchase.REFUSED


def test_a_code_that_nobody_knows_is_waited_for_where_the_reference_is_from_just_now() -> None:
    tomorrow = Refusal(400, "a_code_of_tomorrow", "no")
    assert Scene(take(940.0)).judge(tomorrow) is Purchase.REFUSED
    scene = Scene(take(940.1))
    assert scene.judge(tomorrow) is Purchase.LATER
    scene.now += 59  # the reference is older now, and is waited for all the same
    assert scene.judge(tomorrow) is Purchase.LATER


@pytest.mark.parametrize(
    ("status", "code", "message", "concern"),
    [
        (404, "avatar_not_found", "no", Concern.REFERENCE),
        (404, "avatar_group_not_found", "no", Concern.REFERENCE),
        (400, "invalid_parameter", "no", Concern.REFERENCE),
        (404, "invalid_parameter", "no", Concern.OTHER),
        (400, "payload_too_large", "base-1 is not there", Concern.REFERENCE),
        (400, "payload_too_large", "too large", Concern.OTHER),
        (400, "a_code_of_tomorrow", "no", Concern.PERHAPS),
        (400, "avatar_not_found", "no", Concern.PERHAPS),
        (404, "asset_not_found", "no", Concern.OTHER),
        (422, "avatar_not_found", "base-1 is not there", Concern.OTHER),
        (403, "a_code_of_tomorrow", "no", Concern.OTHER),
    ],
)
def test_what_a_refusal_without_a_parameter_is_about(
    status: int, code: str, message: str, concern: Concern
) -> None:
    assert find_concern(Refusal(status, code, message), None, "base-1") is concern
