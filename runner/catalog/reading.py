"""A results document as the catalog's values. Pure: it opens no picture and knows no HTML.

The document is that of ``schemas/results.schema.json``, version 1.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType

from runner.catalog import prompts, words
from runner.catalog.faces import read_face
from runner.catalog.followers import Followers, find_followers
from runner.catalog.model import (
    CatalogPage,
    HistoryEntry,
    LookFault,
    LookView,
    MatrixAxes,
    Relative,
    Rival,
    TakeView,
)
from runner.catalog.money import build_money
from runner.catalog.prompts import Segment
from runner.model import BASE
from runner.quantities import format_duration, format_usd
from runner.results.model import ErrorEntry, LookEntry, Results, TakeEntry, Totals
from runner.words import BILLING_WORDS, ERROR_WORDS, STATE_WORDS

_MIN_SHOWN_STEP = 0.1
"""Seconds between two steps of a take's history below which the time is left out."""


def build_page(
    results: Results, planned: Mapping[str, Decimal] = MappingProxyType({})
) -> CatalogPage:
    """Turn a results document, version 1, into what a catalog shows. Pure.

    ``planned`` is what the next run would pay for looks that it would buy, in USD by key.
    """
    wanted: Sequence[LookEntry] = results["looks"]
    entries = [*wanted, *results["orphans"]]
    places: dict[str, int] = {}
    for index, entry in enumerate(entries):
        places.setdefault(entry["look"], index)
    neighbours = prompts.find_neighbours(entries)
    followers = find_followers(wanted, places, _prices(results))
    looks = tuple(
        _look(
            index,
            entry,
            places,
            entries,
            neighbours[index],
            orphan=index >= len(wanted),
            followers=followers.get(index),
            planned=format_usd(planned[entry["look"]]) if entry["look"] in planned else None,
        )
        for index, entry in enumerate(entries)
    )
    account = _text(results["account"])
    matrices = _matrices(results, looks)
    axes = dict.fromkeys(axis for one in matrices for axis, _ in one.axes)
    return CatalogPage(
        campaign=words.strip_controls(results["campaign"]),
        account=account,
        simulated=account == "simulator",
        manifest=words.strip_controls(results["manifest"]),
        spent=format_usd(results["totals"]["cost_usd"]),
        planned=format_usd(sum(planned.values())) if planned else None,
        money_notes=_money_notes(results["totals"]),
        ready=sum(look.state == "fetched" and not look.orphan for look in looks),
        looks=looks,
        matrices=matrices,
        money=build_money(results, axes),
    )


def _prices(results: Results) -> dict[str, float]:
    """Return what a generation costs, in USD by kind."""
    return {"photo": results["prices"]["photo"], "prompt": results["prices"]["prompt"]}


def _text(value: str | None) -> str | None:
    return None if value is None else words.strip_controls(value)


def _title(entry: LookEntry) -> str:
    """Return the title; one that was left out is the key, which reads better without hyphens."""
    title = words.strip_controls(entry["title"])
    return words.human_label(title) if title == entry["look"] else title


def _look(
    index: int,
    entry: LookEntry,
    places: Mapping[str, int],
    entries: Sequence[LookEntry],
    neighbour: int | None,
    *,
    orphan: bool,
    followers: Followers | None,
    planned: str | None,
) -> LookView:
    label, meaning = STATE_WORDS[entry["state"]]
    prompt = _text(entry["prompt"])
    segments, beside = _marked(prompt, neighbour, entries)
    parent = _parent(entry, places, entries)
    return LookView(
        index=index,
        key=words.strip_controls(entry["look"]),
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
        cost=format_usd(entry["cost_usd"]),
        planned=planned,
        image=entry["image"],
        sha256=entry["sha256"],
        tags=tuple(words.strip_controls(tag) for tag in entry["tags"]),
        matrix=_text(entry["matrix"]),
        axes=tuple(
            (words.strip_controls(k), words.strip_controls(v)) for k, v in entry["axes"].items()
        ),
        takes=tuple(_take(take, entry["prompt"]) for take in entry["takes"]),
        face=read_face(entry, entries, places),
        followers=followers,
    )


