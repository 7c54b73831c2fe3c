"""How alike the faces of a campaign are: distances from measures, and what follows from them.

Pure. A distance is a hint with known limits (``docs/likeness.md``), never a verdict, and nobody is
identified by it: only pictures of one campaign are compared.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from runner.face_measures import MODEL, FaceMeasure, compute_distance
from runner.model import DEFAULT_THRESHOLD, LikenessRule, PictureKind, Threshold
from runner.policy.approval import explain_approval
from runner.takes import Snapshot, Take


class NoLikeness(StrEnum):
    """Why a take has no distance; ``runner.face_measures.NoFace`` has the reasons of a picture."""

    ROOT = "root"
    """It references no look: every chain begins with such a take, and is compared with it."""
    OUTSIDE = "outside"
    """It references a look of the account of which no picture is here."""
    REFERENCE = "reference"
    """No face could be measured in the pictures that it would be compared with."""
    WAITING = "not_measured"
    """The pictures that it would be compared with are not here, or were not measured yet."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How far a take's face is from others; without any distance, ``none`` says why.

    ``base`` is the distance to the picked take of the root of its chain, ``reference`` to the take
    that it was made from.
    """

    base: float | None = None
    reference: float | None = None
    none: str | None = None


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The distances from which a face differs: to be looked at, and to hold what follows from it.

    ``hold`` is None where nothing is held.
    """

    warn: float
    hold: float | None = None


class Verdict(StrEnum):
    """What a likeness amounts to under a look's thresholds: a hint, whatever the word is."""

    ALIKE = "alike"
    DIFFERS = "differs"
    """Beyond ``warn``: worth a look."""
    HELD = "held"
    """Beyond ``hold``: what references it waits for a person."""


CALIBRATED: Mapping[PictureKind, Thresholds] = {
    PictureKind.PHOTOS: Thresholds(warn=0.50, hold=0.60),
    PictureKind.DRAWINGS: Thresholds(warn=0.35, hold=0.40),
}
"""What ``default`` means, by kind of picture; ``docs/likeness.md`` has the table behind it."""


def judge_likeness(likeness: Likeness | None, thresholds: Thresholds) -> Verdict:
    """Return what a likeness amounts to; what has no distance to the base counts as alike.

    A picture without a measurable face is no sign of another face.
    """
    base = likeness.base if likeness is not None else None
    if base is None:
        return Verdict.ALIKE
    if thresholds.hold is not None and base > thresholds.hold:
        return Verdict.HELD
    return Verdict.DIFFERS if base > thresholds.warn else Verdict.ALIKE


def resolve_thresholds(rule: LikenessRule | None, *, simulated: bool) -> Thresholds:
    """Return the thresholds of a look; without a rule, the calibrated ``warn`` and no ``hold``.

    The simulator's pictures are drawings, and HeyGen's are photographs unless the rule says so.
    """
    rule = rule or LikenessRule()
    usual = PictureKind.DRAWINGS if simulated else PictureKind.PHOTOS
    calibrated = CALIBRATED[rule.pictures or usual]
    warn = _resolve(rule.warn, calibrated.warn)
    hold = _resolve(rule.hold, calibrated.hold)
    if warn is None:
        warn = calibrated.warn if hold is None else min(calibrated.warn, hold)
    return Thresholds(warn, hold)


def _resolve(asked: Threshold | None, calibrated: float | None) -> float | None:
    return calibrated if asked == DEFAULT_THRESHOLD else asked


def find_verdict(
    comparer: "FaceComparer", take: Take, rule: LikenessRule | None, snapshot: Snapshot
) -> Verdict | None:
    """Return what a take's face amounts to, alike where a person approved it; None if unknown."""
    likeness = comparer.compare(take)
    if likeness is None or likeness.base is None:
        return None
    if snapshot.is_approved(take):
        return Verdict.ALIKE
    return judge_likeness(likeness, thresholds_for(rule, snapshot))


def counts_as_failed(
    comparer: "FaceComparer", take: Take, rule: LikenessRule | None, snapshot: Snapshot
) -> bool:
    """Return whether the manifest has a take bought again because of its face.

    Never one that was made from another base than the present: it is out of date, no failure, and
    is regenerated only on request.
    """
    if rule is None or not rule.retry or not comparer.is_of_its_root(take):
        return False
    return find_verdict(comparer, take, rule, snapshot) is Verdict.HELD


def thresholds_for(rule: LikenessRule | None, snapshot: Snapshot) -> Thresholds:
    """Return the thresholds of a look on the account of a ledger."""
    simulated = snapshot.account is not None and snapshot.account.simulated
    return resolve_thresholds(rule, simulated=simulated)


