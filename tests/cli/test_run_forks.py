"""Runs are forked from a process that has imported everything; each is a process of its own."""

import ctypes
import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import pytest

pytest.importorskip("psycopg")

from runner.cli import run_forks
from runner.cli.run_forks import ForkedRun, RunForks

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


def read_parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[1])


def ignores(pid: int, number: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    return bool(int(status.partition("SigIgn:")[2].split()[0], 16) >> (number - 1) & 1)


def test_the_pid_of_a_run_that_has_ended_is_nobody_elses_until_its_end_is_known(
    forks: RunForks, tmp_path: Path
) -> None:
    with forks.start((), tmp_path, os.environ) as run:
        keeper = read_parent(run.pid)
        wait_until(lambda: ignores(keeper, signal.SIGTERM))
        os.kill(keeper, signal.SIGTERM)  # as what ends a whole service does
        os.kill(run.pid, signal.SIGUSR1)
        assert select.select([run._status], [], [], 60)[0]  # the worker has not read it yet
        assert read_parent(run.pid) == keeper
        run.send_signal(signal.SIGTERM)
        assert run.wait() == -signal.SIGUSR1
    wait_until(lambda: not Path(f"/proc/{run.pid}").exists())


def test_where_what_forks_was_killed_another_is_started(forks: RunForks, tmp_path: Path) -> None:
    parents = []
    for _ in range(2):
        with forks.start((), tmp_path, os.environ) as run:
            parents.append(read_parent(read_parent(run.pid)))
            run.stdin.close()  # its worker has ended
            assert run.wait() != 0
        os.kill(parents[-1], signal.SIGKILL)
        assert forks._server is not None
        forks._server.wait()
    assert parents[0] != parents[1]


def test_what_forks_and_was_stopped_is_ended_and_another_is_started(
    forks: RunForks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with forks.start((), tmp_path, os.environ) as run:
        stopped = read_parent(read_parent(run.pid))
        run.stdin.close()
        assert run.wait() != 0
    os.kill(stopped, signal.SIGSTOP)
    monkeypatch.setattr(run_forks, "ANSWER_WITHIN", 0.3)
    with pytest.raises(OSError, match="was stopped"):  # a run is started anew then
        forks.start((), tmp_path, os.environ)
    monkeypatch.undo()
    with forks.start((), tmp_path, os.environ) as run:
        assert read_parent(read_parent(run.pid)) != stopped
        run.stdin.close()
        assert run.wait() != 0
    assert not Path(f"/proc/{stopped}").exists()


def test_the_end_of_a_run_is_known_also_where_it_was_told_before_anybody_read_its_pid(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run_forks, "ANSWER_WITHIN", 0.1)
    reading, writing = os.pipe()
    other = Path(os.devnull).open("r+b")  # noqa: SIM115 - closed with the run
    with os.fdopen(writing, "wb", 0) as keeper, os.fdopen(reading, "rb", 0) as status:
        keeper.write(b"71\n3\n")  # and it stays open until the worker closes the other end
        assert int(run_forks.read_line(status, 0.1)) == 71
        with ForkedRun(71, other, other, other, status) as run:
            assert run.wait() == 3


def test_a_run_whose_keeper_was_stopped_counts_as_killed(
    forks: RunForks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with forks.start((), tmp_path, os.environ) as run:
        keeper = read_parent(run.pid)
        os.kill(keeper, signal.SIGSTOP)
        run.send_signal(signal.SIGTERM)
        monkeypatch.setattr(run_forks, "ANSWER_WITHIN", 0.1)
        assert run.wait() == -signal.SIGKILL
        os.kill(keeper, signal.SIGCONT)


@contextmanager
def adopting() -> Iterator[None]:
    """Be the parent of what beneath this process loses its own."""
    set_subreaper = partial(ctypes.CDLL(None).prctl, 36)
    set_subreaper(1, 0, 0, 0)
    try:
        yield
    finally:
        set_subreaper(0, 0, 0, 0)


def test_what_a_run_took_of_the_processor_counts_as_its_workers(
    forks: RunForks, tmp_path: Path
) -> None:
    with adopting():
        with forks.start((), tmp_path, os.environ) as run:
            keeper = read_parent(run.pid)
            run.send_signal(signal.SIGTERM)
            assert run.wait() == -signal.SIGTERM
        wait_until(lambda: read_state(keeper) in "ZX")
        assert read_state(run.pid) == "X"  # its keeper waited for it, and no stranger


def read_state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    except OSError:
        return "X"
