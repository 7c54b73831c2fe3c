"""Runs are forked from a process that has imported everything; each is a process of its own."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("psycopg")

from runner.cli.run_forks import RunForks

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="runs are forked on Linux alone")


@pytest.fixture
def forks() -> Iterator[RunForks]:
    with closing(RunForks()) as opened:
        yield opened


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_forked_run_has_a_folder_an_environment_and_an_end_of_its_own(
    forks: RunForks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEYGEN_API_KEY_NORTH", "sk-of-north")
    environment = {**os.environ, "HEYGEN_API_KEY": "sk-of-south"}
    del environment["HEYGEN_API_KEY_NORTH"]
    with forks.start(("--format", "json"), tmp_path, environment) as run:
        proc = Path(f"/proc/{run.pid}")
        assert os.getsid(run.pid) != os.getsid(0)
        wait_until(lambda: (proc / "cwd").resolve() == tmp_path)
        assert b"sk-of-north" not in (proc / "environ").read_bytes()
        run.send_signal(signal.SIGKILL)
        assert run.stderr.read() == b""
        assert run.wait() == -signal.SIGKILL
        run.send_signal(signal.SIGTERM)  # it has ended: nobody else is hit
    with forks.start(("--format", "json"), tmp_path, environment) as run:
        order = {"run": "r", "attempt": 1, "pack": {"version": 1}}
        run.stdin.write(json.dumps(order).encode() + b"\n")
        run.stdin.flush()
        told = run.stderr.read()
        assert told
        assert run.wait() > 0


def test_where_what_forks_was_killed_another_is_started(forks: RunForks, tmp_path: Path) -> None:
    parents = []
    for _ in range(2):
        with forks.start((), tmp_path, os.environ) as run:
            keeper = int(Path(f"/proc/{run.pid}/stat").read_text().rpartition(") ")[2].split()[1])
            stat = Path(f"/proc/{keeper}/stat").read_text()
            parents.append(int(stat.rpartition(") ")[2].split()[1]))
            run.stdin.close()  # its worker has ended
            assert run.wait() != 0
        os.kill(parents[-1], signal.SIGKILL)
        assert forks._server is not None
        forks._server.wait()
    assert parents[0] != parents[1]
