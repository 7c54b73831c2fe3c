"""What hangs without ending, as a process: it is noticed, and what it had goes on elsewhere."""

import os
import signal
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("dbos", reason="make test-distributed installs it")

from runner.ledger.postgres.connection import PostgresConnection
from tests.distributed.conftest import Crew, Studio
from tests.distributed.hanging import make_others_hang
from tests.launcher import Process

pytestmark = [pytest.mark.distributed, pytest.mark.slow]

HANGING = "tests.distributed.hanging:main"


def find_holder(studio: Studio) -> int:
    """Return the process that holds the only campaign."""
    with closing(PostgresConnection(studio.server.address())) as connection:
        ((owner,),) = connection.fetch("SELECT owner FROM lookbook.campaigns")
    return int(owner.split()[1])


def find_children(pid: int) -> list[int]:
    threads = Path(f"/proc/{pid}/task").iterdir()
    return [int(one) for thread in threads for one in (thread / "children").read_text().split()]


def test_a_run_whose_loop_hangs_is_taken_up_on_another_machine(studio: Studio) -> None:
    studio.learn_the_price()
    first = studio.start("spring", concurrency=1)
    studio.wait_for_charges(2)
    first.send_signal(signal.SIGUSR1)  # its heartbeat's thread goes on
    second = studio.start("spring", machine="two")
    assert studio.finish(second)[0] == 0
    assert first.poll() is None
    studio.check("spring", limit=4)


def test_a_queued_run_whose_loop_hangs_is_ended_and_goes_on(crew: Crew) -> None:
    crew.hire(more=make_others_hang(crew.studio.folder))
    client = crew.run("spring", "--yes")
    crew.studio.wait_for_any_charges(2)
    hung = find_holder(crew.studio)
    os.kill(hung, signal.SIGUSR1)
    code, _, err = crew.finish(client)
    assert code == 0, err
    assert "no sign of life" in err
    assert "ended by signal 9: it is begun again" in err
    assert not Path(f"/proc/{hung}").exists()
    crew.studio.check_once("spring")


def test_a_worker_whose_main_loop_hangs_ends_and_its_run_goes_on_elsewhere(crew: Crew) -> None:
    worker = crew.hire(target=HANGING)
    assert crew.finish(crew.run("spring", "--detach", "--yes"))[0] == 0
    crew.studio.wait_for_any_charges(2)
    held = find_holder(crew.studio)
    worker.send_signal(signal.SIGUSR1)
    os.kill(held, signal.SIGSTOP)  # or the run would end before
    code, _, err = crew.finish(worker)
    assert code == 1
    assert "this worker hangs" in err
    assert not Path(f"/proc/{held}").exists()
    crew.hire()
    assert crew.finish(crew.run("spring", "--follow"))[0] == 0
    crew.studio.check_once("spring")


def stop_what_forks(worker: Process) -> None:
    (server,) = find_children(worker.pid)
    os.kill(server, signal.SIGSTOP)


def kill_what_forks(worker: Process) -> None:
    (server,) = find_children(worker.pid)
    os.kill(server, signal.SIGKILL)


@pytest.mark.parametrize("befall", [stop_what_forks, kill_what_forks], ids=["stopped", "killed"])
def test_a_worker_carries_out_runs_whatever_befalls_what_forks_them(
    crew: Crew, befall: Callable[[Process], None]
) -> None:
    worker = crew.hire()
    assert crew.finish(crew.run("spring", "--yes"))[0] == 0
    befall(worker)
    code, out, err = crew.finish(crew.run("spring", "--yes"))
    assert (code, "Done: 0 bought" in out) == (0, True), err
    crew.studio.check_once("spring")
