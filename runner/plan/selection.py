"""Which looks a person means: dbt's selection grammar over a campaign's looks. Pure.

::

    expression = term { SPACE term }              a look is selected when any term selects it
    term       = atom { "," atom }                ... when every atom of the term does
    atom       = [ [N] "+" ] [method ":"] value [ "+" [N] ]
    method     = "tag" | "axis" | "state" | "action" | "review" | "face" | "matrix"
               | "look" (the default)

``+x`` adds what x needs, ``x+`` what needs x, ``2+x`` only two steps of it. Values are globs; an
axis is ``axis:outfit=linen``. Quotes keep a space in a value: ``tag:"spring 2027"``.
"""

import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from runner.errors import UsageError
from runner.plan.look_state import displayed_take, look_states
from runner.plan.model import Plan, PlannedLook
from runner.plan.renames import apply_renames
from runner.plan.steps import Action
from runner.policy.likeness import FaceComparer, Verdict, find_verdict
from runner.reviews import ReviewState
from runner.suggest import suggest
from runner.takes import LookState, Snapshot
from runner.words import state_word

GRAMMAR = (
    "Say looks by key or glob (navy-*), tag:NAME, axis:AXIS=VALUE, state:STATE, action:ACTION, "
    "review:DECISION, face:differs or matrix:ID; +x adds what x needs, x+ what needs x; a space "
    "means or, a comma means and."
)

_ATOM = re.compile(r"(?:(?P<up>\d*)\+)?(?P<what>.+?)(?:\+(?P<down>\d*))?", re.DOTALL)
_LABELS = {state: state_word(state).lower().replace(" ", "-") for state in LookState}
"""States as the terminal and the catalog show them: ``state:ready`` is ``state:fetched``."""

_FIXED: Mapping[str, Sequence[str]] = {
    "state": [*LookState, *(label for label in _LABELS.values() if label not in set(LookState))],
    "action": list(Action),
    "review": list(ReviewState),
    "face": [*Verdict, "unknown"],
}
"""Methods whose values are known in advance."""

METHODS = ("look", "tag", "axis", "state", "action", "review", "face", "matrix")
_UNLIMITED_STEPS = 1_000_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """A look as a selection sees it. ``axes`` are (axis, value) pairs; ``needs`` are look keys."""

    key: str
    needs: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    axes: tuple[tuple[str, str], ...] = ()
    matrix: str | None = None
    state: str = LookState.PLANNED
    action: str = Action.CREATE
    review: str = ReviewState.UNDECIDED
    face: Verdict | None = None

    def values(self, method: str) -> Sequence[str]:
        """Return what a method compares its value with."""
        if method == "look":
            return (self.key,)
        if method == "tag":
            return self.tags
        if method == "axis":
            return [f"{axis}={value}" for axis, value in self.axes]
        if method == "matrix":
            return () if self.matrix is None else (self.matrix,)
        if method == "state":
            return (str(self.state), _LABELS[LookState(self.state)])
        if method == "face":
            held = (Verdict.HELD, Verdict.DIFFERS)
            return held if self.face is Verdict.HELD else (self.face or "unknown",)
        return (str(self.review if method == "review" else self.action),)


def list_candidates(plan: Plan, snapshot: Snapshot) -> list[Candidate]:
    """Return every look that can be selected: the manifest's, and those only the ledger knows.

    ``plan`` is the whole plan from this very snapshot, before anything was selected.
    """
    held = apply_renames(snapshot, plan.moves)
    known = look_states(plan.actions, held)
    comparer = FaceComparer(held)
    return [
        Candidate(
            key=action.key,
            needs=action.needs,
            tags=action.look.tags if action.look is not None else (),
            axes=action.look.axes if action.look is not None else (),
            matrix=action.look.matrix if action.look is not None else None,
            state=known[action.key],
            action=action.action,
            review=_review_of(action, held),
            face=_verdict_of(action, held, comparer),
        )
        for action in plan.actions
    ]


def _review_of(action: PlannedLook, held: Snapshot) -> ReviewState:
    """Return what was decided about the take that stands for a look."""
    if not held.reviews:
        return ReviewState.UNDECIDED
    shown = displayed_take(action, held.takes.get(action.key, ()), held.pick(action.key))
    return held.review(shown).state if shown is not None else ReviewState.UNDECIDED


def _verdict_of(action: PlannedLook, held: Snapshot, comparer: FaceComparer) -> Verdict | None:
    """Return what the face of the take that stands for a look amounts to; None if unknown."""
    if not held.faces:
        return None
    shown = displayed_take(action, held.takes.get(action.key, ()), held.pick(action.key))
    rule = action.look.likeness if action.look is not None else None
    return find_verdict(comparer, shown, rule, held) if shown is not None else None


