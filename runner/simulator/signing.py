"""Opaque strings that only their maker can make: signed links and paging cursors."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from runner.simulator.dice import Dice
from runner.simulator.refusals import ApiError, invalid

LINK_SECONDS = 7 * 24 * 3600
"""Life of a preview link (docs/api-facts.md: 7 days)."""


def link(dice: Dice, path: str, expires: int) -> str:
    """Return the path with an expiry (Unix seconds) and a signature over both."""
    seal = dice.seal(f"{path}?{expires}")
    return f"{path}?expires={expires}&signature={seal}"


def check_link(dice: Dice, path: str, query: dict[str, str], now: float) -> None:
    """Refuse (403) a link that was not signed here, was altered, or has expired."""
    expires, seal = query.get("expires", ""), query.get("signature", "")
    if set(query) != {"expires", "signature"} or not dice.sealed(f"{path}?{expires}", seal):
        raise ApiError(403, "forbidden", "The signature of this link does not fit.")
    if now >= int(expires):
        raise ApiError(403, "forbidden", "This link has expired; ask the API for a fresh one.")


def cursor(dice: Dice, listing: str, position: int) -> str:
    """Return a paging token that is good for one listing with one set of filters."""
    seal = dice.seal(f"{listing}@{position}")
    return urlsafe_b64encode(f"{position}.{seal}".encode()).decode().rstrip("=")


def read_cursor(dice: Dice, listing: str, token: str) -> int:
    """Return the position inside a token; 400 for one that this listing did not hand out."""
    try:
        padded = token + "=" * (-len(token) % 4)
        position, _, seal = urlsafe_b64decode(padded.encode("ascii")).decode("ascii").partition(".")
        if dice.sealed(f"{listing}@{position}", seal):
            return int(position)
    except ValueError:  # not ASCII, not base64, not text
        pass
    raise invalid("token", "token was not handed out by this listing.")
