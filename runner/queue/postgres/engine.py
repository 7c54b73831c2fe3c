"""DBOS, which hands queued runs out to workers: the only module that knows it.

A run is a workflow on the queue of its account, under the run's id. The engine's tables lie in a
schema of their own and are nobody's ledger: they say who carries a run out, and nothing else. No
part of it that speaks to a service of its makers is used.
"""

import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy
from dbos import DBOS, DBOSClient, WorkflowStatus
from dbos._dbos import _get_dbos_instance

from runner.errors import StorageError
from runner.ledger.postgres.address import describe_address
from runner.ledger.postgres.connection import open_raw_connection
from runner.queue.hung import SilentRuns
from runner.queue.port import PROTOCOL, QueuedRun
from runner.takes import Account

SCHEMA = "lookbook_queue"
VERSION = f"lookbook-runs-{PROTOCOL}"
"""What DBOS takes for the application's version: workers of one protocol share their work."""

WORKFLOW = "carry_out"
POLLING = 0.5
"""Seconds between two questions for new work, for each account."""

CONNECTIONS = 4

AT_ONCE = 500
"""So many runs are forgotten in one statement."""

REPEATED = 60.0
"""Seconds for which one of DBOS' messages is not said again: it says each failed question anew."""

log = logging.getLogger("runner.queue")


class DbosEngine:
    """Hands out runs to this process (``runner.queue.port.Engine``); one for each process."""

    def __init__(self, address: str) -> None:
        for name in [name for name in os.environ if name.startswith("DBOS")]:
            del os.environ[name]  # they would choose another database, or name us otherwise
        self._name = describe_address(address)
        self._pool = sqlalchemy.create_engine(
            "postgresql+psycopg://",
            creator=lambda: open_raw_connection(address),
            pool_size=CONNECTIONS,
            max_overflow=0,
            pool_pre_ping=True,
        )
        self._worker = ""
        self._entered: set[str] = set()
        self._not_entered = SilentRuns()

    def start(
        self, worker: str, accounts: Sequence[Account], slots: int, carry_out: Callable[[str], None]
    ) -> None:
        """Begin to hand runs to this process: ``carry_out`` is called in a thread for each.

        ``slots`` are stored with an account's queue: what was said last counts for all workers.
        Raises StorageError where the database refuses.
        """
        queues = [account.label for account in accounts]
        self._worker = worker
        DBOS(
            config={
                "name": "lookbook",
                "system_database_engine": self._pool,
                "dbos_system_schema": SCHEMA,
                "application_version": VERSION,
                "executor_id": worker,
                "log_level": "WARNING",
                "use_listen_notify": False,
                "max_executor_threads": slots * len(queues) + 1,
            }
        )

        logging.getLogger("dbos").handlers[:] = [_ShortLines()]

        def workflow(run: str) -> None:  # DBOS notes things on the function
            self._entered.add(run)
            try:
                carry_out(run)
            finally:
                self._entered.discard(run)

        DBOS.workflow(name=WORKFLOW, max_recovery_attempts=None)(workflow)
        DBOS.listen_queues(queues)
        with _explain_refusal(self._name):
            DBOS.launch()
            for queue in queues:
                DBOS.register_queue(
                    queue,
                    worker_concurrency=slots,
                    polling_interval_sec=POLLING,
                    on_conflict="always_update",
                )

    def hand_over(self, run: QueuedRun) -> None:
        DBOS.enqueue_workflow_with_options(
            {
                "workflow_name": WORKFLOW,
                "queue_name": run.account.label,
                "workflow_id": run.run,
                "app_version": VERSION,
            },
            run.run,
        )

    def hand_on(self, alive: Sequence[str]) -> int:
        given = DBOS.list_workflows(
            status="PENDING", app_version=VERSION, load_input=False, load_output=False
        )
        dead = {str(one.executor_id) for one in given} - {*alive}
        own = [one for one in given if one.executor_id == self._worker]
        missed = {one.workflow_id for one in own} - self._entered
        lost = self._not_entered.find_hung(missed, time.monotonic())
        again = [_put_back(one) for one in own if one.workflow_id in lost]
        return sum(_recover(worker) for worker in sorted(dead)) + sum(again)

    def forget(self, runs: Sequence[str]) -> None:
        """Delete the engine's rows of runs that have ended. Raises StorageError."""
        with _explain_refusal(self._name):
            if not sqlalchemy.inspect(self._pool).has_table("workflow_status", schema=SCHEMA):
                return  # no worker ever served here
            client = DBOSClient(
                system_database_engine=self._pool,
                dbos_system_schema=SCHEMA,
                retry_connection_errors=False,
            )
            for first in range(0, len(runs), AT_ONCE):
                client.delete_workflows([*runs[first : first + AT_ONCE]])
            client.destroy()

    def stop(self) -> None:
        DBOS.destroy(workflow_completion_timeout_sec=0)
        self._pool.dispose()


@contextmanager
def _explain_refusal(name: str) -> Iterator[None]:
    """Raise what a person can do about it where the engine's tables cannot be made or used."""
    try:
        yield
    except sqlalchemy.exc.SQLAlchemyError as error:
        first, _, _ = str(getattr(error, "orig", None) or error).partition("\n")
        raise StorageError(
            f"The engine's tables ({SCHEMA}) on {name} cannot be made or used: {first}.",
            hint="Start one worker as the owner of the tables, then grant this user their use: the "
            'statements are in docs/operations.md, under "Roles with the least rights". Nothing '
            "was taken from the queue.",
        ) from error


class _ShortLines(logging.Handler):
    """Hands on what DBOS logs as one line each, without a traceback, and not again and again."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._said: dict[tuple[str, int], float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Log the first line of a record, unless its like was logged a moment ago."""
        place, now = (record.pathname, record.lineno), time.monotonic()
        if now - self._said.get(place, float("-inf")) < REPEATED:
            return
        self._said[place] = now
        first, _, _ = record.getMessage().partition("\n")
        log.warning("DBOS: %s", first)


def _put_back(given: WorkflowStatus) -> bool:
    """Put one run back into its queue that this process was given and never began; return if so.

    The answer that gave it was lost on its way, and DBOS asks for others from then on. Where the
    run begins late all the same, the queue fences whichever beginning is the older. Private too.
    """
    label = str(given.queue_name)
    log.warning(
        "run %s was given to this worker and never arrived: it is put back", given.workflow_id
    )
    database = _get_dbos_instance()._sys_db  # noqa: SLF001 - see `_recover`
    # Named for its type: without the extra installed nothing is known of what DBOS returns.
    back: bool = database.reenqueue_for_recovery(given.workflow_id, [str(given.executor_id)], label)
    return back


def _recover(worker: str) -> int:
    """Put what an executor was given back into its queue; return how many runs that are.

    DBOS does this for executors by itself only with a service of its makers. The call is private;
    ``tests/distributed/test_engine.py`` holds what is expected of it.
    """
    handles: list[Any] = DBOS._recover_pending_workflows([worker])  # noqa: SLF001 - see above
    return len(handles)
