"""Two versions at one database: what was released before the last migration goes on beside it."""

import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("dbos", reason="make test-distributed installs it")

import psycopg

from runner.queue.opening import open_queue
from runner.queue.port import RunState
from tests.distributed.conftest import LOOKS, PATIENCE, Crew, Studio
from tests.queue.test_queue import make_pack

pytestmark = [pytest.mark.distributed, pytest.mark.slow]
ROOT = Path(__file__).parents[2]


def write_older_program(folder: Path) -> None:
    """Write the program as it was before its last migration. Skips where no history says it."""
    migration = max((ROOT / "runner" / "ledger" / "postgres").glob("*.sql"))
    added = call_git("log", "--diff-filter=A", "--format=%H", "-1", "--", str(migration))
    if not added or not call_git("rev-parse", "--verify", "--quiet", f"{added}^"):
        pytest.skip(f"no history of git has what was before {migration.name}")
    archive = folder / "older.tar"
    folder.mkdir()
    call_git("archive", "-o", str(archive), f"{added}^", "runner", "schemas")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    assert not (folder / "runner" / "ledger" / "postgres" / migration.name).exists()


def call_git(*arguments: str) -> str:
    """Return what git prints, nothing where it refuses or is not there."""
    if shutil.which("git") is None:
        return ""
    done = subprocess.run(
        ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else ""


@contextmanager
def older_worker(
    studio: Studio, program: Path, environment: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker of the older program until the block has ended."""
    own = {
        "HEYGEN_API_BASE": studio.url,
        "HEYGEN_API_KEY": "sk-studio-0123456",
        "LOOKBOOK_ON": studio.server.address(),
        "PYTHONPATH": f"{program}:{environment['PYTHONPATH']}",
    }
    with (studio.folder / "older.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "runner", "worker", "--folder", str(studio.folder / "older-w")],
            cwd=studio.folder,
            env={**environment, **own},
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait(PATIENCE)


def read_expansions(studio: Studio) -> set[int]:
    with psycopg.connect(studio.server.address()) as connection:
        rows = connection.execute("SELECT version FROM lookbook.expansions").fetchall()
    return {version for (version,) in rows}


def test_an_older_worker_serves_on_beside_a_newer_program(
    studio: Studio, tmp_path: Path, process_env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_older_program(tmp_path / "older")
    log = studio.folder / "older.log"
    with (
        closing(open_queue(studio.server.address())) as queue,
        older_worker(studio, tmp_path / "older", process_env) as older,
    ):
        crew = Crew(studio, queue)
        crew.wait(lambda: older.poll() is not None or (queue.is_there() and queue.list_workers()))
        assert older.poll() is None, log.read_text()
        tables = read_expansions(studio)
        code, _, err = crew.finish(crew.run("spring", "--yes"))  # of today
        assert code == 0, err
        by_older = crew.queued()
        assert f"-{older.pid}-" in str(by_older.worker)
        crew.hire()  # of today
        assert read_expansions(studio) > tables, "the older program had these tables already"
        monkeypatch.setattr("runner.queue.postgres.store.PROTOCOL", 99)
        strange = queue.enqueue(replace(make_pack("me"), account=by_older.account), by="ada")
        code, _, err = crew.finish(crew.run("summer", "--yes"))
        assert code == 0, err
        left = queue.find(strange)
        assert left is not None
        assert (left.state, left.attempt) == (RunState.QUEUED, 0)
        assert older.poll() is None, log.read_text()
        assert len(queue.list_workers()) == 2
    names = [charge["name"] for charge in studio.stats()["charges"]]
    assert len(names) == len({*names}) == 2 * (LOOKS + 1)
