"""What a ledger knows: whose it is, its takes, and all of it at one moment.

Everything here is immutable and knows nothing of files, clocks or networks. ``runner.model`` has
the values of a campaign, ``docs/glossary.md`` the words.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from runner.face_measures import FaceMeasure
from runner.model import LookKind
from runner.reviews import NOT_REVIEWED, Review, ReviewState
from runner.video_facts import VideoFacts


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


UNRESOLVED = frozenset({TakeState.SUBMITTING, TakeState.UNKNOWN})
"""Sent, or about to be; whether the server accepted it is not known."""

ANSWER_TAKEN = "answer_taken"
"""The ``error_code`` of a send that was answered with a look which another take was found to be."""

SLOW_CODES = frozenset({"gateway_timeout", "http_504"})
"""The ``error_code`` of a send that took HeyGen, or something on the way, too long (504)."""

PENDING = frozenset({TakeState.PROCESSING, TakeState.PENDING_CONSENT})
"""Accepted, and not finished."""

USABLE = frozenset({TakeState.COMPLETED, TakeState.FETCHED})
"""Finished, with an image that can condition another look."""


class LookState(StrEnum):
    """A look is in its picked take's state, or blocked by another look, or stale, or changed.

    It is changed where its takes are of an earlier version, and no take of the edit was sent yet.
    """

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
    CHANGED = "changed"


class Billing(StrEnum):
    """What is known of a take's money."""

    NONE = "none"
    """Nothing was bought: never sent, refused, or paid by nobody."""
    RESERVED = "reserved"
    """Sent or about to be; the price is reserved in the budget."""
    UNKNOWN = "unknown"
    """The answer was lost; the price stays held until it is decided."""
    BILLED = "billed"
    """The server accepted the work."""
    ASSUMED = "assumed_billed"
    """No answer says so, and it counts: a generation that failed, or a look found by a search."""
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
        """Return whether its image can condition another look."""
        return self.state in USABLE

    @property
    def unresolved(self) -> bool:
        """Return whether it is not known what became of its send."""
        return self.state in UNRESOLVED

    @property
    def is_too_slow(self) -> bool:
        """Return whether a send of it took too long (504), and it was sent again already."""
        return self.resent_at is not None and self.error_code in SLOW_CODES

    @property
    def is_key_spent(self) -> bool:
        """Return whether its key tells nothing more, so that no run sends its body again."""
        return self.error_code == ANSWER_TAKEN or self.is_too_slow

    @property
    def pending(self) -> bool:
        """Return whether the server accepted it and has not finished it."""
        return self.state in PENDING

    @property
    def in_flight(self) -> bool:
        """Return whether it was sent and may still come to something."""
        return self.state in PENDING or self.state in UNRESOLVED

    @property
    def failed(self) -> bool:
        """Return whether its generation failed, or was refused."""
        return self.state is TakeState.FAILED


def count_usable(takes: Iterable[Take], identity: str | None) -> int:
    """Count the takes that are usable and were bought with this identity."""
    return sum(take.usable and take.identity == identity for take in takes)


def find_target_group(take: Take, every: Iterable[Take]) -> str | None:
    """Return the group where a send saves its look, by the API's table.

    None for one that makes a group of its own, and where its reference's group is not known.
    """
    if take.group_wanted is not None or take.kind is not LookKind.PROMPT:
        return take.group_wanted
    of_reference = (
        known.group_id
        for known in every
        if known.avatar_id == take.reference_id and known.group_id and take.reference_id
    )
    return next(of_reference, None)


class PriceState(StrEnum):
    """What the wallet says of a price."""

    CONFIRMED = "confirmed"
    """The wallet fell by exactly what was planned."""
    SUSPECTED = "suspected"
    """It fell by something else, once; the next generation of the kind goes alone."""
    CONTRADICTED = "contradicted"
    """It fell by something else: nothing is bought until a person says that price."""


