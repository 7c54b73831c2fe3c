"""Times in documents: RFC 3339 in UTC, to the millisecond; Unix seconds in the program."""

from datetime import UTC, datetime


def format_time(seconds: float | None) -> str | None:
    """Write a time as documents have it."""
    if seconds is None:
        return None
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_time(text: str | None) -> float | None:
    """Read a time; one without a zone is UTC, as those are that we write. Raises ValueError."""
    if text is None:
        return None
    when = datetime.fromisoformat(text)
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
