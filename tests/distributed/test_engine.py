"""What is expected of DBOS, a private call of it included: a dead worker's runs are handed on."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("dbos", reason="make test-distributed installs it")

import psycopg

from tests.ledger.postgres import missing, serve_postgres

pytestmark = [pytest.mark.distributed, pytest.mark.slow]

SCRIPT = """
import os, sys, time
from runner.queue.postgres.engine import DbosEngine
from runner.queue.port import QueuedRun
from runner.takes import Account

address, worker, dies = sys.argv[1], sys.argv[2], sys.argv[3] == "dies"
os.environ["DBOS__VMID"] = "another"
account = Account("api.example", "me")
done = []

def carry_out(run):
    print(worker, run, flush=True)
    time.sleep(600 if dies else 0.1)
    done.append(run)

engine = DbosEngine(address)
engine.start(worker, [account], 1, carry_out)
for run in ("r1", "r2", "r1"):
    engine.hand_over(QueuedRun(run, account, run, 0.0, "ada"))
if dies:
    time.sleep(3)
    os._exit(9)
print("handed on", engine.hand_on([worker]), flush=True)
deadline = time.monotonic() + 60
while len(done) < 2 and time.monotonic() < deadline:
    time.sleep(0.1)
time.sleep(1.5)
engine.forget(["r1", "unknown"])
engine.stop()
"""


def test_what_a_dead_worker_was_given_is_handed_on_and_nothing_twice() -> None:
    if (why := missing()) is not None:
        pytest.skip(why)

    def work(name: str, how: str) -> list[str]:
        command = [sys.executable, "-W", "error", "-c", SCRIPT, server.address(), name, how]
        root = Path(__file__).parents[2]
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=120, cwd=root
        )
        assert done.stderr == ""
        return done.stdout.splitlines()

    with serve_postgres() as server:
        (begun,) = work("one", "dies")  # a slot: the other waits
        lines = work("two", "lives")
        with psycopg.connect(server.address()) as connection:
            kept = "SELECT workflow_uuid, status FROM lookbook_queue.workflow_status"
            assert connection.execute(kept).fetchall() == [("r2", "SUCCESS")]
    assert sorted(lines) == ["handed on 1", "two r1", "two r2"]
    assert begun.split()[1] in ("r1", "r2")
