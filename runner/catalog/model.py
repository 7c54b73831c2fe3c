"""The catalog as values: what the page, the contact sheet and the exports show, and nothing else.

``reading`` makes them from a results document; every text in them has been through ``words.clean``.
"""

from dataclasses import dataclass

from runner.catalog.followers import Followers
from runner.catalog.money import MoneyView
from runner.catalog.prompts import Segment
from runner.model import BASE
from runner.words import STATE_WORDS


@dataclass(frozen=True, slots=True)
class LookFault:
    """An error in words: what it means, what the API said, and its code."""

    meaning: str
    message: str
    code: str


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One line of a take's history: what happened, when (UTC), and how long it had taken."""

    what: str
    when: str
    after: str | None


@dataclass(frozen=True, slots=True)
class TakeView:
    """One paid generation.

    ``image`` is a path relative to the results; ``prompt`` is what it was made from, where that is
    no longer what the look says; ``guides`` is how many reference images it was given; ``why`` is
    why it was bought.
    """

    number: int
    picked: bool
    state: str
    label: str
    meaning: str
    price: str
    billing: str
    image: str | None
    sha256: str | None
    width: int | None
    height: int | None
    avatar_id: str | None
    group_id: str | None
    reference_id: str | None
    request_id: str | None
    prompt: str | None
    guides: int
    history: tuple[HistoryEntry, ...]
    fault: LookFault | None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Relative:
    """A look that another one is shown beside: one of this catalog (``index``), or a literal id."""

    label: str
    index: int | None


@dataclass(frozen=True, slots=True)
class Rival:
    """A picture that a look can be compared with, and what it is."""

    label: str
    image: str


@dataclass(frozen=True, slots=True)
class FaceCrop:
    """The face in a picture: whose it is, and where, as fractions of width and height."""

    label: str
    look: str
    image: str
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class FaceView:
    """How far a look's face is from others: distances, what they amount to, and crops to look at.

    ``none`` says in words why there is no distance.
    """

    base: float | None
    reference: float | None
    warn: float | None
    hold: float | None
    differs: bool
    held: bool
    accepted: bool
    none: str | None
    crops: tuple[FaceCrop, ...]


@dataclass(frozen=True, slots=True)
class LookView:
    """One look. ``index`` is its place in ``CatalogPage.looks`` and its name inside the page.

    ``prompt`` is cut into segments; those that differ from ``neighbour``'s prompt are marked.
    ``faceless``: nothing holds the face, because the picture came from the prompt alone. ``rivals``
    are the pictures to compare it with: its reference, its other takes, its neighbour. ``planned``
    is what the next run would pay for it; None where it would buy nothing.
    """

    index: int
    key: str
    title: str
    name: str | None
    kind: str
    state: str
    label: str
    meaning: str
    reason: str | None
    fault: LookFault | None
    prompt: str | None
    segments: tuple[Segment, ...]
    neighbour: Relative | None
    parent: Relative | None
    rivals: tuple[Rival, ...]
    faceless: bool
    orphan: bool
    avatar_id: str | None
    group_id: str | None
    cost: str
    planned: str | None
    image: str | None
    sha256: str | None
    tags: tuple[str, ...]
    matrix: str | None
    axes: tuple[tuple[str, str], ...]
    takes: tuple[TakeView, ...]
    face: FaceView | None = None
    followers: Followers | None = None

    @property
    def is_base(self) -> bool:
        """Return whether it is the identity that everything starts from."""
        return self.key == BASE

    @property
    def picked(self) -> TakeView | None:
        """Return the take that stands for the look, or None while there is none."""
        return next((take for take in self.takes if take.picked), None)


@dataclass(frozen=True, slots=True)
class MatrixAxes:
    """One matrix: its axes in the manifest's order, each with its value keys in order."""

    id: str
    axes: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class CatalogPage:
    """Everything a catalog shows. ``looks`` has the base first and what is orphaned last."""

    campaign: str
    account: str | None
    simulated: bool
    manifest: str
    spent: str
    planned: str | None
    money_notes: tuple[str, ...]
    ready: int
    looks: tuple[LookView, ...]
    matrices: tuple[MatrixAxes, ...]
    money: MoneyView | None = None

    @property
    def wanted(self) -> tuple[LookView, ...]:
        """Return the looks that the manifest declares."""
        return tuple(look for look in self.looks if not look.orphan)

    @property
    def orphans(self) -> tuple[LookView, ...]:
        """Return the looks that were paid for and that the manifest no longer names."""
        return tuple(look for look in self.looks if look.orphan)

    @property
    def sources(self) -> tuple[tuple[str, str | None], ...]:
        """Return (path, SHA-256 or None) of every picture of every look and take, each once."""
        found: dict[str, str | None] = {}
        for look in self.looks:
            for image, sha256 in (
                (look.image, look.sha256),
                *((take.image, take.sha256) for take in look.takes),
            ):
                if image is not None:
                    found.setdefault(image, sha256)
        return tuple(found.items())

    @property
    def states(self) -> tuple[tuple[str, str, int], ...]:
        """Return (state, label, count) for every state that occurs, in the order of a life."""
        found = [look.state for look in self.looks]
        return tuple(
            (state, label, found.count(state))
            for state, (label, _) in STATE_WORDS.items()
            if state in found
        )

    @property
    def tags(self) -> tuple[str, ...]:
        """Return every tag, sorted."""
        return tuple(sorted({tag for look in self.looks for tag in look.tags}))

    @property
    def axes(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Return every axis of every matrix with its values; axes of one name are one filter."""
        merged: dict[str, dict[str, None]] = {}
        for matrix in self.matrices:
            for axis, values in matrix.axes:
                merged.setdefault(axis, {}).update(dict.fromkeys(values))
        return tuple((axis, tuple(values)) for axis, values in merged.items())
