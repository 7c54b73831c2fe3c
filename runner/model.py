"""The frozen values that travel between the stages: campaign, take, snapshot.

Data flows one way: file → document → *campaign* → plan → execution → ledger → catalog. Everything
here is immutable and knows nothing of files, clocks or networks. The words are the design's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from runner.prices import LATEST

__all__ = [
    "BASE",
    "COUNTING",
    "Account",
    "Billing",
    "Budget",
    "Campaign",
    "FileImage",
    "Image",
    "InlineImage",
    "LiteralRef",
    "Look",
    "LookKind",
    "LookRef",
    "LookState",
    "Matrix",
    "Prices",
    "Reference",
    "Snapshot",
    "Take",
    "TakeState",
    "UploadedImage",
    "UrlImage",
]

BASE = "base"
"""The look key of a campaign's base; no other look may use it."""


# --- images --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FileImage:
    """A local picture, known by its content: moving or renaming the file changes nothing.

    ``path`` is absolute, ``source`` is what the manifest says, sizes are in bytes and pixels.
    """

    path: Path
    source: str
    sha256: str
    media_type: str
    size_bytes: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class UrlImage:
    """A picture that HeyGen fetches itself; known by the URL's text."""

    url: str


@dataclass(frozen=True, slots=True)
class UploadedImage:
    """A picture that is an asset of the account already; known by its id."""

    asset_id: str


@dataclass(frozen=True, slots=True)
class InlineImage:
    """A picture written into the manifest as base64; known by its content's hash."""

    media_type: str
    data: str
    sha256: str


Image = FileImage | UrlImage | UploadedImage | InlineImage


# --- the campaign: what a manifest declares ---------------------------------------------------


@dataclass(frozen=True, slots=True)
class LookRef:
    """A look of this campaign, by its key: ``{look: KEY}``."""

    look: str


@dataclass(frozen=True, slots=True)
class LiteralRef:
    """A look or a group of the account, by the id that HeyGen gave it."""

    id: str


Reference = LookRef | LiteralRef


class LookKind(StrEnum):
    """How a look comes into being; ``photo`` and ``prompt`` are the API's types, and cost money."""

    PHOTO = "photo"
    PROMPT = "prompt"
    EXISTING = "existing"


