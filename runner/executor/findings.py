"""What a search for an unknown take found, and who has to decide about it."""

from dataclasses import dataclass

from runner.executor.lists import Unlisted
from runner.policy.match_candidates import Fit
from runner.replies import LookData
from runner.takes import Take


@dataclass(frozen=True, slots=True)
class Finding:
    """What a search found. ``problem`` is why it could not be finished, if it could not.

    ``rivals`` are other unresolved sends of the name that may have made a candidate, with this body
    or another, here or in another ledger of the folder. ``taken_over`` are looks that would fit,
    which another campaign in the folder names as existing: no run adopts them, and a person may.
    """

    take: Take
    candidates: tuple[LookData, ...] = ()
    rivals: tuple[str, ...] = ()
    taken_over: tuple[LookData, ...] = ()
    problem: str | None = None
    fit: Fit = Fit.NONE

    @property
    def certain(self) -> LookData | None:
        """Return the look that the take became, where no doubt about it matters."""
        return self.candidates[0] if self.fit is Fit.ADOPT and self.problem is None else None

    @property
    def fits(self) -> tuple[LookData, ...]:
        """Return every look that a person may say the take became."""
        return self.candidates + self.taken_over

    @property
    def needs_person(self) -> bool:
        """Return whether nothing that a run can do will decide it."""
        if isinstance(self.problem, Unlisted):
            return self.problem.final
        return self.fit is Fit.PERSON

    def is_left_to_person(self, *, alive: bool) -> bool:
        """Return whether no later run does anything about it by itself.

        ``alive``: its stored body may leave again.
        """
        if self.needs_person:
            return True
        return not alive and self.problem is None and self.fit is not Fit.WAIT
