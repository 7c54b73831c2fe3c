"""What the account consists of: frozen values, each one row of the state file.

Amounts are whole millionths of a US dollar, times Unix seconds. ``seq`` counts looks and groups in
the order of their making and never repeats.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

AvatarKind = Literal["photo", "prompt", "digital_twin", "studio"]
GenerationOutcome = Literal["completed", "failed", "moderated"]
Consent = Literal["none", "pending", "approved"]
AssetState = Literal["pending_upload", "uploaded", "completed"]

AVATAR_TYPES: dict[AvatarKind, str] = {
    "photo": "photo_avatar",
    "prompt": "photo_avatar",
    "digital_twin": "digital_twin",
    "studio": "studio_avatar",
}
"""How each way of making a look is called in the API's ``avatar_type``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookRow:
    """One image of a character; what it has become is a matter of the time one asks.

    ``face`` and ``scene`` are the portrait module's own notes on who and what is to be drawn.
    ``expired_link`` holds while the links of this look are handed out already expired,
    ``odd_status`` where it shows a word that the API's page does not list for a day.
    """

    seq: int
    id: str
    name: str
    kind: AvatarKind
    group_id: str
    public: bool = False
    ready_at: float
    outcome: GenerationOutcome = "completed"
    needs_consent: bool = False
    expired_link: bool = False
    odd_status: bool = False
    made_at: float = 0.0
    reference: str | None = None
    prompt: str | None = None
    gender: str | None = None
    face: str
    scene: str
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRow:
    """An identity container."""

    seq: int
    id: str
    name: str
    created_at: int
    public: bool = False
    consent: Consent = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetRow:
    """An uploaded file; its bytes lie in the blob folder under their checksum.

    ``face``, ``scene`` and ``tint`` are what the portrait module read in an image. ``expires_at``
    and ``checksum`` belong to a direct upload: until when, and the SHA-256 it promised.
    """

    id: str
    mime_type: str
    size_bytes: int
    sha256: str
    state: AssetState
    width: int = 0
    height: int = 0
    face: str = ""
    scene: str = ""
    tint: str = ""
    expires_at: float = 0.0
    made_at: float = 0.0
    checksum: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeRow:
    """One accepted generation and its price; ``id`` is the look's, ``at`` when it is taken."""

    id: str
    name: str
    idempotency_key: str | None
    amount: int
    refunded: int = 0
    at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAnswer:
    """A stored answer; ``id`` is endpoint, path parameters and idempotency key in one."""

    id: str
    at: float
    status: int
    body: str


def millionths(amount: Decimal) -> int:
    """Return USD as a whole number of millionths."""
    return int((amount * 1_000_000).to_integral_value())


def to_usd(amount: int) -> float:
    """Return millionths of a dollar as a JSON number in USD."""
    return amount / 1_000_000
