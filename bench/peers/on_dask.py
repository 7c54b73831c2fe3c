"""The peer with Dask: one task for each look, its reference a task that it waits for."""

from typing import Any

from dask.distributed import Client, LocalCluster
from look import generate, read_work


def main() -> None:
    """Submit every look; the scheduler knows what waits for what."""
    work = read_work()
    tasks: dict[str, Any] = {}
    with (
        LocalCluster(
            n_workers=1, threads_per_worker=work["at_once"], processes=True, dashboard_address=None
        ) as cluster,
        Client(cluster) as client,
    ):
        for look in work["looks"]:
            reference = look["reference"] and tasks[look["reference"]]
            tasks[look["key"]] = client.submit(
                generate, work["url"], look, reference, retries=3, pure=False
            )
        client.gather([*tasks.values()])


if __name__ == "__main__":
    main()
