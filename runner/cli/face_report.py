"""How alike the faces of a campaign are, as text: the least alike first. Pure."""

from runner.cli.format import format_table, pluralize
from runner.cli.terminal import style
from runner.results.model import LikenessEntry, LookEntry, Results

HINT = "A distance is a hint, not a verdict: look at the pictures (docs/likeness.md: its limits)."

WHY_NONE = {
    "root": "what the others are compared with",
    "no_face": "no face found",
    "several_faces": "several faces",
    "small_face": "the face is too small",
    "unreadable": "the picture cannot be read",
    "outside": "its reference is not of this campaign",
    "reference": "no face found in what it would be compared with",
    "not_measured": "what it would be compared with was not measured",
}
"""Every reason of a results document in words."""


def format_faces(results: Results, *, width: int | None = None) -> str:
    """Return the looks with their distances, the farthest from its base first."""
    looks = sorted(results["looks"], key=_worst_first)
    rows = [("look", "base", "reference", "")]
    for look in looks:
        likeness = look.get("likeness")
        if likeness is None:
            rows.append((look["look"], "—", "—", "not measured"))
            continue
        base, reference = _number(likeness.get("base")), _number(likeness.get("reference"))
        rows.append((look["look"], base, reference, describe_likeness(likeness)))
    summary = summarize_faces(results) or "no face measured"
    return f"{format_table(rows, right=(1, 2), width=width, flow=True)}\n\n{summary}\n{HINT}"


def summarize_faces(results: Results) -> str | None:
    """Return in a line how many faces differ; None where nothing was measured."""
    measured = [look["likeness"] for look in results["looks"] if "likeness" in look]
    if not measured:
        return None
    compared = [likeness for likeness in measured if "base" in likeness]
    differs = sum(one.get("differs", False) and not one.get("accepted") for one in compared)
    parts = [f"{pluralize(len(compared), 'face')} compared", f"{differs} may differ"]
    held = sum(likeness.get("held", False) for likeness in measured)
    if held:
        parts.append(f"{held} waiting for approval")
    without = sum("none" in one and one["none"] != "root" for one in measured)
    if without:
        parts.append(f"{without} without a distance")
    late = sum(look["image"] is not None and "likeness" not in look for look in results["looks"])
    if late:
        parts.append(f"{late} not measured yet (`lookbook faces` does)")
    return ", ".join(parts)


def list_held(results: Results) -> list[str]:
    """Return the picked takes whose faces hold what references them, as ``LOOK#N``."""
    return [
        f"{look['look']}#{take['take']}"
        for look in results["looks"]
        for take in look["takes"]
        if take["picked"] and take.get("likeness", {}).get("held")
    ]


def describe_likeness(likeness: LikenessEntry) -> str:
    """Return in words what a likeness amounts to."""
    if "none" in likeness:
        return WHY_NONE[likeness["none"]]
    if likeness.get("accepted"):
        return "approved by a person"
    if likeness.get("held"):
        hold = likeness.get("hold", 0.0)
        return style(f"waits for approval: beyond {hold:.2f}", fg="red")
    if likeness.get("differs"):
        warn = likeness.get("warn", 0.0)
        return style(f"may be another face: beyond {warn:.2f}", fg="yellow")
    return "" if "base" in likeness else "compared with its reference alone"


def _worst_first(look: LookEntry) -> float:
    return -(look.get("likeness") or {}).get("base", -1.0)


def _number(distance: float | None) -> str:
    return "—" if distance is None else f"{distance:.2f}"
