"""Several machines, one account, one ledger, and what befalls them: one charge for each look."""

import signal
import time

import pytest

pytest.importorskip("psycopg", reason="make test-distributed installs psycopg and PostgreSQL")

from tests.distributed.conftest import Studio

pytestmark = [pytest.mark.distributed, pytest.mark.slow]

CAMPAIGNS = ("spring", "summer", "autumn")


def test_campaigns_side_by_side_hold_the_accounts_limit_and_buy_nothing_twice(
    studio: Studio,
) -> None:
    studio.learn_the_price()
    runs = [studio.start(name) for name in CAMPAIGNS]
    assert [studio.finish(run)[0] for run in runs] == [0, 0, 0]
    studio.check(*CAMPAIGNS, limit=4)
    assert studio.stats()["rejected"] == {}
    code, out, _ = studio.finish(studio.start("spring", machine="two"))
    assert code == 0
    assert "Done: 0 bought" in out
    studio.check(*CAMPAIGNS, limit=4)


def test_a_run_that_is_killed_is_taken_up_on_another_machine(studio: Studio) -> None:
    studio.learn_the_price()
    runs = [studio.start(name) for name in ("spring", "summer")]
    studio.wait_for_charges(4)
    runs[0].send_signal(signal.SIGKILL)
    again = studio.start("spring", machine="two")
    assert [studio.finish(run)[0] for run in (again, runs[1])] == [0, 0]
    studio.check("spring", "summer", limit=4)


def test_a_run_that_was_stopped_is_fenced_by_the_next_checkout(studio: Studio) -> None:
    studio.learn_the_price()
    first = studio.start(
        "spring", concurrency=1
    )  # so that much is left, however late it is stopped
    studio.wait_for_charges(2)
    assert first.poll() is None, "it ended before it was stopped"
    first.send_signal(signal.SIGSTOP)
    second = studio.start("spring", machine="two")
    studio.wait_for_charges(5)  # the second one's: it has taken over
    first.send_signal(signal.SIGCONT)
    assert studio.finish(second)[0] == 0
    code, _, err = studio.finish(first)
    assert code == 1
    assert "Another process has taken over this campaign" in err
    studio.check("spring", limit=4)


def test_a_server_that_is_ended_hard_is_waited_for(studio: Studio) -> None:
    studio.learn_the_price()
    runs = [studio.start(name) for name in ("spring", "summer")]
    studio.wait_for_charges(3)
    studio.server.kill()
    studio.server.turn_away(6)
    studio.server.start()
    assert [studio.finish(run)[0] for run in runs] == [0, 0]
    studio.check("spring", "summer", limit=4)


def test_connections_may_be_cut_at_any_moment(studio: Studio) -> None:
    studio.learn_the_price()
    runs = [studio.start(name) for name in ("spring", "summer")]
    studio.wait_for_charges(1)
    cut = rounds = 0
    # Not for ever: a slow machine needs longer to connect than lies between two cuts.
    while rounds < 16 and any(run.poll() is None for run in runs):
        cut, rounds = cut + studio.cut_connections(), rounds + 1
        time.sleep(0.5)
    ended = [studio.finish(run) for run in runs]
    assert [code for code, _, _ in ended] == [0, 0], [err for _, _, err in ended]
    assert cut > 4
    studio.check("spring", "summer", limit=4)


@pytest.mark.parametrize("studio", [{"concurrency": 2}], indirect=True)
def test_a_smaller_account_is_found_once_for_all_machines(studio: Studio) -> None:
    studio.learn_the_price()
    runs = [studio.start(name, concurrency=6) for name in CAMPAIGNS]
    assert [studio.finish(run)[0] for run in runs] == [0, 0, 0]
    studio.check(*CAMPAIGNS, limit=2)
    assert 0 < sum(studio.stats()["rejected"].values()) <= 24