@dataclass(frozen=True, slots=True)
class MeasuredPrice:
    """What one generation of a kind cost on an account, as its wallet showed; USD.

    ``planned`` is what had been planned, ``sends`` how many single sends agree on ``usd``. ``take``
    is the uid of the one that showed another price, while it counts as what was planned.
    """

    usd: Decimal
    state: PriceState
    planned: Decimal
    sends: int = 1
    take: str | None = None

    @property
    def is_settled(self) -> bool:
        """Return whether this is the price beyond doubt: as it was planned, or measured twice."""
        return self.state is PriceState.CONFIRMED or (
            self.state is PriceState.CONTRADICTED and self.sends > 1
        )


@dataclass(frozen=True, slots=True)
class Doubled:
    """A look that the account made although the idempotency key of ``take`` had made one already.

    ``take`` is a label; ``price`` in USD counts against every ceiling, ``run`` the run it counts
    in. While a ledger has one, nothing is sent again under its own key on that account.
    """

    look_id: str
    name: str
    take: str
    price: Decimal
    run: str | None = None


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What the other ledgers and results files of the folder know.

    ``ids`` are looks and groups; ``unresolved`` the labels of sends, by look name, of which they do
    not know what became. ``unreadable`` are files that could not be read. ``taken_over`` are looks
    that they only name as existing: nobody there made them. ``founded`` are groups, each with the
    name of a look that they made in it: whoever made the first look of a group gave it its name.
    """

    ids: frozenset[str] = frozenset()
    unresolved: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    unreadable: tuple[str, ...] = ()
    taken_over: frozenset[str] = frozenset()
    founded: frozenset[tuple[str, str]] = frozenset()

    @property
    def made(self) -> frozenset[str]:
        """Return the looks and groups that they made, and not only took over."""
        return self.ids - self.taken_over


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What the other ledgers of the folder learned of one account.

    ``prices`` are those that its wallet settled. ``keys_ignored_at`` is when one of them last saw
    that it does not honour idempotency keys, in Unix seconds, where nobody withdrew that there;
    ``keys_ignored_by`` names that ledger's folder.
    """

    prices: Mapping[LookKind, MeasuredPrice] = field(default_factory=lambda: MappingProxyType({}))
    keys_ignored_at: float | None = None
    keys_ignored_by: str | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a ledger holds at one moment: every take by look key, in number order, and the picks.

    ``picks`` maps a look's key to the uid of its picked take. ``account`` is None where no ledger
    exists yet. ``spent`` is what counts against the campaign's budget so far, in USD. ``doubled``
    are looks that show that the account does not honour idempotency keys. ``prices`` is what the
    wallet showed that a generation of a kind costs. ``faces`` is what was measured in pictures, by
    their SHA-256, ``reviews`` what people decided about takes, by uid, ``videos`` what looks say of
    their use in a video, by look id.
    """

    account: Account | None = None
    campaign: str | None = None
    takes: Mapping[str, tuple[Take, ...]] = field(default_factory=lambda: MappingProxyType({}))
    picks: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    spent: Decimal = Decimal(0)
    doubled: tuple[Doubled, ...] = ()
    prices: Mapping[LookKind, MeasuredPrice] = field(default_factory=lambda: MappingProxyType({}))
    faces: Mapping[str, FaceMeasure] = field(default_factory=lambda: MappingProxyType({}))
    reviews: Mapping[str, Review] = field(default_factory=lambda: MappingProxyType({}))
    videos: Mapping[str, VideoFacts] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def account_label(self) -> str | None:
        """Return what the account is called; None where no ledger exists yet."""
        return self.account.label if self.account is not None else None

    @property
    def all_takes(self) -> list[Take]:
        """Return every take of every look."""
        return [take for takes in self.takes.values() for take in takes]

    def review(self, take: Take) -> Review:
        """Return what was decided about a take."""
        return self.reviews.get(take.uid, NOT_REVIEWED)

    def is_approved(self, take: Take) -> bool:
        """Return whether a person approved a take."""
        return self.review(take).state is ReviewState.APPROVED

    def pick(self, look: str) -> Take | None:
        """Return the picked take of a look, or None while there is none."""
        uid = self.picks.get(look)
        if uid is not None:
            for take in self.takes.get(look, ()):
                if take.uid == uid:
                    return take
        return None
