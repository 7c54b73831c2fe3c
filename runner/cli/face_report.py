"""How alike the faces of a campaign are, as text: the least alike first. Pure."""

from collections.abc import Sequence

from runner.cli.format import format_table
from runner.cli.terminal import style
from runner.model import LikenessRule
from runner.plan import PlannedLook
from runner.policy.likeness import FaceComparer, Thresholds, Verdict, find_verdict, thresholds_for
from runner.quantities import pluralize
from runner.results.model import LikenessEntry, LookEntry, Results
from runner.takes import Snapshot, Take

HINT = "A distance is a hint, not a verdict: look at the pictures (docs/likeness.md: its limits)."

WHY_UNMEASURED = {
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


def explain_faces(action: PlannedLook, takes: Sequence[Take], snapshot: Snapshot) -> str:
    """Return how far the faces of a look's takes are from others, and what follows from that."""
    comparer = FaceComparer(snapshot)
    found = [(take, comparer.compare(take)) for take in takes]
    if not any(likeness for _, likeness in found):
        return ""
    rule = action.look.likeness if action.look is not None else None
    limits = thresholds_for(rule, snapshot)
    lines = [f"Faces ({_tell_rule(limits, rule)}):"]
    for take, likeness in found:
        if likeness is None:
            told = "not measured"
        elif likeness.none is not None:
            told = WHY_UNMEASURED[str(likeness.none)]
        else:
            told = f"{_number(likeness.base)} from the base, {_number(likeness.reference)} from "
            told += f"its reference: {VERDICT_WORDS[find_verdict(comparer, take, rule, snapshot)]}"
            told += ", approved by a person" if snapshot.is_approved(take) else ""
        lines.append(f"  {take.label} {told}")
    return "\n".join([*lines, HINT])


VERDICT_WORDS = {
    None: "not compared with its base",
    Verdict.ALIKE: "alike",
    Verdict.DIFFERS: "it may be another face",
    Verdict.HELD: "what references it waits for approval",
}


def _tell_rule(limits: Thresholds, rule: LikenessRule | None) -> str:
    told = f"warn beyond {limits.warn:.2f}"
    told += f", hold beyond {limits.hold:.2f}" if limits.hold is not None else ", nothing is held"
    return f"{told}, and bought again" if rule is not None and rule.retry else told


def describe_likeness(likeness: LikenessEntry) -> str:
    """Return in words what a likeness amounts to."""
    if "none" in likeness:
        return WHY_UNMEASURED[likeness["none"]]
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
