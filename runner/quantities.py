"""Money, time and counts as people read them, on the terminal and in the catalog. Pure."""

from decimal import Decimal

MAX_PLACES = 6
"""Decimal places of an amount: what adding up JSON numbers leaves beyond them is no money."""

_HOURS_UNTIL_DAYS = 36


def format_usd(amount: Decimal | float | None) -> str:
    """Write an amount with cents, and with more places only where it has more: ``$1,200.00``."""
    if amount is None:
        return "—"
    exact, places = _with_places(amount)
    return f"${exact:,.{places}f}"


def format_amount(amount: Decimal | float) -> str:
    """Write an amount in USD as options take it: ``1200.00``."""
    exact, places = _with_places(amount)
    return f"{exact:.{places}f}"


def _with_places(amount: Decimal | float) -> tuple[Decimal, int]:
    """Return an amount, and how many decimal places it is written with."""
    exact = Decimal(str(amount)).normalize()
    if int(exact.as_tuple().exponent) < -MAX_PLACES:
        exact = round(exact, MAX_PLACES).normalize()
    return exact, max(2, -int(exact.as_tuple().exponent))


def pluralize(count: int, one: str) -> str:
    """Write a count with its noun: ``1 look``, ``3 looks``."""
    return f"{count} {one}{'' if count == 1 else 's'}"


def format_duration(seconds: float) -> str:
    """Write a measured time: ``0.4 s``, ``48 s``, ``1 min 24 s``, ``2 h 5 min``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def format_estimate(seconds: float) -> str:
    """Write an expected time as roughly as it is known: ``about 10 s``, ``about 1 h 30 min``."""
    return "a few seconds" if seconds < 5 else f"about {_round(seconds)}"


def format_age(seconds: float) -> str:
    """Write how long ago something was: ``10 min ago``, ``2 days ago``."""
    if seconds < 60:
        return "less than a minute ago"
    if seconds < _HOURS_UNTIL_DAYS * 3600:
        return f"{_round(seconds)} ago"
    return f"{round(seconds / 86_400)} days ago"


def _round(seconds: float) -> str:
    """Round to five seconds, to a minute, and from 90 minutes on to ten minutes."""
    if seconds < 55:
        return f"{5 * round(seconds / 5)} s"
    minutes = max(1, round(seconds / 60))
    if minutes < 90:
        return f"{minutes} min"
    hours, minutes = divmod(10 * round(minutes / 10), 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
