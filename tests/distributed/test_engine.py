"""What is expected of DBOS, two private calls of it included: no run waits for who never has it."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("dbos", reason="make test-distributed installs it")

import psycopg

from tests.ledger.postgres import missing, serve_postgres

pytestmark = [pytest.mark.distributed, pytest.mark.slow]

SCRIPT = """
import os, sys, threading, time

import sqlalchemy
from dbos import DBOS

from runner.queue.postgres.engine import DbosEngine
from runner.queue.port import QueuedRun
from runner.takes import Account

address, worker, dies = sys.argv[1], sys.argv[2], sys.argv[3] == "dies"
os.environ["DBOS__VMID"] = "another"
account = Account("api.example", "me")
done, begun, looks = [], threading.Event(), threading.Semaphore(0)

def carry_out(run):
    print(worker, run, flush=True)
    begun.set()
    time.sleep(600 if dies else 0)
    done.append(run)

engine = DbosEngine(address)
engine.start(worker, [account], 1, carry_out)
for run in ("r1", "r2", "r1"):
    engine.hand_over(QueuedRun(run, account, run, 0.0, "ada"))
if dies:
    begun.wait()
    sqlalchemy.event.listen(engine._pool, "checkout", lambda *_: looks.release())
    for _ in range(10):  # it looks for work again and again, and has no slot
        looks.acquire()
    os._exit(9)
print("handed on", engine.hand_on([worker]), flush=True)
while DBOS.list_workflows(status=["ENQUEUED", "PENDING"]):
    time.sleep(0.1)
engine.forget(["r1", "unknown"])
engine.stop()
"""

LOST = """
import sys, time

from dbos._dbos import _get_dbos_instance

from runner.queue import hung
from runner.queue.port import QueuedRun
from runner.queue.postgres.engine import DbosEngine
from runner.takes import Account

hung.HUNG_AFTER = 1.0
account = Account("api.example", "me")
begun, lost = [], []

engine = DbosEngine(sys.argv[1])
engine.start("one", [account], 1, begun.append)
tables = _get_dbos_instance()._sys_db
claim = tables.start_queued_workflows

def lose_first(*given, **named):
    claimed, reason = claim(*given, **named)
    if claimed and not lost:
        lost.extend(claimed)
        raise OSError("the answer was lost")
    return claimed, reason

tables.start_queued_workflows = lose_first
engine.hand_over(QueuedRun("r1", account, "spring", 0.0, "ada"))
while not lost:
    time.sleep(0.05)
put_back = [engine.hand_on(["one"])]
deadline = time.monotonic() + 60
while not begun and time.monotonic() < deadline:
    put_back.append(engine.hand_on(["one"]))
    time.sleep(0.05)
print(lost, begun, put_back[0], sum(put_back))
engine.stop()
"""


def test_what_a_living_worker_was_given_in_a_lost_answer_is_carried_out() -> None:
    if (why := missing()) is not None:
        pytest.skip(why)
    with serve_postgres() as server:
        command = [sys.executable, "-W", "error", "-c", LOST, server.address()]
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
            cwd=Path(__file__).parents[2],
        )
    assert done.stdout == "['r1'] ['r1'] 0 1\n", done.stderr


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
