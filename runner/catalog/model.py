"""The catalog as values: what the page, the contact sheet and the exports show, and nothing else.

``build`` turns a results document (``schemas/results.schema.json``) into a ``CatalogPage``. It is
pure: it opens no picture and knows no HTML. Every text in it has been through ``words.clean``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runner.catalog import prompts, words
from runner.catalog.prompts import Segment

__all__ = [
    "BASE",
    "CatalogPage",
    "Fault",
    "LookView",
    "MatrixAxes",
    "Relative",
    "Rival",
    "Step",
    "TakeView",
    "build",
]

BASE = "base"

_TELLING = 0.1
"""Seconds; a shorter span between two steps tells nobody anything."""

LookData = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fault:
    """An error in words: what it means, what the API said, and its code."""

    meaning: str
    message: str
    code: str


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a take's history: what happened, when (UTC), and how long it had taken."""

    what: str
    when: str
    after: str | None


@dataclass(frozen=True, slots=True)
class TakeView:
    """One paid generation.

    ``image`` is a path relative to the results; ``prompt`` is what it was made from, where that is
    no longer what the look says; ``guides`` is how many reference images it was given.
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
    name: str | None
    reference_id: str | None
    request_id: str | None
    consent_url: str | None
    prompt: str | None
    guides: int
    history: tuple[Step, ...]
    fault: Fault | None


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
class LookView:
    """One look. ``index`` is its place in ``CatalogPage.looks`` and its name inside the page.

    ``prompt`` is cut into segments; those that differ from ``neighbour``'s prompt are marked.
    ``faceless``: nothing holds the face, because the picture came from the prompt alone. ``rivals``
    are the pictures to compare it with: its reference, its other takes, its neighbour.
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
    fault: Fault | None
    prompt: str | None
    segments: tuple[Segment, ...]
    neighbour: Relative | None
    parent: Relative | None
    rivals: tuple[Rival, ...]
    faceless: bool
    orphan: bool
    avatar_id: str | None
    group_id: str | None
    identity: str | None
    cost: str
    cost_usd: float
    image: str | None
    sha256: str | None
    width: int | None
    height: int | None
    tags: tuple[str, ...]
    matrix: str | None
    axes: tuple[tuple[str, str], ...]
    takes: tuple[TakeView, ...]

    @property
    def is_base(self) -> bool:
        """Whether it is the identity that everything starts from."""
        return self.key == BASE

    @property
    def picked(self) -> TakeView | None:
        """Give the take that stands for the look, or None while there is none."""
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
    money_notes: tuple[str, ...]
    ready: int
    looks: tuple[LookView, ...]
    matrices: tuple[MatrixAxes, ...]

    @property
    def wanted(self) -> tuple[LookView, ...]:
        """Give the looks that the manifest declares."""
        return tuple(look for look in self.looks if not look.orphan)

    @property
    def orphans(self) -> tuple[LookView, ...]:
        """Give the looks that were paid for and that the manifest no longer names."""
        return tuple(look for look in self.looks if look.orphan)

    @property
    def sources(self) -> tuple[tuple[str, str | None], ...]:
        """Give (path, SHA-256 or None) of every picture of every look and take, each once."""
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
        """Give (state, label, count) for every state that occurs, in the order of a life."""
        found = [look.state for look in self.looks]
        return tuple(
            (state, label, found.count(state))
            for state, (label, _) in words.STATE_WORDS.items()
            if state in found
        )

    @property
    def tags(self) -> tuple[str, ...]:
        """Give every tag, sorted."""
        return tuple(sorted({tag for look in self.looks for tag in look.tags}))

    @property
    def axes(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Give every axis of every matrix with its values; axes of one name are one filter."""
        merged: dict[str, dict[str, None]] = {}
        for matrix in self.matrices:
            for axis, values in matrix.axes:
                merged.setdefault(axis, {}).update(dict.fromkeys(values))
        return tuple((axis, tuple(values)) for axis, values in merged.items())


def build(results: Mapping[str, Any]) -> CatalogPage:
    """Turn a results document, version 1, into what a catalog shows. Pure."""
    wanted: Sequence[LookData] = results["looks"]
    entries = [*wanted, *results["orphans"]]
    places: dict[str, int] = {}
    for index, entry in enumerate(entries):
        places.setdefault(entry["look"], index)
    neighbours = prompts.neighbours(entries)
    looks = tuple(
        _look(index, entry, places, entries, neighbours[index], orphan=index >= len(wanted))
        for index, entry in enumerate(entries)
    )
    account = _text(results["account"])
    return CatalogPage(
        campaign=words.clean(results["campaign"]),
        account=account,
        simulated=account == "simulator",
        manifest=words.clean(results["manifest"]),
        spent=words.money(results["totals"]["cost_usd"]),
        money_notes=_money_notes(results["totals"]),
        ready=sum(look.state == "fetched" and not look.orphan for look in looks),
        looks=looks,
        matrices=_matrices(results, looks),
    )


def _text(value: str | None) -> str | None:
    return None if value is None else words.clean(value)


def _title(entry: LookData) -> str:
    """Give the title; one that was left out is the key, which reads better without hyphens."""
    title = words.clean(entry["title"])
    return words.human(title) if title == entry["look"] else title


def _look(
    index: int,
    entry: LookData,
    places: Mapping[str, int],
    entries: Sequence[LookData],
    neighbour: int | None,
    *,
    orphan: bool,
) -> LookView:
    label, meaning = words.STATE_WORDS[entry["state"]]
    prompt = _text(entry["prompt"])
    segments: tuple[Segment, ...] = (Segment(prompt, differs=False),) if prompt else ()
    beside: Relative | None = None
    if prompt and neighbour is not None:
        marked = prompts.compare(prompt, words.clean(entries[neighbour]["prompt"]))
        if marked is not None:
            segments = marked
            beside = Relative(_title(entries[neighbour]), neighbour)
    parent = _parent(entry, places, entries)
    return LookView(
        index=index,
        key=words.clean(entry["look"]),
        title=_title(entry),
        name=_text(entry["name"]),
        kind=entry["kind"],
        state=entry["state"],
        label=label,
        meaning=meaning,
        reason=_text(entry.get("reason")),
        fault=_fault(entry.get("error")),
        prompt=prompt,
        segments=segments,
        neighbour=beside,
        parent=parent,
        rivals=_rivals(entry, parent, beside, entries),
        faceless=entry["kind"] == "prompt" and not entry["reference"] and entry["look"] != BASE,
        orphan=orphan,
        avatar_id=_text(entry["avatar_id"]),
        group_id=_text(entry["avatar_group_id"]),
        identity=_text(entry["identity"]),
        cost=words.money(entry["cost_usd"]),
        cost_usd=entry["cost_usd"],
        image=entry["image"],
        sha256=entry["sha256"],
        width=entry["width"],
        height=entry["height"],
        tags=tuple(words.clean(tag) for tag in entry["tags"]),
        matrix=_text(entry["matrix"]),
        axes=tuple((words.clean(k), words.clean(v)) for k, v in entry["axes"].items()),
        takes=tuple(_take(take, entry["prompt"]) for take in entry["takes"]),
    )


def _parent(
    entry: LookData, places: Mapping[str, int], entries: Sequence[LookData]
) -> Relative | None:
    reference = entry["reference"]
    if not reference:
        return None
    index = places.get(reference)
    label = words.clean(reference) if index is None else _title(entries[index])
    return Relative(label, index)


def _rivals(
    entry: LookData,
    parent: Relative | None,
    neighbour: Relative | None,
    entries: Sequence[LookData],
) -> tuple[Rival, ...]:
    found: dict[str, str] = {}

    def add(label: str, image: str | None) -> None:
        if image is not None and image != entry["image"]:
            found.setdefault(image, label)

    if parent is not None and parent.index is not None:
        add(f"Reference: {parent.label}", entries[parent.index]["image"])
    for take in entry["takes"]:
        add(f"Take {take['take']}", take["image"])
    if neighbour is not None and neighbour.index is not None:
        add(neighbour.label, entries[neighbour.index]["image"])
    return tuple(Rival(label, image) for image, label in found.items())


def _take(take: Mapping[str, Any], prompt: str | None) -> TakeView:
    label, meaning = words.STATE_WORDS[take["state"]]
    paid = take["request"].get("prompt")
    return TakeView(
        number=take["take"],
        picked=take["picked"],
        state=take["state"],
        label=label,
        meaning=meaning,
        price=words.money(take["price_usd"]),
        billing=words.BILLING_WORDS[take["billing"]],
        image=take["image"],
        sha256=take["sha256"],
        width=take["width"],
        height=take["height"],
        avatar_id=_text(take["avatar_id"]),
        group_id=_text(take["avatar_group_id"]),
        name=_text(take["name"]),
        reference_id=_text(take["reference_id"]),
        request_id=_text(take["request_id"]),
        consent_url=_web_address(take.get("consent_url")),
        prompt=words.clean(paid) if isinstance(paid, str) and paid != prompt else None,
        guides=len(take["request"].get("images") or ()),
        history=_history(take),
        fault=_fault(take.get("error")),
    )


def _web_address(url: str | None) -> str | None:
    """Only what a browser opens as a page: a link is the one thing here that can lead away."""
    return _text(url) if url and url.lower().startswith(("https://", "http://")) else None


def _history(take: Mapping[str, Any]) -> tuple[Step, ...]:
    """Sent, accepted, completed (or failed), each with the time since the step before."""
    stamps = (
        ("Sent", take["sent_at"]),
        ("Accepted", take["accepted_at"]),
        ("Failed" if take["state"] == "failed" else "Completed", take["completed_at"]),
    )
    steps: list[Step] = []
    before: str | None = None
    for what, stamp in stamps:
        when = words.moment(stamp)
        if when is None:
            continue
        span = words.seconds_between(before, stamp)
        telling = span is not None and span >= _TELLING
        steps.append(Step(what, when, words.duration(span or 0) if telling else None))
        before = stamp
    return tuple(steps)


def _fault(error: Mapping[str, str] | None) -> Fault | None:
    if error is None:
        return None
    code, message = words.clean(error["code"]), words.clean(error["message"])
    return Fault(words.ERROR_WORDS.get(code.lower(), ""), message, code)


def _money_notes(totals: Mapping[str, Any]) -> tuple[str, ...]:
    """Say what the sum hides: money that is assumed, held or given back."""
    parts = (
        (totals["assumed_billed_usd"], "of it assumed: failed, and the API does not say"),
        (totals["reserved_usd"], "reserved for work under way"),
        (totals["unknown_usd"], "held: the answer was lost"),
        (totals["refunded_usd"], "given back"),
    )
    return tuple(f"{words.money(usd)} {meaning}" for usd, meaning in parts if usd)


def _matrices(results: Mapping[str, Any], looks: Sequence[LookView]) -> tuple[MatrixAxes, ...]:
    """Take the axes as the document lists them; else in the order in which the looks use them."""
    declared: dict[str, dict[str, dict[str, None]]] = {}
    for matrix in results.get("matrices", ()):
        declared[words.clean(matrix["id"])] = {
            words.clean(axis): dict.fromkeys(words.clean(value) for value in values)
            for axis, values in matrix["axes"].items()
        }
    for look in looks:
        if look.matrix is None or look.orphan:
            continue
        axes = declared.setdefault(look.matrix, {})
        for axis, value in look.axes:
            axes.setdefault(axis, {})[value] = None
    return tuple(
        MatrixAxes(id_, tuple((axis, tuple(values)) for axis, values in axes.items()))
        for id_, axes in declared.items()
    )
