"""Serves the numbers of a queue as Prometheus reads them: the only module that knows its library.

Accounts are labels, and campaigns are not: there are ever more of them.
"""

import threading
from collections.abc import Callable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import GaugeMetricFamily

from runner.errors import LookbookError, UsageError
from runner.queue.health import AccountHealth, ClusterHealth
from runner.takes import Account, TakeState

UNDER_WAY = (TakeState.SUBMITTING, TakeState.PROCESSING, TakeState.UNKNOWN)

MAX_WAIT = 10.0
"""Seconds that a scrape waits for the one before it. A database that neither answers nor refuses
would else hold thread after thread, and a file descriptor for each, of the process that works."""

Samples = list[tuple[dict[str, str], float]]

METRICS: tuple[tuple[str, str, Callable[[AccountHealth], Samples]], ...] = (
    (
        "lookbook_workers",
        "Living workers that serve an account.",
        lambda one: [({}, one.workers)],
    ),
    (
        "lookbook_account_paused",
        "1 where a person paused an account.",
        lambda one: [({}, one.is_paused)],
    ),
    (
        "lookbook_runs",
        "Runs in the queue that have not ended.",
        lambda one: [({"state": "queued"}, one.queued), ({"state": "running"}, one.running)],
    ),
    (
        "lookbook_queue_longest_wait_seconds",
        "For how long the run has waited that waits longest; 0 where none does.",
        lambda one: [({}, one.longest_wait)],
    ),
    (
        "lookbook_runs_ended_last_hour",
        "Runs that ended within the last hour, by exit code.",
        lambda one: [({"exit_code": str(code)}, n) for code, n in sorted(one.ended.items())],
    ),
    (
        "lookbook_takes",
        "Takes that wait for an answer of HeyGen's, by state.",
        lambda one: [
            ({"state": state.value}, one.pending[state].count if state in one.pending else 0)
            for state in UNDER_WAY
        ],
    ),
    (
        "lookbook_oldest_take_seconds",
        "For how long the oldest of these takes has been in its state.",
        lambda one: [
            ({"state": state.value}, one.pending[state].oldest)
            for state in UNDER_WAY
            if state in one.pending
        ],
    ),
    (
        "lookbook_campaigns",
        "Campaigns that a living process writes, or that were left by one that died.",
        lambda one: [({"state": "held"}, one.held), ({"state": "abandoned"}, one.abandoned)],
    ),
    (
        "lookbook_oldest_heartbeat_seconds",
        "Silence of the campaign, held or abandoned, that was heard of least lately.",
        lambda one: [({}, one.oldest_heartbeat)],
    ),
    (
        "lookbook_spent_usd",
        "What counts against ceilings this calendar month (UTC).",
        lambda one: [({}, float(one.spent))],
    ),
    (
        "lookbook_ceiling_usd",
        "The ceiling by month, where one is set.",
        lambda one: [] if one.ceiling is None else [({}, float(one.ceiling))],
    ),
)
"""Name, help, and the samples of an account: labels besides ``account``, and the value."""


class HealthCollector:
    """Asks the database at each scrape, one at a time."""

    def __init__(self, read: Callable[[], ClusterHealth]) -> None:
        self._read = read
        self._lock = threading.Lock()

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Describe nothing beforehand: nobody is asked when this is registered."""
        return iter(())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Return what a scrape shows; of a database that is away only that it is."""
        health = self._ask()
        if health is None:
            yield _gauge("lookbook_database_up", "Whether the database answers.", 0)
            return
        yield _gauge("lookbook_database_up", "Whether the database answers.", 1)
        for name, meaning, sample in METRICS:
            family = GaugeMetricFamily(name, meaning)
            for one in health.accounts:
                for labels, value in sample(one):
                    family.add_sample(name, {"account": _label(one.account), **labels}, value)
            yield family
        if health.ceiling is not None:
            told = "The ceiling by month of all real accounts together."
            yield _gauge("lookbook_total_ceiling_usd", told, float(health.ceiling))

    def _ask(self) -> ClusterHealth | None:
        """Return what the database says; None where it is away, or still asked for another."""
        if not self._lock.acquire(timeout=MAX_WAIT):
            return None
        try:
            return self._read()
        except LookbookError:
            return None
        finally:
            self._lock.release()


def serve_metrics(host: str, port: int, read: Callable[[], ClusterHealth]) -> tuple[Any, int]:
    """Serve from a thread; return the server, and its port where 0 leaves the choice to it.

    Raises UsageError where the address cannot be used.
    """
    registry = CollectorRegistry()
    registry.register(HealthCollector(read))  # type: ignore[arg-type,unused-ignore]
    try:
        server, _ = start_http_server(port, host, registry)
    except OSError as error:
        raise UsageError(
            f"Metrics cannot be served on {host}, port {port}: {error.strerror or error}.",
            hint="Name another port: --metrics PORT, or --metrics HOST:PORT.",
        ) from None
    return server, server.server_port


def _gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, meaning, value=value)


def _label(account: Account) -> str:
    """Return host/user: all simulated accounts share a name for people, and series may not."""
    place = f"{account.host}/{account.user}"
    return f"simulator {place}" if account.simulated else place
