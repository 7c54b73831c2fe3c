"""When a schedule is due: cron expressions in a time zone. The only module that knows croniter."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from runner.errors import UsageError
from runner.takes import Account

FIELDS = 5
"""Minute, hour, day of the month, month, day of the week."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A campaign that is run at times. Times are Unix seconds of the database's clock.

    ``last_run`` is the run that was queued at ``last_at``; None where its campaign was in the queue
    already, so that nothing was done. ``max_cost`` is what each run may spend, in USD; None where
    another lookbook wrote it, or it was damaged: it is not due for workers of this one.
    """

    id: str
    account: Account
    campaign: str
    cron: str
    zone: str
    max_cost: Decimal | None
    created_by: str
    next_at: float
    last_at: float | None = None
    last_run: str | None = None

    @property
    def was_skipped(self) -> bool:
        """Return whether nothing was done the last time, because a run had not ended."""
        return self.last_at is not None and self.last_run is None


def compute_next(cron: str, zone: str, after: float) -> float:
    """Return the next time that an expression means, after one; Unix seconds.

    Where clocks go back an hour, what was due in that hour is not due again. Raises UsageError for
    what is no expression, no zone, or never.
    """
    # An extra, and most of what names a schedule computes no time.
    from croniter import CroniterError, croniter  # type: ignore[import-untyped,unused-ignore]

    try:
        local = datetime.fromtimestamp(after, ZoneInfo(zone))
    except (LookupError, ValueError, OSError):
        raise UsageError(
            f"{zone!r} is not a time zone.", hint="An example: --zone Europe/Berlin"
        ) from None
    if len(cron.split()) != FIELDS:
        raise _refuse(cron, "it has not five fields")
    try:
        times = croniter(cron, local)
        upcoming: datetime = times.get_next(datetime)
        while upcoming.replace(tzinfo=None) <= local.replace(tzinfo=None):
            upcoming = times.get_next(datetime)
    except (CroniterError, ValueError) as error:
        raise _refuse(cron, str(error)) from None
    return upcoming.timestamp()


def _refuse(cron: str, why: str) -> UsageError:
    return UsageError(
        f"{cron!r} is not a cron expression that is ever due: {why.rstrip('.')}.",
        hint='An example, every night at two: "0 2 * * *" (minute, hour, day, month, weekday)',
    )
