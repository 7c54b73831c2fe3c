"""What docs/operations.md tells whoever operates the database: tried with its very statements."""

import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("psycopg", reason="make test-distributed installs psycopg and PostgreSQL")

import psycopg

from tests.distributed.conftest import LOOKS, PATIENCE, Studio
from tests.launcher import Process

pytestmark = [pytest.mark.distributed, pytest.mark.slow]

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


def statements(heading: str) -> str:
    """Return the SQL below a heading of the page."""
    section = PAGE.read_text("utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return "\n".join(re.findall(r"^```sql\n(.*?)^```", section, re.MULTILINE | re.DOTALL))


def test_a_backup_of_yesterday_leads_nobody_into_paying_twice(
    studio: Studio, tmp_path: Path
) -> None:
    backup, address = str(tmp_path / "studio.dump"), studio.server.address()
    assert studio.command("one", "run", "--yes", "--select", "+l0")[0] == 0
    studio.server.call_tool("pg_dump", "-Fc", "-f", backup, address)
    assert studio.command("one", "run", "--yes")[0] == 0
    assert studio.command("one", "reroll", "l0", "--yes")[0] == 0
    studio.server.call_tool("pg_restore", "--clean", "--if-exists", "-d", address, backup)
    for command in (["run"], ["reroll", "l0"], ["retry"]):
        code, _, err = studio.command("two", *command, "--yes")
        assert code == (0 if command == ["retry"] else 2), err
        if code:
            assert "They may have been paid for already" in err
    there = studio.folder / "three" / "spring" / "manifest.lookbook"
    there.mkdir(parents=True)
    kept = studio.folder / "one" / "spring" / "manifest.lookbook" / "results.json"
    shutil.copy(kept, there)  # as a store has it
    code, _, err = studio.command("three", "fetch")
    assert (code, "Took over 6 takes" in err) == (0, True)
    code, out, _ = studio.command("two", "run", "--yes")
    assert (code, "0 bought" in out) == (0, True)
    assert "total $8.00" in studio.command("two", "money")[1]
    assert len(studio.stats()["charges"]) == LOOKS + 2


def start_worker(studio: Studio, address: str) -> Process:
    folder = str(studio.folder / "w")
    more = {"LOOKBOOK_ON": address}
    return studio.launch("worker", "--folder", folder, cwd=studio.folder, more=more)


@contextmanager
def serve_as(studio: Studio, address: str) -> Iterator[None]:
    """Run a worker until the block has ended; it must leave cleanly."""
    worker = start_worker(studio, address)
    with psycopg.connect(studio.server.address(), autocommit=True) as connection:
        engine = "SELECT to_regclass('lookbook_queue.queues') IS NOT NULL"
        served = "SELECT EXISTS (SELECT FROM lookbook.workers WHERE started_at < now())"
        deadline = time.monotonic() + PATIENCE
        while connection.execute(f"SELECT ({engine}) AND ({served})").fetchone() != (True,):
            assert time.monotonic() < deadline, "no worker serves"
            assert worker.poll() is None, worker.communicate(PATIENCE)
            time.sleep(0.2)
    yield
    worker.send_signal(signal.SIGTERM)
    code, _, err = studio.finish(worker)
    assert code == 0, err


def test_roles_with_the_least_rights_are_enough(studio: Studio) -> None:
    psql = ("psql", "-v", "ON_ERROR_STOP=1", "-q", "-c")
    before, _, after = statements("Roles with the least rights").partition("-- then")
    owner = studio.server.address().replace("lookbook@", "lookbook_owner@")
    client = studio.server.address().replace("lookbook@", "lookbook_client@")
    studio.server.call_tool(*psql, before.replace("studio", "postgres"), studio.server.address())
    asked = studio.command("one", "run", shared=False, more={"LOOKBOOK_ON": owner})
    assert asked[0] == 2, asked
    assert "--yes" in asked[2]
    with serve_as(studio, owner):
        pass
    ledger, queue, more = after.partition("GRANT USAGE ON SCHEMA lookbook_queue")
    studio.server.call_tool(*psql, ledger.replace("studio", "postgres"), owner)
    code, _, err = studio.finish(start_worker(studio, client))
    assert (code, "docs/operations.md" in err, "permission denied" in err) == (1, True, True), err
    studio.server.call_tool(*psql, queue + more, owner)
    with serve_as(studio, client):
        ended = studio.command("one", "run", "--yes", shared=False, more={"LOOKBOOK_ON": client})
        assert (ended[0], "Queued as run" in ended[2]) == (0, True), ended
    for command, code in (
        (["run", "--yes"], 0),
        (["reroll", "l0", "--yes"], 0),
        (["pick", "l0#2"], 0),
        (["review", "--reject", "l1", "--reason", "too dark"], 0),
        (["status"], 0),
        (["reconcile"], 0),
    ):
        ended = studio.command("one", *command, shared=False, more={"LOOKBOOK_ON": client})
        assert ended[0] == code, ended
    for query in statements("Health").split(";\n"):
        studio.server.call_tool(*psql, query, client)
    for refused in ("CREATE TABLE lookbook.x ()", "DELETE FROM lookbook.events", "CREATE SCHEMA x"):
        with pytest.raises(subprocess.CalledProcessError):
            studio.server.call_tool(*psql, refused, client)
