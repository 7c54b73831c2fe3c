"""What a person can choose about a simulator, and how each choice is spelled on a command line."""

import math
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal, get_args

from runner.simulator.behaviour import AS_DOCUMENTED, Behaviour

FaultKind = Literal[
    "drop-request",
    "drop-response",
    "truncate",
    "garbage",
    "error-500",
    "error-503",
    "error-500-after",
    "slow",
    "rate-limit",
    "gateway-403",
    "gateway-404",
    "gateway-502",
    "gateway-504",
    "conflict",
    "not-ready",
    "deny",
    "error-body",
    "fail-generation",
    "moderation",
    "consent",
    "expired-link",
    "odd-status",
    "drift",
]

FAULT_KINDS: tuple[FaultKind, ...] = get_args(FaultKind)
LATENCY_FORMS = "fixed:SECONDS, uniform:FROM,TO or lognormal:MEDIAN,SIGMA"


@dataclass(frozen=True, slots=True)
class Latency:
    """How long a generation takes, in seconds: a distribution sampled with a number in [0, 1)."""

    shape: Literal["fixed", "uniform", "lognormal"]
    first: float
    second: float = 0.0

    @classmethod
    def parse(cls, text: str) -> "Latency":
        """Read ``fixed:2``, ``uniform:1,3`` or ``lognormal:4,0.4``, or raise ValueError."""
        shape, _, rest = text.partition(":")
        numbers = [_seconds(part, text) for part in rest.split(",")]
        match shape, numbers:
            case "fixed", [seconds]:
                return cls("fixed", seconds)
            case "uniform", [low, high]:
                if low > high:
                    raise ValueError(
                        f"latency {text!r}: the first number must not exceed the second"
                    )
                return cls("uniform", low, high)
            case "lognormal", [median, sigma]:
                if median <= 0:
                    raise ValueError(f"latency {text!r}: the median must be above zero")
                return cls("lognormal", median, sigma)
        raise ValueError(f"latency {text!r} is not {LATENCY_FORMS}")

    def sample(self, fraction: float) -> float:
        """Return the seconds at this quantile of the distribution."""
        if self.shape == "fixed":
            return self.first
        if self.shape == "uniform":
            return self.first + (self.second - self.first) * fraction
        if self.second == 0:
            return self.first
        from statistics import NormalDist

        quantile = min(max(fraction, 1e-9), 1 - 1e-9)
        return self.first * math.exp(self.second * NormalDist().inv_cdf(quantile))

    def __str__(self) -> str:
        numbers = f"{self.first:g}" if self.shape == "fixed" else f"{self.first:g},{self.second:g}"
        return f"{self.shape}:{numbers}"


def _seconds(text: str, whole: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"latency {whole!r} is not {LATENCY_FORMS}") from None
    if not math.isfinite(number) or number < 0:
        raise ValueError(f"latency {whole!r}: {text!r} is not a number of seconds")
    return number


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of trouble and how likely it is, from 0 to 1."""

    kind: FaultKind
    probability: float

    @classmethod
    def parse(cls, text: str) -> "Fault":
        """Read ``KIND:PROBABILITY``, for example ``drop-response:0.1``."""
        name, colon, chance = text.partition(":")
        kind = next((known for known in FAULT_KINDS if known == name), None)
        if kind is None:
            raise ValueError(f"fault {text!r}: {name!r} is not one of {', '.join(FAULT_KINDS)}")
        try:
            probability = float(chance)
        except ValueError:
            probability = -1.0
        if not colon or not 0 <= probability <= 1:
            raise ValueError(f"fault {text!r} needs a probability from 0 to 1, as in {name}:0.1")
        return cls(kind, probability)

    def __str__(self) -> str:
        return f"{self.kind}:{self.probability:g}"


@dataclass(frozen=True, slots=True)
class SimulatorSettings:
    """Everything that decides how a simulator behaves; two with equal settings answer alike.

    ``balance`` is the wallet in USD at the start of the account (None: it never runs dry),
    ``price`` what one generation costs, ``concurrency`` how many generations may be in progress at
    once. ``behaviour`` is how the account departs from the API's page. ``state`` is the file that
    keeps the account; without one it lives as long as the process.
    """

    seed: int = 0
    latency: Latency = Latency("fixed", 2.0)
    concurrency: int = 10
    balance: Decimal | None = None
    price: Decimal = Decimal("1.00")
    pictures: bool = True
    faults: tuple[Fault, ...] = ()
    state: Path | None = None
    behaviour: Behaviour = AS_DOCUMENTED
    slow_seconds: float = 3.0
    username: str = "simulated"

    def __post_init__(self) -> None:
        if self.concurrency < 1:
            raise ValueError(f"concurrency must be at least 1, not {self.concurrency}")
        for name, amount in (("balance", self.balance), ("price", self.price)):
            if amount is not None and not (amount.is_finite() and amount >= 0):
                raise ValueError(f"{name} must be an amount in USD, not {amount}")
        if not (math.isfinite(self.slow_seconds) and self.slow_seconds >= 0):
            raise ValueError(f"slow answers need a number of seconds, not {self.slow_seconds}")
        kinds = [fault.kind for fault in self.faults]
        for kind in kinds:
            if kinds.count(kind) > 1:
                raise ValueError(f"fault {kind!r} is given twice")
