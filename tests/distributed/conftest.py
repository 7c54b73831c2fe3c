"""Machines: processes on one PostgreSQL server and one simulated account."""

import json
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from runner.simulator.server import Embedded
from runner.simulator.settings import Latency, SimulatorSettings
from tests.launcher import COMMAND, Launcher, Process
from tests.ledger.postgres import PostgresServer, missing, serve_postgres

if TYPE_CHECKING:
    from runner.queue.port import QueuedRun, WorkerQueue

LOOKS = 6
PATIENCE = 240.0
"""Seconds after which a run hangs. No measure of speed."""

HEAD = """\
version: 1
campaign: {name}
base: {{name: Sarah of {name}, prompt: A woman in her forties}}
looks:
"""
LOOK = '  l{}: {{prompt: "Wearing a navy blazer, modern office, morning light"}}\n'


class Studio:
    """Starts runs of campaigns on machines, and knows what the account saw of them all."""

    def __init__(
        self, folder: Path, server: PostgresServer, url: str, start: Callable[..., Process]
    ) -> None:
        self.folder, self.server, self.url = folder, server, url
        self.launch = start

    def start(self, campaign: str, *, machine: str = "one", concurrency: int = 4) -> Process:
        """Start a run; it waits until the campaign is free."""
        manifest = self.check_out(campaign, machine)
        target = "tests.distributed.shared_run:main"
        given = (self.server.address(), manifest, str(concurrency))
        return self.launch(*given, cwd=manifest.parent, target=target)

    def command(
        self,
        machine: str,
        name: str,
        *arguments: str,
        shared: bool = True,
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> tuple[int | None, str, str]:
        """Run a command of the campaign ``spring`` to its end; return its code and output."""
        manifest = self.check_out("spring", machine)
        address = self.server.address().replace("lookbook@", "lookbook:hunter2@")
        more = {**more, **({"LOOKBOOK_ON": address} if shared else {})}
        given = (name, manifest.name, *arguments)
        return self.finish(self.launch(*given, cwd=manifest.parent, more=more))

    def check_out(self, campaign: str, machine: str) -> Path:
        checkout = self.folder / machine / campaign
        checkout.mkdir(parents=True, exist_ok=True)
        manifest = checkout / "manifest.yaml"
        looks = "".join(map(LOOK.format, range(LOOKS)))
        manifest.write_text(HEAD.format(name=campaign) + looks)
        return manifest

    def learn_the_price(self) -> None:
        """Run a campaign to its end: what its looks cost is known to all machines from then on.

        While several buy at once the wallet shows nobody what a single look costs.
        """
        assert self.finish(self.start("first"))[0] == 0

    def finish(self, process: Process) -> tuple[int | None, str, str]:
        """Wait for a run's end; return its exit code and what it wrote."""
        out, err = process.communicate(PATIENCE)
        assert "Traceback" not in err, err
        return process.returncode, out, err

    def stats(self) -> dict[str, Any]:
        """Return what the account saw."""
        with urllib.request.urlopen(f"{self.url}/__simulator__/stats") as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def wait_for_charges(self, count: int) -> None:
        """Wait until the account has charged so many looks since the price is known."""
        self.wait_for_any_charges(count + LOOKS + 1)

    def wait_for_any_charges(self, count: int) -> None:
        """Wait until the account has charged so many looks."""
        deadline = time.monotonic() + PATIENCE
        while len(self.stats()["charges"]) < count:
            assert time.monotonic() < deadline, "nothing is bought"
            time.sleep(0.05)

    def cut_connections(self) -> int:
        """End every session of the ledgers' at the server; return how many there were."""
        from runner.ledger.postgres.connection import PostgresConnection

        with closing(PostgresConnection(self.server.address())) as connection:
            return len(
                connection.fetch(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE application_name = 'lookbook' AND pid <> pg_backend_pid()"
                )
            )

    def check_once(self, campaign: str) -> None:
        """Check that each look of the only campaign was charged once."""
        names = [charge["name"] for charge in self.stats()["charges"]]
        assert len(names) == len({*names}) == LOOKS + 1, campaign

    def check(self, *campaigns: str, limit: int) -> None:
        """Check that each look was charged once and no more were in progress than may be."""
        stats = self.stats()
        assert len(stats["charges"]) == (len(campaigns) + 1) * (LOOKS + 1)
        assert len({charge["name"] for charge in stats["charges"]}) == len(stats["charges"])
        assert stats["peak_in_progress"] <= limit


class Crew:
    """Workers and clients of a studio, and its queue."""

    def __init__(self, studio: Studio, queue: "WorkerQueue") -> None:
        self.studio, self.queue = studio, queue

    def hire(
        self, *options: str, more: dict[str, str] | None = None, target: str = COMMAND
    ) -> Process:
        """Start a worker, and wait until it serves."""
        known = {worker.name for worker in self.queue.list_workers()}
        folder = str(self.studio.folder / "w")
        process = self.start("worker", "--folder", folder, *options, more=more, target=target)
        self.wait(lambda: {worker.name for worker in self.queue.list_workers()} - known or False)
        return process

    def start(
        self, *arguments: str, more: dict[str, str] | None = None, target: str = COMMAND
    ) -> Process:
        here = self.studio.folder
        given = {"LOOKBOOK_ON": self.studio.server.address(), **(more or {})}
        return self.studio.launch(*arguments, cwd=here, more=given, target=target)

    def run(
        self, campaign: str, *options: str, machine: str = "one", more: dict[str, str] | None = None
    ) -> Process:
        """Start ``lookbook run`` in a checkout."""
        manifest = self.studio.check_out(campaign, machine)
        return self.start("run", str(manifest), *options, more=more)

    def finish(self, process: Process) -> tuple[int | None, str, str]:
        return self.studio.finish(process)

    def wait(self, question: object) -> None:
        deadline = time.monotonic() + PATIENCE
        while not question():  # type: ignore[operator]
            assert time.monotonic() < deadline, "it does not come true"
            time.sleep(0.1)

    def queued(self) -> "QueuedRun":
        """Return the run that was queued last, once there is one that was begun."""
        self.wait(lambda: any(run.worker for run in self.queue.list_runs()))
        return self.queue.list_runs()[-1]


@pytest.fixture
def studio(
    request: pytest.FixtureRequest, tmp_path: Path, process_env: dict[str, str], launcher: Launcher
) -> Iterator[Studio]:
    """A studio whose account takes four looks at a time, or is as the test's parameter says."""
    if (why := missing()) is not None:
        pytest.skip(why)
    given = {"concurrency": 4, "pictures": False, **getattr(request, "param", {})}
    settings = SimulatorSettings(latency=Latency("fixed", 0.6), **given)
    with serve_postgres() as server, Embedded(settings) as account, ExitStack() as stack:
        environment = {
            **process_env,
            "HEYGEN_API_BASE": account.url,
            "HEYGEN_API_KEY": "sk-studio-0123456",
        }

        def start(
            *arguments: str | Path,
            cwd: Path,
            target: str = COMMAND,
            more: Mapping[str, str] = MappingProxyType({}),
        ) -> Process:
            environ = {**environment, **more}
            process = launcher.start(*arguments, cwd=cwd, environment=environ, target=target)
            stack.callback(process.close)
            stack.callback(process.send_signal, 9)
            return process

        yield Studio(tmp_path, server, account.url, start)


@pytest.fixture
def crew(studio: Studio) -> Iterator[Crew]:
    from runner.queue.opening import open_queue

    with closing(open_queue(studio.server.address())) as queue:
        queue.migrate()
        yield Crew(studio, queue)
