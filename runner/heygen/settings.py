"""What the environment says about talking to the API; read once, checked, and frozen.

The names are the official client's (docs/api-facts.md#service): ``HEYGEN_API_BASE``,
``HEYGEN_ALLOW_HTTP``, ``HEYGEN_MAX_RETRIES``. The environment is handed in.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from runner.errors import UsageError
from runner.heygen.address import DEFAULT_BASE, Address, parse_address

_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"", "0", "false", "no", "off"})
_MAX_RETRIES = 100


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """Where the API is, whether plain http may leave this machine, and the bound on retries.

    ``max_retries`` is None where the environment says nothing; the policy has a default of its own.
    """

    address: Address
    allow_http: bool = False
    max_retries: int | None = None


def read_settings(environment: Mapping[str, str]) -> ApiSettings:
    """Read the variables; one that is empty counts as absent.

    Raises UsageError that names the variable and says what it may be.
    """
    allow_http = _flag(environment, "HEYGEN_ALLOW_HTTP")
    base = environment.get("HEYGEN_API_BASE", "").strip() or DEFAULT_BASE
    return ApiSettings(
        address=parse_address(base, allow_http=allow_http, source="HEYGEN_API_BASE"),
        allow_http=allow_http,
        max_retries=_count(environment, "HEYGEN_MAX_RETRIES", most=_MAX_RETRIES),
    )


def _flag(environment: Mapping[str, str], name: str) -> bool:
    value = environment.get(name, "").strip().lower()
    if value not in _YES | _NO:
        raise UsageError(f"{name} is {value!r}", hint=f"Set {name} to 1 or 0, or unset it.")
    return value in _YES


def _count(environment: Mapping[str, str], name: str, *, most: int) -> int | None:
    value = environment.get(name, "").strip()
    if not value:
        return None
    if not (value.isascii() and value.isdigit() and len(value) <= 9 and int(value) <= most):
        raise UsageError(
            f"{name} is {value!r}", hint=f"Set {name} to a whole number from 0 to {most}."
        )
    return int(value)
