"""How an account may depart from the API's page: switches in one frozen value, all off by default.

The page promises much, and gateways, resellers and mistakes promise nothing. Each switch is a way
in which the service was seen, or is feared, to behave otherwise; docs/simulator.md lists them.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any, Literal, get_args

Keys = Literal["honoured", "all", "avatars"]
Statuses = Literal["listed", "capitals", "unlisted", "absent"]
BillingModel = Literal["wallet", "credits", "subscription", "usage-based", "none"]


@dataclass(frozen=True, slots=True)
class Reload:
    """Automatic top-up of the wallet: how much, and below which balance, in USD."""

    amount: Decimal
    threshold: Decimal


def _seconds(text: str) -> float:
    number = float(text)
    if not isfinite(number) or number < 0:
        raise ValueError
    return number


def _amount(text: str) -> Decimal:
    amount = Decimal(text)
    if not amount.is_finite() or amount < 0:
        raise ValueError
    return amount


def _whole(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError
    return number


def _status(text: str) -> int:
    number = int(text)
    if not 400 <= number < 500:
        raise ValueError
    return number


def _flag(text: str) -> bool:
    return {"": True, "on": True, "off": False}[text]


def _reload(text: str) -> Reload:
    amount, threshold = text.split(",")
    return Reload(_amount(amount), _amount(threshold))


def _one_of(words: Iterable[str], bare: str | None = None) -> Callable[[str], str]:
    known = {word: word for word in words} | ({"": bare} if bare is not None else {})
    return known.__getitem__


FLAG, SECONDS, COUNT, USD = "on, off or nothing", "seconds", "a number", "USD"
BILLINGS = ", ".join(get_args(BillingModel))

SWITCHES: dict[str, tuple[Callable[[str], object], str]] = {
    "ignore-keys": (_one_of(get_args(Keys), "all"), "all or avatars"),
    "lists-lag": (_seconds, SECONDS),
    "reads-lag": (_seconds, SECONDS),
    "wallet-lag": (_seconds, SECONDS),
    "reference-lag": (_seconds, SECONDS),
    "photo-price": (_amount, USD),
    "prompt-price": (_amount, USD),
    "charge-at-completion": (_flag, FLAG),
    "no-refunds": (_flag, FLAG),
    "store-refusals": (_flag, FLAG),
    "statuses": (_one_of(get_args(Statuses)), "capitals, unlisted, absent"),
    "no-group": (_flag, FLAG),
    "no-group-ids": (_flag, FLAG),
    "lists-404": (_seconds, SECONDS),
    "lists-gateway-404": (_seconds, SECONDS),
    "gateway-lasts": (_seconds, SECONDS),
    "forbid": (str, "words of a name or a prompt, or nothing for every generation"),
    "max-groups": (_whole, COUNT),
    "max-looks": (_whole, COUNT),
    "daily-quota": (_whole, COUNT),
    "money-status": (_status, "a status from 400 to 499"),
    "asset-life": (_seconds, SECONDS),
    "billing": (_one_of(get_args(BillingModel)), BILLINGS),
    "auto-reload": (_reload, "AMOUNT,THRESHOLD in USD"),
}
"""Every switch by the name that people type: how its value is read, and what it may be."""


LISTS_PERIOD = 600.0
"""Seconds, the first so many of which are without lists (``lists_404``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What is otherwise than the page says; the defaults are the page. Times are in seconds.

    ``ignore_keys``: a repeated Idempotency-Key acts and charges again, everywhere or only on
    ``POST /v3/avatars``. ``lists_lag``, ``reads_lag``: how old a look is before lists show it,
    before it can be read. ``wallet_lag``: after which a charge shows. ``reference_lag``: how long a
    completed look is refused as ``avatar_id``. ``photo_price``, ``prompt_price``: None is the
    account's one price. ``charge_at_completion``: nothing is taken before, nor for a failure.
    ``no_refunds``: failures cost as much. ``store_refusals``: a key replays its refusal too.
    ``statuses``: in capitals, a word that is not listed while in progress, or absent when done.
    ``no_group``: an accepted generation names its look alone. ``no_group_ids``: no look names its
    group, in answers and lists. ``lists_404``, ``lists_gateway_404``: for how long of every
    ``LISTS_PERIOD`` lists are not found, by the API's word or by a gateway's page.
    ``gateway_lasts``: for how long a gateway's page, once a fault struck, answers everything.
    ``forbid``: generations whose name or prompt has these words are 403 ``forbidden``; no words are
    in every one. ``max_groups``, ``max_looks`` (in one group), ``daily_quota`` (generations): 0 is
    no limit. ``money_status``: of the code ``insufficient_credit``. ``asset_life``: after which an
    upload is gone; 0 is never.
    ``billing``, ``auto_reload``: what ``GET /v3/users/me`` tells.
    """

    ignore_keys: Keys = "honoured"
    lists_lag: float = 0.0
    reads_lag: float = 0.0
    wallet_lag: float = 0.0
    reference_lag: float = 0.0
    photo_price: Decimal | None = None
    prompt_price: Decimal | None = None
    charge_at_completion: bool = False
    no_refunds: bool = False
    store_refusals: bool = False
    statuses: Statuses = "listed"
    no_group: bool = False
    no_group_ids: bool = False
    lists_404: float = 0.0
    lists_gateway_404: float = 0.0
    gateway_lasts: float = 0.0
    forbid: str | None = None
    max_groups: int = 0
    max_looks: int = 0
    daily_quota: int = 0
    money_status: int = 402
    asset_life: float = 0.0
    billing: BillingModel = "wallet"
    auto_reload: Reload | None = None

    @classmethod
    def parse(cls, texts: Iterable[str]) -> "Behaviour":
        """Read ``NAME`` or ``NAME=VALUE`` for each switch, or raise ValueError."""
        values: dict[str, Any] = {}
        for text in texts:
            name, _, value = text.partition("=")
            if name not in SWITCHES:
                known = ", ".join(SWITCHES)
                raise ValueError(f"behaviour {text!r}: {name!r} is not one of {known}")
            if name in values:
                raise ValueError(f"behaviour {name!r} is given twice")
            read, form = SWITCHES[name]
            try:
                values[name] = read(value)
            except (ValueError, KeyError, InvalidOperation):
                raise ValueError(f"behaviour {text!r}: {name} takes {form}") from None
        return cls(**{name.replace("-", "_"): value for name, value in values.items()})

    def texts(self) -> list[str]:
        """Return the switches that are not as the page has it, each as its name."""
        changed = [one for one in fields(self) if getattr(self, one.name) != one.default]
        return [one.name.replace("_", "-") for one in changed]


AS_DOCUMENTED = Behaviour()
