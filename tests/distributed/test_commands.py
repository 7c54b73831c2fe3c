"""The real command line on a shared ledger, from several checkouts."""

import signal
from pathlib import Path

import pytest

pytest.importorskip("psycopg", reason="make test-distributed installs psycopg and PostgreSQL")

from tests.distributed.conftest import LOOKS, Studio

pytestmark = [pytest.mark.distributed, pytest.mark.slow]


def test_checkouts_see_one_ledger_and_buy_nothing_twice(studio: Studio) -> None:
    code, out, err = studio.command("one", "run", "--yes", "--max-concurrency", "4")
    assert code == 0, err
    assert f"Done: {LOOKS + 1} bought" in out
    code, out, _ = studio.command("two", "status")
    assert (code, f"{LOOKS + 1} ready" in out) == (0, True)
    assert studio.command("two", "run", "--yes")[0] == 0
    assert "1 bought" in studio.command("two", "reroll", "l0", "--yes")[1]
    assert "l0#2 is picked" in studio.command("one", "pick", "l0#2")[1]
    assert "total $8.00" in studio.command("three", "money")[1]
    assert studio.command("two", "reconcile")[0] == 0
    code, _, err = studio.command("one", "run", "--yes", shared=False)
    assert code == 2
    assert "The ledger of this campaign is spring of" in err
    assert "hunter2" not in err
    assert len(studio.stats()["charges"]) == LOOKS + 2


def test_who_holds_a_campaign_is_said_to_whoever_comes_second(studio: Studio) -> None:
    studio.learn_the_price()
    first = studio.start("spring")
    studio.wait_for_charges(2)
    first.send_signal(signal.SIGSTOP)  # a heartbeat is good for some seconds
    code, _, err = studio.command("two", "run", "--yes")
    first.send_signal(signal.SIGCONT)
    assert code == 2
    assert "Another run holds the ledger spring of" in err
    assert studio.finish(first)[0] == 0
    studio.check("spring", limit=4)


def test_the_first_start_makes_the_tables_and_reading_does_not(studio: Studio) -> None:
    assert "7 planned" in studio.command("one", "status")[1]
    assert not (studio.folder / "one" / "spring" / "manifest.lookbook").exists()
    code, _, err = studio.command("one", "pick", "l0#1")
    assert code == 2
    assert "it was never run" in err
    assert Path(studio.folder / "one" / "spring" / "manifest.yaml").is_file()
