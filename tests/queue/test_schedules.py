"""When schedules are due, and what is queued then, in memory and in PostgreSQL."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

pytest.importorskip("croniter", reason="make test-distributed installs it")

from runner.errors import UsageError
from runner.queue.port import WorkerQueue
from runner.queue.schedule import compute_next
from tests.queue.memory import MemoryQueue
from tests.queue.test_queue import make_pack, shared, user

__all__ = ["shared", "user"]

BERLIN = "Europe/Berlin"


def next_local(cron: str, start: str) -> str:
    zone = ZoneInfo(BERLIN)
    after = datetime.fromisoformat(start).replace(tzinfo=zone).timestamp()
    due = compute_next(cron, BERLIN, after)
    return datetime.fromtimestamp(due, zone).isoformat(timespec="minutes")


def test_a_time_is_the_zones_and_comes_once_where_clocks_are_put_back() -> None:
    assert next_local("0 2 * * *", "2026-11-27T02:00") == "2026-11-28T02:00+01:00"
    assert next_local("0 2 * * *", "2026-07-01T01:00") == "2026-07-01T02:00+02:00"
    assert next_local("30 2 * * *", "2026-03-28T12:00") == "2026-03-29T03:00+02:00"  # no 2:30 then
    assert next_local("30 2 * * *", "2026-10-25T02:30") == "2026-10-26T02:30+01:00"
    assert next_local("0 9 * * 1", "2026-11-27T00:00") == "2026-11-30T09:00+01:00"


@pytest.mark.parametrize("cron", ["", "0 2 * *", "61 * * * *", "* * * * * *", "0 2 30 2 *", "\0"])
def test_what_is_no_expression_is_said(cron: str) -> None:
    with pytest.raises(UsageError, match="is not a cron expression"):
        compute_next(cron, "UTC", 0.0)
    with pytest.raises(UsageError, match="is not a time zone"):
        compute_next("0 2 * * *", f"Europe/{cron or 'Nowhere'}", 0.0)


def make_due(queue: WorkerQueue, name: str) -> None:
    """Make a schedule due now, whatever the time is."""
    if isinstance(queue, MemoryQueue):
        queue.now = queue.schedules[name][0].next_at
        return
    due = "clock_timestamp() - interval '9 hours'"
    queue._fetch(  # type: ignore[attr-defined]
        f"UPDATE lookbook.schedules SET next_at = {due} WHERE id = %s RETURNING 1", name
    )


@pytest.mark.distributed
def test_a_schedule_is_added_once_though_the_answer_was_lost_and_its_time_came_meanwhile(
    shared: Any, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch = shared._fetch

    def lose_the_answer(statement: str, *values: Any) -> Any:
        rows = fetch(statement, *values)
        if not statement.strip().startswith("INSERT INTO lookbook.schedules"):
            return rows
        if rows:
            make_due(shared, values[0])  # as a worker that moves it on
        return fetch(statement, *values)

    monkeypatch.setattr(shared, "_fetch", lose_the_answer)
    added = shared.add_schedule(make_pack(user), "0 2 * * *", "UTC", by="ada")
    mine = [one for one in shared.list_schedules() if one.account.user == user]
    assert [one.id for one in mine] == [added]


@pytest.mark.distributed
def test_a_schedule_that_cannot_be_started_here_stops_no_other(
    shared: Any, user: str, caplog: pytest.LogCaptureFixture
) -> None:
    account = make_pack(user).account
    names = [
        shared.add_schedule(make_pack(user, name).to_repeat(), "0 2 * * *", BERLIN, by="ada")
        for name in ("older", "damaged", "elsewhere", "spring")
    ]
    changes = ("protocol = protocol - 1", "pack = '{}'", "zone = 'Mars/Base'")
    for name, change in zip(names, changes, strict=False):
        shared._fetch(f"UPDATE lookbook.schedules SET {change} WHERE id = %s RETURNING 1", name)
    for name in names:
        make_due(shared, name)
    for _ in range(2):
        assert [one.id for one in shared.start_due([account])] in ([names[3]], [])
    assert caplog.text.count("is not a time zone") == 1
    known = {one.id: one.max_cost for one in shared.list_schedules()}
    assert [known[name] for name in names] == [None, None, Decimal("25.00"), Decimal("25.00")]


def test_what_is_due_is_queued_once_and_left_alone_while_it_goes_on(
    queue: WorkerQueue, user: str
) -> None:
    pack = make_pack(user).to_repeat()
    name = queue.add_schedule(pack, "0 2 * * *", BERLIN, by="ada@laptop")
    (known,) = [one for one in queue.list_schedules() if one.id == name]
    assert (known.account, known.campaign, known.last_at) == (pack.account, "spring", None)
    assert str(known.max_cost) == "25.00"
    assert queue.start_due([pack.account]) == []
    make_due(queue, name)
    assert queue.start_due([make_pack("else").account]) == []
    (due,) = queue.start_due([pack.account])
    assert not due.was_skipped
    assert due.next_at > (due.last_at or 0)
    assert queue.start_due([pack.account]) == []  # each missed night is one run
    (run,) = queue.find_new([pack.account])
    assert (run.run, run.queued_by) == (due.last_run, f"schedule {name}")
    make_due(queue, name)
    (skipped,) = queue.start_due([pack.account])
    assert skipped.was_skipped
    assert [one.run for one in queue.find_new([pack.account])] == [run.run]
    begun = queue.begin(run.run, "worker")
    assert begun is not None
    read = queue.read_pictures(begun).read_pack()
    assert read == pack
    assert read.options["replan"]
    assert (str(read.most_usd), read.options["up_to_budget"]) == ("25.00", True)
    queue.end(begun, 0)
    make_due(queue, name)
    assert not queue.start_due([pack.account])[0].was_skipped
    assert queue.remove_schedule(name)
    assert not queue.remove_schedule(name)