@dataclass(frozen=True, slots=True)
class Look:
    """One image of a character, as the manifest wants it. The base is the look named ``base``.

    ``reference`` is the look whose image conditions this one (the API's ``avatar_id``), ``group``
    where it is saved (``avatar_group_id``); None means that the request does not carry the field.
    ``name`` is None for a look that exists already: its name is never changed. ``images`` are the
    reference images of a prompt; ``photo`` is the file of a photo. ``takes`` is how many candidates
    are bought, ``retries`` how many failed generations may be bought again without asking.
    ``axes`` are (axis, value) pairs of the matrix that made it. ``line`` is where the manifest
    declares it, counted from 1.
    """

    key: str
    kind: LookKind
    title: str
    name: str | None
    prompt: str | None = None
    photo: Image | None = None
    existing: str | None = None
    reference: Reference | None = None
    group: Reference | None = None
    images: tuple[Image, ...] = ()
    takes: int = 1
    retries: int = 0
    tags: tuple[str, ...] = ()
    matrix: str | None = None
    axes: tuple[tuple[str, str], ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class Matrix:
    """One ``matrix`` entry: its axes with their value keys in the manifest's order."""

    id: str
    axes: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Budget:
    """Ceilings in USD, for one run and for all the campaign ever spends. None: no ceiling."""

    run_usd: Decimal | None = None
    campaign_usd: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Prices:
    """USD for one generation, by type: the list price unless somebody says otherwise."""

    photo: Decimal = LATEST.photo
    prompt: Decimal = LATEST.prompt

    def of(self, kind: LookKind) -> Decimal:
        """Give the price of one take; a look that exists costs nothing."""
        if kind is LookKind.PHOTO:
            return self.photo
        return self.prompt if kind is LookKind.PROMPT else Decimal(0)

    @property
    def listed_on(self) -> date | None:
        """The day of the price list that these are from; None for prices of one's own."""
        return LATEST.on if self == Prices() else None


@dataclass(frozen=True, slots=True)
class Campaign:
    """What one manifest declares, checked and expanded: one base and its looks.

    ``looks`` holds the base first, then the manifest's order; every ``LookRef`` in it exists and
    there is no cycle. ``manifest`` is the absolute path of the file.
    """

    name: str
    manifest: Path
    looks: tuple[Look, ...]
    budget: Budget = Budget()
    prices: Prices = Prices()
    matrices: tuple[Matrix, ...] = ()


# --- the ledger's values -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Account:
    """Whose ledger it is: API host and user. ``simulated`` marks the embedded simulator's."""

    host: str
    user: str
    simulated: bool = False

    @property
    def label(self) -> str:
        """``host/user``, or ``simulator``: how people and other programs name the account."""
        return "simulator" if self.simulated else f"{self.host}/{self.user}"


class TakeState(StrEnum):
    """The states of a take; ``runner.policy.lifecycle`` says which event moves which to which."""

    PLANNED = "planned"
    SUBMITTING = "submitting"
    UNKNOWN = "unknown"
    PROCESSING = "processing"
    PENDING_CONSENT = "pending_consent"
    COMPLETED = "completed"
    FETCHED = "fetched"
    FAILED = "failed"
    DELETED = "deleted"
    """It is gone at HeyGen; its record, its money and its picture stay."""


class LookState(StrEnum):
    """A look is in its picked take's state, or blocked by another look, or stale."""

    PLANNED = "planned"
    SUBMITTING = "submitting"
    UNKNOWN = "unknown"
    PROCESSING = "processing"
    PENDING_CONSENT = "pending_consent"
    COMPLETED = "completed"
    FETCHED = "fetched"
    FAILED = "failed"
    BLOCKED = "blocked"
    STALE = "stale"


class Billing(StrEnum):
    """What is known of a take's money."""

    NONE = "none"
    """Nothing was bought: never sent, refused, or paid by nobody."""
    RESERVED = "reserved"
    """Sent or about to be; the price is held against the budget."""
    UNKNOWN = "unknown"
    """The answer was lost; the price stays held until it is decided."""
    BILLED = "billed"
    """The server accepted the work."""
    ASSUMED = "assumed_billed"
    """The generation failed; the API does not say whether it was billed, so it counts."""
    REFUNDED = "refunded"
    """The generation failed, and the wallet shows that it was not billed."""


COUNTING = frozenset({Billing.RESERVED, Billing.UNKNOWN, Billing.BILLED, Billing.ASSUMED})
"""The kinds of billing that count against a budget."""


@dataclass(frozen=True, slots=True)
class Take:
    """One paid generation of a look, as the ledger knows it. Times are Unix seconds.

    ``uid`` is the ledger's own name of the take; people see ``LOOK#NUMBER``. ``identity`` is the
    hash of what was paid for and ``ingredients`` its canonical JSON. ``reference_id`` and
    ``group_wanted`` are the literal ids in the stored body. ``key`` is the idempotency key of the
    latest intent, ``sent_at`` when that intent was committed, ``attempts`` how often its body left.
    ``replaces`` is the uid of the pick that this take was bought to replace (an edit, a cascade);
    ``reroll`` marks a candidate that must not change the pick. ``run`` is the run whose budget the
    money counts in. ``image`` is a path relative to the state folder, ``sha256`` its content.
    """

    uid: str
    look: str
    number: int
    kind: LookKind
    identity: str
    ingredients: str
    name: str | None
    state: TakeState = TakeState.PLANNED
    billing: Billing = Billing.NONE
    price: Decimal = Decimal(0)
    run: str | None = None
    replaces: str | None = None
    reroll: bool = False
    reference_look: str | None = None
    reference_id: str | None = None
    group_wanted: str | None = None
    key: str | None = None
    body_sha256: str | None = None
    sent_at: float | None = None
    resent_at: float | None = None
    attempts: int = 0
    avatar_id: str | None = None
    group_id: str | None = None
    accepted_at: float | None = None
    completed_at: float | None = None
    error_code: str | None = None
    error_message: str | None = None
    request_id: str | None = None
    consent_url: str | None = None
    image: str | None = None
    sha256: str | None = None
    width: int | None = None
    height: int | None = None

    @property
    def label(self) -> str:
        """``LOOK#NUMBER``, as people write it."""
        return f"{self.look}#{self.number}"

    @property
    def usable(self) -> bool:
        """Whether its image can condition another look."""
        return self.state in (TakeState.COMPLETED, TakeState.FETCHED)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a ledger holds at one moment: every take by look key, in number order, and the picks.

    ``picks`` maps a look's key to the uid of its picked take. ``account`` is None where no ledger
    exists yet. ``spent`` is what counts against the campaign's budget so far, in USD.
    """

    account: Account | None = None
    campaign: str | None = None
    takes: Mapping[str, tuple[Take, ...]] = field(default_factory=lambda: MappingProxyType({}))
    picks: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    spent: Decimal = Decimal(0)

    def pick(self, look: str) -> Take | None:
        """Give the picked take of a look, or None while there is none."""
        uid = self.picks.get(look)
        if uid is not None:
            for take in self.takes.get(look, ()):
                if take.uid == uid:
                    return take
        return None
