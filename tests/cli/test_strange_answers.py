"""Commands that read the account, where it answers what its page does not list."""

import time
from dataclasses import replace
from typing import Any

import anyio
import pytest

from runner.cli.commands.reconcile import reconcile
from runner.cli.commands.refresh import refresh
from runner.errors import ApiTrouble
from runner.executor import gone
from runner.ledger.reading import read_snapshot
from runner.policy.lifecycle import Event
from runner.policy.look_events import UNKNOWN_STATUS
from runner.replies import Answer, LookData, Refusal, Reply
from runner.takes import Billing, Take, TakeState
from tests.cli.hands import ACCOUNT, Office
from tests.executor.harness import look

GONE = Refusal(404, "avatar_not_found", "no such look")
PAGE = Refusal(404, "http_404", "a page", enveloped=False)
DAY = 24 * 3600.0


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gone, "GONE_PAUSE", 0.0)
    monkeypatch.setattr("runner.executor.context.backoff", lambda *_args, **_named: 0.0)


def now_known(office: Office, key: str) -> Take:
    return read_snapshot(office.ledger_path).takes[key][-1]


async def one_look(office: Office) -> Take:
    ledger = office.ledger()
    ledger.begin(ACCOUNT, "spring", {})
    take = await office.bought(ledger, "a")
    ledger.close()
    return take


def answering(office: Office, *replies: Reply[Any]) -> None:
    """Answer the questions about single looks so, the last of them for ever; lists show nothing."""
    office.api.looks_by_id.clear()
    waiting = list(replies)

    async def look_now(look_id: str) -> Reply[LookData]:
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    office.api.look = look_now  # type: ignore[method-assign]


def refreshed(office: Office) -> int:
    async def go() -> int:
        return await refresh(office.context, office.campaign(look("a")), record=True)

    return anyio.run(go)


def test_a_look_is_gone_when_the_api_says_so_twice(office: Office) -> None:
    take = anyio.run(one_look, office)
    found = office.api.looks_by_id[take.avatar_id or ""]
    answering(office, GONE, Answer(found))
    refreshed(office)
    assert now_known(office, "a").state is not TakeState.DELETED
    answering(office, GONE, GONE)
    refreshed(office)
    assert now_known(office, "a").state is TakeState.DELETED


def test_a_gateways_page_is_no_answer_about_a_look(office: Office) -> None:
    anyio.run(one_look, office)
    answering(office, PAGE)
    with pytest.raises(ApiTrouble, match="http_404"):
        refreshed(office)
    assert now_known(office, "a").state is TakeState.COMPLETED


def test_what_could_not_be_compared_is_no_success(office: Office) -> None:
    """A nightly job has to notice; what a person has to decide still comes first."""
    take = anyio.run(one_look, office)
    answering(office, PAGE)

    async def record() -> int:
        return await reconcile(office.context, office.campaign(look("a")), record=True)

    with pytest.raises(ApiTrouble, match="http_404") as raised:
        anyio.run(record)
    assert raised.value.exit_code == 1
    assert now_known(office, "a").state is TakeState.COMPLETED

    async def lose_one() -> None:
        ledger = office.ledger()
        ledger.begin(ACCOUNT, "spring", {})
        await office.lost(ledger, "b", name="Sarah — b", group_wanted=take.group_id)
        ledger.close()

    anyio.run(lose_one)
    assert anyio.run(record) == 6


def test_a_failed_take_that_is_usable_is_recovered_and_picked(office: Office) -> None:
    async def failed() -> None:
        ledger = office.ledger()
        ledger.begin(ACCOUNT, "spring", {})
        made = office.api.add_by_hand("Sarah — a", "group-1")
        take = await office.lost(ledger, "a", name=made.name)
        facts = {"avatar_id": made.id, "group_id": "group-1", "accepted_at": 4.0}
        await ledger.record(take.uid, Event.FOUND, facts)
        await ledger.record(take.uid, Event.FAILED, {"error_code": "not_found"})
        ledger.close()

    anyio.run(failed)
    assert now_known(office, "a").state is TakeState.FAILED
    assert refreshed(office) == 1
    take = now_known(office, "a")
    assert (take.state, take.billing, take.error_code) == (
        TakeState.COMPLETED,
        Billing.BILLED,
        None,
    )


@pytest.mark.parametrize(
    ("shown", "state"),
    [
        ({"status": "archived"}, TakeState.COMPLETED),
        ({"status": "archived", "preview_image_url": None}, TakeState.FAILED),
        ({"status": "completed"}, TakeState.COMPLETED),
        ({"status": "failed", "preview_image_url": None}, TakeState.FAILED),
        ({"status": "processing", "preview_image_url": None}, TakeState.FAILED),
    ],
)
@pytest.mark.parametrize("age", [DAY - 3600, DAY + 3600])
def test_a_status_that_nobody_knows_is_decided_after_a_day(
    office: Office, shown: dict[str, Any], state: TakeState, age: float
) -> None:
    async def stuck() -> None:
        ledger = office.ledger()
        ledger.begin(ACCOUNT, "spring", {})
        made = office.api.add_by_hand("Sarah — a", "group-1")
        office.api.looks_by_id[made.id] = replace(office.api.looks_by_id[made.id], **shown)
        take = await office.lost(ledger, "a", name=made.name)
        accepted = time.time() - age
        facts = {"avatar_id": made.id, "group_id": "group-1", "accepted_at": accepted}
        await ledger.record(take.uid, Event.FOUND, facts)
        words = {"error_code": UNKNOWN_STATUS, "error_message": "HeyGen shows the status archived"}
        await ledger.record(take.uid, Event.SHOWN, words)
        ledger.close()

    anyio.run(stuck)

    async def go() -> int:
        return await reconcile(office.context, office.campaign(look("a")))

    anyio.run(go)
    take = now_known(office, "a")
    if age < DAY:
        assert take.state is TakeState.PROCESSING
    elif shown["status"] == "processing":
        assert take.state is TakeState.PROCESSING  # a word that is known: it is waited for again
        assert take.error_code is None
    else:
        assert take.state is state
        assert (take.error_code is None) == (state is TakeState.COMPLETED)
