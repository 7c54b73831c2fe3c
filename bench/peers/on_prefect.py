"""The peer with Prefect: one flow, one task run for each look, on a server of its own.

The server is Prefect's ephemeral one, on loopback, in a folder of the benchmark's; its telemetry is
off (``bench.peers.contenders``).
"""

from typing import Any

from look import generate, read_work
from prefect import flow, task
from prefect.task_runners import ThreadPoolTaskRunner


def run() -> None:
    """Submit every look; a future that is handed in is waited for."""
    work = read_work()
    make = task(generate, retries=3, retry_delay_seconds=0, log_prints=False)

    def campaign() -> None:
        tasks: dict[str, Any] = {}
        for look in work["looks"]:
            reference = look["reference"] and tasks[look["reference"]]
            tasks[look["key"]] = make.submit(work["url"], look, reference)
        for one in tasks.values():
            one.result()

    flow(campaign, task_runner=ThreadPoolTaskRunner(max_workers=work["at_once"]))()


if __name__ == "__main__":
    run()