def explain_hold(
    comparer: "FaceComparer", take: Take, rule: LikenessRule | None, snapshot: Snapshot
) -> str | None:
    """Return why what references a take waits for a person; None where it does not wait.

    It is the review's own gate: an approval of the take lets everything go on.
    """
    if rule is None or find_verdict(comparer, take, rule, snapshot) is not Verdict.HELD:
        return None
    likeness, thresholds = comparer.compare(take), thresholds_for(rule, snapshot)
    if likeness is None or thresholds.hold is None:
        return None
    because = (
        f"its face is {likeness.base:.2f} from its base's, and `hold` is {thresholds.hold:.2f}"
    )
    return explain_approval(take.label, snapshot.review(take), because)


class FaceComparer:
    """Compares the takes of one snapshot; what was compared once is remembered."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._by_id: dict[str, Take] | None = None
        self._roots: dict[str, Take | NoLikeness] = {}

    def measure_of(self, take: Take | None) -> FaceMeasure | None:
        """Return what was measured in a take's picture; None where nothing was, or long ago."""
        found = self._snapshot.faces.get(take.sha256 or "") if take is not None else None
        return found if found is not None and found.model == MODEL else None

    def compare(self, take: Take) -> Likeness | None:
        """Return a take's likeness; None while its own picture was not measured."""
        mine = self.measure_of(take)
        if mine is None:
            return None
        if take.reference_look is None and take.reference_id is None:
            return Likeness(none=NoLikeness.ROOT)
        if mine.none is not None:
            return Likeness(none=mine.none)
        root, reference = self._root_of(take), self._reference_of(take)
        base = self._distance(mine, root if isinstance(root, Take) else None)
        direct = self._distance(mine, reference)
        if base is not None or direct is not None:
            return Likeness(base, direct)
        if isinstance(root, NoLikeness):
            return Likeness(none=root)
        there = self.measure_of(root) is not None
        return Likeness(none=NoLikeness.REFERENCE if there else NoLikeness.WAITING)

    def list_compared(self, take: Take) -> list[Take]:
        """Return the takes that one is compared with: the root of its chain, and its reference.

        Either may be of a look that the manifest does not have any more.
        """
        root, reference = self._root_of(take), self._reference_of(take)
        return [one for one in (root, reference) if isinstance(one, Take) and one.uid != take.uid]

    def find_unmeasured_root(self, take: Take) -> Take | None:
        """Return the take that a chain of references begins with, while it was not measured."""
        root = self._root_of(take)
        return root if isinstance(root, Take) and self.measure_of(root) is None else None

    def is_of_its_root(self, take: Take) -> bool:
        """Return whether a take, step by step, was made from what its face is compared with."""
        root, by_id, seen = self._root_of(take), self._takes_by_id(), set[str]()
        at: Take | None = take
        while at is not None and at.uid not in seen:
            seen.add(at.uid)
            at = by_id.get(at.reference_id or "")
            if isinstance(root, Take) and at is not None and at.uid == root.uid:
                return True
        return False

    def _distance(self, mine: FaceMeasure, other: Take | None) -> float | None:
        measure = self.measure_of(other)
        return compute_distance(mine, measure) if measure is not None else None

    def _reference_of(self, take: Take) -> Take | None:
        """Return the take that another one was made from."""
        made_from = self._takes_by_id().get(take.reference_id or "")
        if made_from is not None or take.reference_look is None:
            return made_from
        return self._snapshot.pick(take.reference_look)

    def _root_of(self, take: Take) -> Take | NoLikeness:
        """Return the picked take that a chain of references begins with."""
        reference = self._reference_of(take)
        key = take.reference_look or (reference.look if reference is not None else None)
        if key is None:
            return NoLikeness.OUTSIDE
        if key not in self._roots:
            self._roots[key] = self._follow(key)
        return self._roots[key]

    def _follow(self, key: str) -> Take | NoLikeness:
        """Follow the references of picked takes from a look to the root of its chain."""
        seen: set[str] = set()
        while key not in seen:
            seen.add(key)
            pick = self._snapshot.pick(key)
            if pick is None:
                return NoLikeness.WAITING
            if pick.reference_look is None and pick.reference_id is None:
                return pick
            before = self._reference_of(pick)
            following = pick.reference_look or (before.look if before is not None else None)
            if following is None:
                return NoLikeness.OUTSIDE
            key = following
        return NoLikeness.OUTSIDE  # a circle of literal ids has no beginning

    def _takes_by_id(self) -> dict[str, Take]:
        if self._by_id is None:
            self._by_id = {
                take.avatar_id: take
                for take in self._snapshot.all_takes
                if take.avatar_id is not None
            }
        return self._by_id