def select(
    looks: Sequence[Candidate], wanted: Sequence[str], unwanted: Sequence[str] = ()
) -> frozenset[str]:
    """Return the keys that any of the ``wanted`` expressions selects and no ``unwanted`` one does.

    Without ``wanted`` every look is meant. Raises UsageError for what cannot be read, for a name
    that nothing bears (a slip of the finger must not cost money), and when nothing is left.
    """
    chooser = _Chooser(looks)
    chosen = chooser.union(wanted) if wanted else frozenset(look.key for look in looks)
    if not chosen:
        raise UsageError(f"{_quoted(wanted)} selects no look.", hint=chooser.advice(wanted))
    left = chosen - chooser.union(unwanted)
    if not left:
        raise UsageError(
            f"Nothing is left of {_quoted(wanted) or 'all looks'} without {_quoted(unwanted)}."
        )
    return left


class _Chooser:
    """Evaluates expressions over one list of looks."""

    def __init__(self, looks: Sequence[Candidate]) -> None:
        self._looks = looks
        keys = {look.key for look in looks}
        self._needs = {look.key: [key for key in look.needs if key in keys] for look in looks}
        self._needed_by: dict[str, list[str]] = {look.key: [] for look in looks}
        for key, needs in self._needs.items():
            for need in needs:
                self._needed_by[need].append(key)

    def union(self, expressions: Iterable[str]) -> frozenset[str]:
        chosen: set[str] = set()
        for expression in expressions:
            for term in _terms(expression):
                chosen |= self._term(term)
        return frozenset(chosen)

    def _term(self, term: str) -> set[str]:
        atoms = term.split(",")
        if not all(atoms):
            raise UsageError(f"{term!r} cannot be read: a comma stands alone.", hint=GRAMMAR)
        return set.intersection(*(self._atom(atom) for atom in atoms))

    def _atom(self, text: str) -> set[str]:
        method, value, up, down = _read(text)
        found = {
            look.key
            for look in self._looks
            if any(fnmatchcase(name, value) for name in look.values(method))
        }
        if not found:
            self._refuse_stranger(method, value)
        chosen = set(found)
        if up is not None:
            chosen |= _reach(found, self._needs.__getitem__, up)
        if down is not None:
            chosen |= _reach(found, self._needed_by.__getitem__, down)
        return chosen

    def _refuse_stranger(self, method: str, value: str) -> None:
        """Raise UsageError for a name that nothing here bears; a state may well be empty."""
        names = self._names(method)
        if method in _FIXED and any(fnmatchcase(name, value) for name in names):
            return
        noun = "look" if method == "look" else f"{method} of a look"
        close = suggest(value, names, count=3, likeness=0.5)
        if close:
            hint = f"Did you mean {' or '.join(close)}?"
        elif names:
            hint = f"There are: {', '.join(names[:12])}{', …' if len(names) > 12 else ''}."
        else:
            hint = f"No look here has a {method}."
        raise UsageError(f"{value!r} is no {noun} here.", hint=hint)

    def _names(self, method: str) -> list[str]:
        if method in _FIXED:
            return [str(name) for name in _FIXED[method]]
        return list(dict.fromkeys(name for look in self._looks for name in look.values(method)))

    def advice(self, expressions: Iterable[str]) -> str:
        """Return what there is of the states or actions that were asked for in vain."""
        asked = " ".join(expressions)
        for method in _FIXED:
            if f"{method}:" in asked:
                found = dict.fromkeys(str(look.values(method)[0]) for look in self._looks)
                return f"The looks here are: {', '.join(found)}."
        return GRAMMAR


def _terms(expression: str) -> list[str]:
    try:
        terms = shlex.split(expression)
    except ValueError as error:
        raise UsageError(
            f"{expression!r} cannot be read: {error}.", hint="Close the quotation marks."
        ) from error
    if not terms:
        raise UsageError("An empty selection selects nothing.", hint=GRAMMAR)
    return terms


def _read(atom: str) -> tuple[str, str, int | None, int | None]:
    """Return method, value, and how many steps up and down; None for no steps at all."""
    match = _ATOM.fullmatch(atom)
    if match is None or not match["what"]:
        raise UsageError(f"{atom!r} cannot be read.", hint=GRAMMAR)
    method, colon, value = match["what"].partition(":")
    if not colon:
        method, value = "look", match["what"]
    if method not in METHODS:
        close = suggest(method, METHODS)
        hint = f"Did you mean {close[0]}:{value}?" if close else GRAMMAR
        raise UsageError(f"{method!r} is no way to select looks.", hint=hint)
    if not value:
        raise UsageError(f"{atom!r} cannot be read: nothing follows {method}:", hint=GRAMMAR)
    if method == "axis" and "=" not in value:
        value += "=*"
    return method, value, _steps(match["up"]), _steps(match["down"])


def _steps(digits: str | None) -> int | None:
    if digits is None:
        return None
    return int(digits) if digits else _UNLIMITED_STEPS


def _reach(found: set[str], next_of: Callable[[str], Iterable[str]], steps: int) -> set[str]:
    """Return what can be reached in so many steps."""
    reached = set(found)
    edge = found
    while edge and steps > 0:
        edge = {key for at in edge for key in next_of(at)} - reached
        reached |= edge
        steps -= 1
    return reached


def _quoted(expressions: Sequence[str]) -> str:
    return " ".join(f"`{expression}`" for expression in expressions)
