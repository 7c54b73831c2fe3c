"""What a campaign declares, as frozen values. ``runner.takes`` has what a ledger knows of it.

Data flows one way: file → document → *campaign* → plan → execution → ledger → catalog. Everything
here is immutable and knows nothing of files, clocks or networks. The words are those of
``docs/glossary.md``.

Most are named tuples, which take a quarter of the time of frozen data classes to declare and to
make. A reference, and a picture known by a text alone, are data classes: a tuple would equal one of
another kind with the same text.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Literal, NamedTuple

from runner.prices import LATEST

BASE = "base"
"""The look key of a campaign's base; no other look may use it."""


# --- images --------------------------------------------------------------------------------------


class FileImage(NamedTuple):
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


class InlineImage(NamedTuple):
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


class PictureKind(StrEnum):
    """What the pictures of a campaign are: drawings lie closer together than photographs."""

    PHOTOS = "photos"
    DRAWINGS = "drawings"


Threshold = float | Literal["default"]
"""A distance between faces, or what was calibrated for the kind of picture."""

DEFAULT_THRESHOLD: Literal["default"] = "default"


class LikenessRule(NamedTuple):
    """From which distance on a look's face differs (``warn``), and holds what follows (``hold``).

    None: nothing was said. ``pictures`` decides what ``default`` means. ``retry``: a take beyond
    ``hold`` counts as a failure for ``retries``.
    """

    warn: Threshold | None = None
    hold: Threshold | None = None
    pictures: PictureKind | None = None
    retry: bool = False


class Look(NamedTuple):
    """One image of a character, as the manifest wants it. The base is the look named ``base``.

    ``reference`` is the look whose image conditions this one (the API's ``avatar_id``), ``group``
    where it is saved (``avatar_group_id``); None means that the request does not carry the field.
    ``name`` is None for a look that exists already: its name is never changed. ``images`` are the
    reference images of a prompt; ``photo`` is the file of a photo. ``takes`` is how many candidates
    are bought, ``retries`` how many failed generations may be bought again without asking.
    ``likeness`` says what follows from another face; None: nothing. ``approval`` says that a person
    must approve its picked take before anything is made from it.
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
    likeness: LikenessRule | None = None
    approval: bool = False


class Matrix(NamedTuple):
    """One ``matrix`` entry: its axes with their value keys in the manifest's order."""

    id: str
    axes: tuple[tuple[str, tuple[str, ...]], ...]


class Budget(NamedTuple):
    """Ceilings in USD, for one run and for all the campaign ever spends. None: no ceiling."""

    run_usd: Decimal | None = None
    campaign_usd: Decimal | None = None


class Prices(NamedTuple):
    """USD for one generation, by type: the list price unless somebody says otherwise."""

    photo: Decimal = LATEST.photo
    prompt: Decimal = LATEST.prompt

    def of(self, kind: LookKind) -> Decimal:
        """Return the price of one take; a look that exists costs nothing."""
        if kind is LookKind.PHOTO:
            return self.photo
        return self.prompt if kind is LookKind.PROMPT else Decimal(0)

    @property
    def listed_on(self) -> date | None:
        """The day of the price list that these are from; None for prices of one's own."""
        return LATEST.on if self == Prices() else None


class Credits(NamedTuple):
    """What pictures that are handed over say of who made them; the words are the IPTC's."""

    creator: str | None = None
    credit: str | None = None
    copyright: str | None = None


_NO_CEILINGS, _LIST_PRICES, _NO_CREDITS = Budget(), Prices(), Credits()


@dataclass(frozen=True, slots=True)
class Campaign:
    """What one manifest declares, checked and expanded: one base and its looks.

    ``looks`` holds the base first, then the manifest's order; every ``LookRef`` in it exists and
    there is no cycle. ``manifest`` is the absolute path of the file. ``given`` is what ``--var``
    gave, ``has_variables`` whether the manifest declares any. ``warnings`` are what to read
    before money is spent, a line for each kind. ``text`` is the manifest's as it was read.
    """

    name: str
    manifest: Path
    looks: tuple[Look, ...]
    budget: Budget = _NO_CEILINGS
    prices: Prices = _LIST_PRICES
    matrices: tuple[Matrix, ...] = ()
    warnings: tuple[str, ...] = ()
    given: tuple[tuple[str, str], ...] = ()
    has_variables: bool = False
    credits: Credits = _NO_CREDITS
    text: str = field(default="", repr=False, compare=False)
