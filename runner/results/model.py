"""The values of a results document, as ``schemas/results.schema.json`` describes them.

A document is what a JSON parser returns and what ``json.dumps`` takes, so its values are typed
dictionaries: mypy checks every key, and a look of 20,000 costs no more than its plain mapping.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

from runner.errors import ErrorDocument


class ErrorEntry(TypedDict):
    """Why a take failed, or what is known of one that is undecided."""

    code: str
    message: str


class ImageEntry(TypedDict):
    """An image on disk; ``image`` is relative to the document, sizes are in pixels."""

    image: str | None
    sha256: str | None
    width: int | None
    height: int | None


class FaceEntry(TypedDict):
    """Where the face is in a picture, as fractions of its width and height."""

    x: float
    y: float
    width: float
    height: float


class LikenessEntry(TypedDict):
    """How far a face is from others, or in ``none`` why that is not known.

    ``base`` is the distance to the picked take of the root of the chain, ``reference`` to the take
    that it was made from. ``differs`` where it is beyond the look's ``warn``, ``held`` where it is
    beyond ``hold`` and nobody approved the take, ``accepted`` where a person did.
    """

    base: NotRequired[float]
    reference: NotRequired[float]
    none: NotRequired[str]
    warn: NotRequired[float]
    hold: NotRequired[float]
    differs: NotRequired[bool]
    held: NotRequired[bool]
    accepted: NotRequired[bool]


class ReviewEntry(TypedDict):
    """What a person decided about a take; ``at`` is RFC 3339 in UTC."""

    state: str
    reason: NotRequired[str]
    by: NotRequired[str]
    at: NotRequired[str]


class ChargeEntry(TypedDict):
    """Why a take was bought: one word for its kind, and a reason for people."""

    cause: str
    reason: str


class VideoEntry(TypedDict, total=False):
    """What HeyGen says of a look's use in a video, where it says it; sizes are in pixels."""

    supported_api_engines: Sequence[str]
    default_voice_id: str
    preferred_orientation: str
    image_width: int
    image_height: int


class TakeEntry(ImageEntry, VideoEntry):
    """One paid generation of a look; times are RFC 3339 in UTC."""

    take: int
    picked: bool
    state: str
    billing: str
    price_usd: float
    kind: str
    identity: str
    request: Mapping[str, Any]
    name: str | None
    reference_look: str | None
    reference_id: str | None
    avatar_id: str | None
    avatar_group_id: str | None
    sent_at: str | None
    resent_at: NotRequired[str]
    accepted_at: str | None
    completed_at: str | None
    idempotency_key: str | None
    request_id: str | None
    consent_url: NotRequired[str]
    error: NotRequired[ErrorEntry]
    likeness: NotRequired[LikenessEntry]
    face: NotRequired[FaceEntry]
    review: NotRequired[ReviewEntry]
    charge: NotRequired[ChargeEntry]


class LookEntry(ImageEntry, VideoEntry):
    """One look as its picked take stands; ``reason`` where it is blocked, stale or changed."""

    look: str
    kind: str
    title: str
    name: str | None
    prompt: str | None
    state: str
    avatar_id: str | None
    avatar_group_id: str | None
    reference: str | None
    identity: str | None
    cost_usd: float
    tags: Sequence[str]
    matrix: str | None
    axes: Mapping[str, str]
    takes: Sequence[TakeEntry]
    reason: NotRequired[str]
    error: NotRequired[ErrorEntry]
    likeness: NotRequired[LikenessEntry]
    review: NotRequired[ReviewEntry]


class MeasuredEntry(TypedDict):
    """What the wallet showed that one generation of a kind costs."""

    usd: float
    state: str
    planned_usd: float
    sends: int


class PricesEntry(TypedDict):
    """The prices that were assumed; ``measured`` is by kind, and absent where nothing was."""

    photo: float
    prompt: float
    listed_on: NotRequired[str | None]
    measured: NotRequired[Mapping[str, MeasuredEntry]]


class WalletEntry(TypedDict):
    """What the wallet showed before and after the last run that bought."""

    currency: str | None
    before: float | None
    after: float | None
    known_usd: NotRequired[float]
    difference_usd: NotRequired[float]


class Totals(TypedDict):
    """How many looks are in each state, and the money by what is known of it.

    Files of older versions have no ``failed`` and ``waiting``.
    """

    looks: int
    takes: int
    states: Mapping[str, int]
    cost_usd: float
    billed_usd: float
    assumed_billed_usd: float
    refunded_usd: float
    reserved_usd: float
    unknown_usd: float
    wallet: WalletEntry | None
    doubled_usd: NotRequired[float]
    failed: NotRequired[int]
    waiting: NotRequired[int]
    review: NotRequired[Mapping[str, int]]


class DoubledEntry(TypedDict):
    """A look that the account made although the key of ``take`` had made one already."""

    avatar_id: str
    name: str
    take: str
    usd: float


class MatrixEntry(TypedDict):
    """A matrix of the manifest: its axes in order, each with the keys of its values."""

    id: str
    axes: Mapping[str, Sequence[str]]


class CreditsEntry(TypedDict, total=False):
    """Who made the pictures, as far as the manifest says it."""

    creator: str
    credit: str
    copyright: str


class Summary(TypedDict):
    """What a run that changed nothing needs of the document that it leaves in place."""

    account: str | None
    totals: Totals


class Results(Summary):
    """A results document, version 1; ``looks`` may be made one by one as they are asked for.

    ``error`` is what ended the command that prints it, and what follows is what one command found
    out; no file has them.
    """

    version: int
    campaign: str
    manifest: str
    prices: PricesEntry
    looks: Sequence[LookEntry]
    orphans: Sequence[LookEntry]
    matrices: NotRequired[Sequence[MatrixEntry]]
    credits: NotRequired[CreditsEntry]
    doubled: NotRequired[Sequence[DoubledEntry]]
    error: NotRequired[ErrorDocument]
    next: NotRequired[Sequence[Mapping[str, str]]]
    running: NotRequired[bool]
    story: NotRequired[Mapping[str, Any]]
    differences: NotRequired[Sequence[Mapping[str, Any]]]
    picked: NotRequired[Sequence[str]]
    out_of_date: NotRequired[Sequence[str]]
    removed: NotRequired[Sequence[str]]
    searches: NotRequired[Sequence[Mapping[str, Any]]]
