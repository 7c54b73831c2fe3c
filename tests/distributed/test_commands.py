"""The real command line on a shared ledger, from several checkouts."""

import time
from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("psycopg", reason="make test-distributed installs psycopg and PostgreSQL")

from runner.cli.context import Randomness
from runner.ledger.shared import open_database
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
    assert studio.command("one", "run", "--yes")[0] == 0
    database = open_database(studio.server.address()).database
    (account,) = database.find_accounts("spring")
    place = database.find_ledger(account, "spring")
    settings = {"now": time.time, "entropy": Randomness()}
    with closing(place.open(concurrency=1, **settings)):  # which beats
        code, _, err = studio.command("two", "run", "--yes")
    assert code == 2
    assert "Another run holds the ledger spring of" in err
    assert studio.command("two", "run", "--yes")[0] == 0


def test_the_first_start_makes_the_tables_and_reading_does_not(studio: Studio) -> None:
    assert "7 planned" in studio.command("one", "status")[1]
    assert not (studio.folder / "one" / "spring" / "manifest.lookbook").exists()
    code, _, err = studio.command("one", "pick", "l0#1")
    assert code == 2
    assert "has nothing of spring" in err
    assert Path(studio.folder / "one" / "spring" / "manifest.yaml").is_file()
