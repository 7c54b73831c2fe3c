"""Likeness in a results document: what was measured, under the thresholds of each look. Pure."""

from collections.abc import Sequence

from runner.model import Look
from runner.policy.likeness import (
    FaceComparer,
    Thresholds,
    Verdict,
    judge_likeness,
    resolve_thresholds,
)
from runner.results.model import LikenessEntry, LookEntry
from runner.takes import Snapshot, Take


class LikenessEntries:
    """Adds likeness to the entries of one document."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._comparer = FaceComparer(snapshot)

    def add(
        self, entry: LookEntry, look: Look | None, takes: Sequence[Take], shown: Take | None
    ) -> None:
        """Add to a look and its takes what is known; ``shown`` is the take that stands for it."""
        account = self._snapshot.account
        simulated = account is not None and account.simulated
        rule = look.likeness if look is not None else None
        thresholds = resolve_thresholds(rule, simulated=simulated)
        for take, take_entry in zip(takes, entry["takes"], strict=True):
            likeness = self._describe(take, thresholds)
            if likeness is None:
                continue
            take_entry["likeness"] = likeness
            measure = self._comparer.measure_of(take)
            if measure is not None and (box := measure.box) is not None:
                take_entry["face"] = {
                    "x": box.x,
                    "y": box.y,
                    "width": box.width,
                    "height": box.height,
                }
            if shown is not None and take.uid == shown.uid:
                entry["likeness"] = likeness

    def _describe(self, take: Take, thresholds: Thresholds) -> LikenessEntry | None:
        likeness = self._comparer.compare(take)
        if likeness is None:
            return None
        if likeness.none is not None:
            return {"none": str(likeness.none)}
        entry: LikenessEntry = {}
        if likeness.base is not None:
            entry["base"] = likeness.base
        if likeness.reference is not None:
            entry["reference"] = likeness.reference
        entry["warn"] = thresholds.warn
        if thresholds.hold is not None:
            entry["hold"] = thresholds.hold
        verdict = judge_likeness(likeness, thresholds)
        accepted = self._snapshot.is_approved(take)
        entry["differs"] = verdict is not Verdict.ALIKE
        if verdict is Verdict.HELD and not accepted:
            entry["held"] = True
        if accepted:
            entry["accepted"] = True
        return entry
