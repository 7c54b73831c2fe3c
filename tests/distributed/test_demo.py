"""``make demo-distributed``, shorter: it ends well, and leaves nothing running."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("psycopg", reason="make test-distributed installs psycopg and PostgreSQL")
pytest.importorskip("obstore", reason="make test-distributed installs obstore")
pytest.importorskip("dbos", reason="make test-distributed installs dbos")

pytestmark = [pytest.mark.distributed, pytest.mark.slow]
ROOT = Path(__file__).parents[2]
PATIENCE = 600.0
"""Seconds after which it hangs. No measure of speed."""


def test_the_demo_kills_a_worker_finishes_and_leaves_nothing_behind(
    tmp_path: Path, process_env: dict[str, str]
) -> None:
    environment = {**process_env, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.demo", "6"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        out, _ = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.terminate()  # it ends what it started
        out, _ = process.communicate()
    assert process.returncode == 0, out
    assert "is killed with" in out
    assert "goes on with it" in out
    assert "6 campaigns, 36 looks, 36 charges: each paid for once." in out
    store = tmp_path / "build" / "demo-distributed" / "store"
    assert len([*store.glob("campaigns/*/*/catalog.html")]) == 6
    pids = [line.rsplit(" ", 1)[1].rstrip(")") for line in out.splitlines() if "ready" in line]
    assert len(pids) == 3
    assert not [pid for pid in pids if _is_there(int(pid))]


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