def _marked(
    prompt: str | None, neighbour: int | None, entries: Sequence[LookEntry]
) -> tuple[tuple[Segment, ...], Relative | None]:
    """Cut a prompt where it differs from its neighbour's; in one piece where nothing is shared."""
    if not prompt:
        return (), None
    if neighbour is not None:
        other = entries[neighbour]
        segments = prompts.compare(prompt, words.strip_controls(other["prompt"] or ""))
        if segments is not None:
            return segments, Relative(_title(other), neighbour)
    return (Segment(prompt, differs=False),), None


def _parent(
    entry: LookEntry, places: Mapping[str, int], entries: Sequence[LookEntry]
) -> Relative | None:
    reference = entry["reference"]
    if not reference:
        return None
    index = places.get(reference)
    label = words.strip_controls(reference) if index is None else _title(entries[index])
    return Relative(label, index)


def _rivals(
    entry: LookEntry,
    parent: Relative | None,
    neighbour: Relative | None,
    entries: Sequence[LookEntry],
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


def _billing(kind: str) -> str:
    """Return what is known of a take's money, and how, where that is not plain."""
    label, how = BILLING_WORDS[kind]
    return label if kind in ("none", "billed") else f"{label} ({how})"


def _take(take: TakeEntry, prompt: str | None) -> TakeView:
    label, meaning = STATE_WORDS[take["state"]]
    paid = take["request"].get("prompt")
    return TakeView(
        number=take["take"],
        picked=take["picked"],
        state=take["state"],
        label=label,
        meaning=meaning,
        price=format_usd(take["price_usd"]),
        billing=_billing(take["billing"]),
        image=take["image"],
        sha256=take["sha256"],
        width=take["width"],
        height=take["height"],
        avatar_id=_text(take["avatar_id"]),
        group_id=_text(take["avatar_group_id"]),
        reference_id=_text(take["reference_id"]),
        request_id=_text(take["request_id"]),
        prompt=words.strip_controls(paid) if isinstance(paid, str) and paid != prompt else None,
        guides=len(take["request"].get("images") or ()),
        history=_history(take),
        fault=_fault(take.get("error")),
        why=words.strip_controls(take["charge"]["reason"]) if "charge" in take else None,
    )


def _history(take: TakeEntry) -> tuple[HistoryEntry, ...]:
    """Sent, accepted, completed (or failed), each with the time since the step before."""
    stamps = (
        ("Sent", take["sent_at"]),
        ("Accepted", take["accepted_at"]),
        ("Failed" if take["state"] == "failed" else "Completed", take["completed_at"]),
    )
    steps: list[HistoryEntry] = []
    before: str | None = None
    for what, stamp in stamps:
        when = words.format_moment(stamp)
        if when is None:
            continue
        span = words.seconds_between(before, stamp)
        telling = span is not None and span >= _MIN_SHOWN_STEP
        steps.append(HistoryEntry(what, when, format_duration(span or 0) if telling else None))
        before = stamp
    return tuple(steps)


def _fault(error: ErrorEntry | None) -> LookFault | None:
    if error is None:
        return None
    code, message = words.strip_controls(error["code"]), words.strip_controls(error["message"])
    return LookFault(ERROR_WORDS.get(code.lower(), ""), message, code)


def _money_notes(totals: Totals) -> tuple[str, ...]:
    """Return what the sum hides, in the words of the terminal."""
    parts = (
        (totals["assumed_billed_usd"], "of it charged? (failed, or found without an answer)"),
        (totals["reserved_usd"], "reserved"),
        (totals["unknown_usd"], "of unknown outcome"),
        (totals["refunded_usd"], "refunded"),
    )
    return tuple(f"{format_usd(usd)} {meaning}" for usd, meaning in parts if usd)


def _matrices(results: Results, looks: Sequence[LookView]) -> tuple[MatrixAxes, ...]:
    """Take the axes as the document lists them; else in the order in which the looks use them."""
    declared: dict[str, dict[str, dict[str, None]]] = {}
    for matrix in results.get("matrices", ()):
        declared[words.strip_controls(matrix["id"])] = {
            words.strip_controls(axis): dict.fromkeys(
                words.strip_controls(value) for value in values
            )
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
