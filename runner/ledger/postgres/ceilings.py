"""Ceilings by calendar month (UTC), by the database's clock, and what counts against them.

What counts is kept as changes (``spending``), which triggers write: whoever buys, or gives back,
waits for nobody. It belongs to the month of the take's last intent.
"""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from runner.ledger.postgres.connection import PostgresConnection
from runner.policy.budget import CountedPrice, MonthCeiling
from runner.takes import Account

MAX_ROWS = 200
"""So many rows of what an account spent in a month are summed up when it is locked."""

SPENT = "SELECT {} FROM lookbook.spending WHERE month = lookbook.month_of(now()) AND account"

CEILINGS = f"""
SELECT CASE WHEN account.simulated THEN 'simulator'
            ELSE account.host || '/' || account."user" END,
       to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM'), ceiling.usd,
       CASE WHEN ceiling.account IS NULL
            THEN ({SPENT.format("coalesce(sum(usd), 0)")}
                  = ANY (ARRAY(SELECT id FROM lookbook.accounts WHERE NOT simulated)))
            ELSE ({SPENT.format("coalesce(sum(usd), 0)")} = ceiling.account) END,
       ceiling.set_by
  FROM lookbook.ceilings ceiling LEFT JOIN lookbook.accounts account
    ON account.id = ceiling.account
  LEFT JOIN lookbook.accounts asking ON asking.id = %s
 WHERE ceiling.account = asking.id
    OR (ceiling.account IS NULL AND asking.simulated IS NOT TRUE)
"""  # noqa: S608 - our own words
"""The ceilings that hold for an account, with what counts against them this month.

That of all accounts holds for no simulated one: what those spend does not count towards it.
"""

RECOUNTED = """
SELECT coalesce(sum(more.usd), 0)
  FROM lookbook.campaigns campaign
 CROSS JOIN LATERAL lookbook.recount(campaign.id, %s, %s, %s) more
 WHERE campaign.account = %s AND campaign.name = %s AND more.month = lookbook.month_of(now())
"""
"""What a campaign's takes of a kind would count more this month at another price than they do."""

HAS_COUNTED_PRICES = "SELECT to_regproc('lookbook.recount')"
COUNT_ROWS = f"{SPENT.format('count(*)')} = %s"

OF_KEY = 'SELECT id FROM lookbook.accounts WHERE (host, "user", simulated) = (%s, %s, %s)'
LOCK_TOTAL_CEILING = "SELECT lookbook.lock_studio()"
"""Locks the ceiling of all accounts: after an account's row, and before any campaign's."""

SUM_UP = "SELECT lookbook.sum_up(%s)"


def lock_ceilings(connection: PostgresConnection, account: int) -> tuple[MonthCeiling, ...]:
    """Return the ceilings that hold for an account, until the transaction under way ends.

    The account's row is locked already; so is the ceiling of all accounts from here on, where one
    is set. What counts is that of the month in which the transaction began: takes are stamped so.
    """
    connection.fetch(LOCK_TOTAL_CEILING)
    if connection.fetch(COUNT_ROWS, (account,))[0][0] > MAX_ROWS:
        connection.fetch(SUM_UP, (account,))
    return tuple(MonthCeiling(*row) for row in connection.fetch(CEILINGS, (account,)))


def find_ceilings(
    connection: PostgresConnection,
    account: Account,
    campaign: str = "",
    counted: Iterable[CountedPrice] = (),
) -> list[MonthCeiling]:
    """Return the ceilings that hold for an account now; none in tables of an older program.

    ``counted`` is what takes of ``campaign`` would count at in a run that is about to begin.
    """
    if connection.fetch("SELECT to_regclass('lookbook.ceilings')") == [(None,)]:
        return []
    key = (account.host, account.user, account.simulated)
    rows = connection.fetch(OF_KEY, key)
    if not rows and account.simulated:
        return []
    found = connection.fetch(CEILINGS, rows[0] if rows else (None,))
    ceilings = [MonthCeiling(*row) for row in found]
    if not ceilings or not rows or connection.fetch(HAS_COUNTED_PRICES) == [(None,)]:
        return ceilings
    more = [
        connection.fetch(RECOUNTED, (str(one.kind), *one[1:], *rows[0], campaign))[0][0]
        for one in counted
    ]
    return [replace(one, spent=one.spent + sum(more, Decimal(0))) for one in ceilings]
