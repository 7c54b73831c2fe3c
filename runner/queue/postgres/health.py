"""Reads the numbers for a monitor: a few statements, over a connection of their own each time.

No campaign is named, and no take is read that is not under way: what a scrape costs does not grow
with the ledger.
"""

from collections import defaultdict
from contextlib import closing
from typing import Any

from runner.ledger.postgres.ceilings import SPENT
from runner.ledger.postgres.connection import PostgresConnection, explain_database_errors
from runner.queue.health import RECENT, AccountHealth, ClusterHealth, Pending
from runner.queue.port import WORKER_DEAD_AFTER
from runner.takes import Account, TakeState

ACCOUNTS = f"""
SELECT account.id, account.host, account."user", account.simulated,
       account.paused_by IS NOT NULL,
       (SELECT count(*) FROM lookbook.worker_accounts served
          JOIN lookbook.workers worker ON worker.name = served.worker
         WHERE served.account = account.id
           AND worker.beat_at > clock_timestamp() - make_interval(secs => %s)),
       runs.*, campaigns.*,
       ({SPENT.format("coalesce(sum(usd), 0)")} = account.id),
       (SELECT usd FROM lookbook.ceilings ceiling WHERE ceiling.account = account.id)
  FROM lookbook.accounts account
 CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE started_at IS NULL),
           count(*) FILTER (WHERE started_at IS NOT NULL),
           coalesce(extract(epoch FROM clock_timestamp()
                            - min(queued_at) FILTER (WHERE started_at IS NULL)), 0)::float8
      FROM lookbook.runs WHERE runs.account = account.id AND ended_at IS NULL) runs
 CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE silent <= %s), count(*) FILTER (WHERE silent > %s),
           coalesce(max(silent), 0)
      FROM (SELECT extract(epoch FROM clock_timestamp() - heartbeat_at)::float8 AS silent
              FROM lookbook.campaigns campaign
             WHERE campaign.account = account.id AND heartbeat_at IS NOT NULL) held) campaigns
 ORDER BY account.host, account."user", account.simulated
"""  # noqa: S608 - our own words
PENDING_TAKES = """
SELECT campaign.account, take.state, count(*),
       extract(epoch FROM clock_timestamp() - min(take.moved_at))::float8
  FROM lookbook.takes take JOIN lookbook.campaigns campaign ON campaign.id = take.campaign
 WHERE take.state IN ('submitting', 'processing', 'unknown') GROUP BY 1, 2
"""
ENDED = """
SELECT account, exit_code, count(*) FROM lookbook.runs
 WHERE exit_code IS NOT NULL AND ended_at > clock_timestamp() - make_interval(secs => %s)
 GROUP BY 1, 2
"""
CEILING = "SELECT usd FROM lookbook.ceilings WHERE account IS NULL"


def read_health(address: str) -> ClusterHealth:
    """Return the numbers of the database at an address. Raises LookbookError, and waits for none.

    A server that is away is a fact that a monitor wants to know now.
    """
    with (
        closing(PostgresConnection(address)) as connection,
        explain_database_errors(connection),
        connection.view(),
    ):
        pending: defaultdict[int, dict[TakeState, Pending]] = defaultdict(dict)
        for account, state, count, oldest in connection.fetch(PENDING_TAKES):
            pending[account][TakeState(state)] = Pending(count, oldest)
        ended: defaultdict[int, dict[int, int]] = defaultdict(dict)
        for account, code, count in connection.fetch(ENDED, (RECENT,)):
            ended[account][code] = count
        rows = connection.fetch(ACCOUNTS, (WORKER_DEAD_AFTER, WORKER_DEAD_AFTER, WORKER_DEAD_AFTER))
        accounts = [_read_account(row, pending[row[0]], ended[row[0]]) for row in rows]
        ceiling = next((usd for (usd,) in connection.fetch(CEILING)), None)
    return ClusterHealth(accounts, ceiling)


def _read_account(
    row: tuple[Any, ...], pending: dict[TakeState, Pending], ended: dict[int, int]
) -> AccountHealth:
    _, host, user, simulated, *numbers = row
    account = Account(host, user, simulated=simulated)
    return AccountHealth(account, *numbers, pending=pending, ended=ended)
