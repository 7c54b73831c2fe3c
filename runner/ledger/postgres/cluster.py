"""Shows and operates the database that machines share (``runner.ledger.cluster.Cluster``)."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from typing import Any

from runner.ledger.cluster import ClusterAccount, ClusterCampaign, ClusterView
from runner.ledger.postgres.account import DEAD_AFTER, count_traffic
from runner.ledger.postgres.ceilings import CEILINGS, OF_KEY, SPENT
from runner.ledger.postgres.connection import PostgresConnection, explain_database_errors
from runner.ledger.postgres.schema import is_migrated, migrate_schema
from runner.policy.budget import MonthCeiling
from runner.takes import Account

NOW = """
SELECT extract(epoch FROM now())::double precision,
       to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM')
"""
ACCOUNTS = f"""
SELECT id, host, "user", simulated,
       ARRAY(SELECT name FROM lookbook.account_names WHERE account = accounts.id ORDER BY name),
       pace, paused_by, extract(epoch FROM paused_at)::double precision,
       ({SPENT.format("coalesce(sum(usd), 0)")} = accounts.id)
  FROM lookbook.accounts ORDER BY host, "user"
"""  # noqa: S608 - our own words
CAMPAIGNS = """
SELECT account.host, account."user", account.simulated, campaign.name,
       CASE WHEN alive THEN split_part(campaign.owner, ' #', 1) END,
       CASE WHEN alive THEN extract(epoch FROM campaign.claimed_at)::double precision END,
       count(take.uid),
       count(*) FILTER (WHERE take.state IN ('submitting', 'processing', 'unknown')),
       coalesce(sum(lookbook.counted(take.billing, take.price)), 0),
       coalesce(sum(lookbook.counted(take.billing, take.price,
                                     (campaign.counts_at ->> take.kind)::numeric))
                FILTER (WHERE lookbook.month_of(take.bought_at) = lookbook.month_of(now())), 0)
  FROM lookbook.campaigns campaign
  JOIN lookbook.accounts account ON account.id = campaign.account
  CROSS JOIN LATERAL (SELECT coalesce(
      campaign.heartbeat_at > clock_timestamp() - make_interval(secs => %s), false) AS alive) held
  LEFT JOIN lookbook.takes take ON take.campaign = campaign.id
 GROUP BY account.id, campaign.id, alive
 ORDER BY account.host, account."user", campaign.name
"""
SET_CEILING = (
    "INSERT INTO lookbook.ceilings (account, usd, set_by) VALUES (%s, %s, %s) "
    "ON CONFLICT (account) DO UPDATE SET usd = excluded.usd, set_by = excluded.set_by, "
    "set_at = now() RETURNING 1"
)
REMOVE_CEILING = "DELETE FROM lookbook.ceilings WHERE account IS NOT DISTINCT FROM %s RETURNING 1"
PAUSE = (
    "UPDATE lookbook.accounts SET paused_by = %s, "
    "paused_at = CASE WHEN %s::text IS NOT NULL THEN now() END WHERE id = %s RETURNING 1"
)


@contextmanager
def open_cluster(address: str) -> "Iterator[PostgresCluster | None]":
    """Open what operates a database, with its tables brought up to date; None where it has none."""
    with (
        closing(PostgresConnection(address)) as connection,
        explain_database_errors(connection),
    ):
        if not is_migrated(connection):
            yield None
            return
        migrate_schema(connection)
        yield PostgresCluster(connection)


class PostgresCluster:
    """Accounts and campaigns of one database (``runner.ledger.cluster.Cluster``)."""

    def __init__(self, connection: PostgresConnection) -> None:
        self._connection = connection

    def _fetch(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return self._connection.fetch_again(statement, values)

    def view(self) -> ClusterView:
        ((now, month),) = self._fetch(NOW)
        campaigns = [
            ClusterCampaign(Account(host, user, simulated=simulated), *row)
            for host, user, simulated, *row in self._fetch(CAMPAIGNS, DEAD_AFTER)
        ]
        accounts = [self._read_account(row, now) for row in self._fetch(ACCOUNTS)]
        return ClusterView(now, month, self._find_ceiling(None, None), accounts, campaigns)

    def _read_account(self, row: tuple[Any, ...], now: float) -> ClusterAccount:
        known, host, user, simulated, names, pace, paused_by, paused_at, spent = row
        account, facts = Account(host, user, simulated=simulated), json.loads(pace)
        traffic = count_traffic(self._connection, known)
        return ClusterAccount(
            account,
            tuple(names),
            limit=facts.get("limit"),
            paused_by=paused_by,
            paused_at=paused_at,
            refused_for=max(0.0, facts.get("paused_until", 0.0) - now),
            in_progress=traffic.sending + traffic.in_progress + traffic.unknown,
            unknown=traffic.unknown,
            spent=spent,
            ceiling=self._find_ceiling(known, account.label),
        )

    def _find_ceiling(self, known: int | None, label: str | None) -> MonthCeiling | None:
        found = [MonthCeiling(*row) for row in self._fetch(CEILINGS, known)]
        return next((one for one in found if one.account == label), None)

    def _find_id(self, account: Account) -> int:
        rows = self._fetch(OF_KEY, account.host, account.user, account.simulated)
        found: int = rows[0][0]
        return found

    def set_ceiling(self, account: Account | None, usd: Decimal | None, *, by: str) -> None:
        whose = None if account is None else self._find_id(account)
        if usd is None:
            self._fetch(REMOVE_CEILING, whose)
        else:
            self._fetch(SET_CEILING, whose, usd, by)

    def pause(self, account: Account, *, by: str) -> None:
        self._fetch(PAUSE, by, by, self._find_id(account))

    def resume(self, account: Account) -> None:
        self._fetch(PAUSE, None, None, self._find_id(account))
