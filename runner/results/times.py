"""Times in documents: RFC 3339 in UTC, to the millisecond; Unix seconds in the program."""

from datetime import UTC, datetime
from typing import Literal

LAST_SECOND = 253_402_300_799
"""Unix seconds of the last second that a calendar has."""


def format_time(
    seconds: float | None, *, to: Literal["milliseconds", "seconds"] = "milliseconds"
) -> str | None:
    """Write a time as documents have it."""
    if seconds is None:
        return None
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec=to).replace("+00:00", "Z")


def format_stamp(seconds: float) -> str:
    """Write a time as part of a file's name: ``20261127T221500Z``."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%dT%H%M%SZ")


def parse_time(text: str | None) -> float | None:
    """Read a time; one without a zone is UTC, as those are that we write.

    Raises ValueError, also for what a ledger cannot hold: before 1970, or after 9999 in UTC.
    """
    seconds = parse_any_time(text)
    if seconds is not None and not 0 <= seconds <= LAST_SECOND:
        raise ValueError(f"{text} is no time from 1970 to 9999 in UTC")
    return seconds


def parse_any_time(text: str | None) -> float | None:
    """Read a time of whatever clock. Raises ValueError."""
    if text is None:
        return None
    when = datetime.fromisoformat(text)
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
